/** Options of `paligemma dataset`. What they do is in src/datasets. */
import { boolean, integer, number, string } from './option.js';

export const DATASET_OPTIONS = {
  output: string<string, undefined>({
    default: undefined,
    minLength: 1,
    maxLength: 4096,
    letter: 'o',
    placeholder: 'file',
    doc: 'write the rows as PaliGemma JSON lines; pictures are named relative to the file',
  }),
  split: number<undefined>({
    default: undefined,
    min: 0,
    max: 1,
    doc: 'write two files, `NAME.train.jsonl` with this share of the pictures and `NAME.valid.jsonl` with the rest',
  }),
  seed: integer({
    default: 0,
    min: 0,
    max: 2 ** 32 - 1,
    doc: 'which pictures go where: the same seed, the same split',
  }),
  overwrite: boolean({ default: false, doc: 'replace existing files' }),
};
