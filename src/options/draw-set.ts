/** Options of `paligemma draw-set`. What they do is in src/drawn-sets. */
import { boolean, integer, number, REQUIRED, string } from './option.js';

/** The folder that a command writes to. */
export const outputFolder = (doc: string) =>
  string<string, typeof REQUIRED>({
    ...{ default: REQUIRED, minLength: 1, maxLength: 4096 },
    ...{ letter: 'o', placeholder: 'folder', doc },
  });

export const DRAW_SET_OPTIONS = {
  output: outputFolder('where the pictures and the rows go; it is made if it is not there'),
  count: integer({
    default: 50,
    min: 1,
    max: 99_999,
    doc: 'how many pictures',
  }),
  seed: integer({
    default: 0,
    min: 0,
    max: 2 ** 32 - 1,
    doc: 'which pictures: the same seed, the same pictures',
  }),
  split: number<undefined>({
    default: undefined,
    min: 0,
    max: 1,
    doc: 'this share of the pictures is for training, the rest for validation',
  }),
  overwrite: boolean({ default: false, doc: 'replace existing files' }),
};
