/** Bounds that options share with each other and with what is read from files. */

/** Tokens. No PaliGemma comes near; beyond it a number is wrong, not large. */
export const MAX_CONTEXT_LENGTH = 1_048_576;

/** Side of the model's square picture in pixels: twice the largest that was published. */
export const MAX_IMAGE_SIZE = 1792;
