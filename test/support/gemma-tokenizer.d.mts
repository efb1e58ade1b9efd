export const GEMMA_PIECES: number;
export const PIECES: number;
export function gemmaTokenizerJson(): object;
export function referenceTokenizer(): (text: string) => readonly number[];
