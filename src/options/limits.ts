/** Bounds that options share with each other and with what is read from files. */

/** Tokens. No PaliGemma comes near; beyond it a number is wrong, not large. */
export const MAX_CONTEXT_LENGTH = 1_048_576;

/** Side of the model's square picture in pixels: twice the largest that was published. */
export const MAX_IMAGE_SIZE = 1792;

/** UTF-16 units of a prompt or a candidate: no context holds more, so a longer one is refused before it is tokenized. */
export const MAX_PROMPT_LENGTH = 65_536;

/** UTF-16 units of a question, phrase or statement that becomes part of a prompt. */
export const MAX_PART_LENGTH = 10_000;
