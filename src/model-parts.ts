/** Large GGUF files are split: NAME-00001-of-00003.gguf and so on, as llama-gguf-split names them. */
import { stat } from 'node:fs/promises';
import { makeError } from './errors.js';

const PART = /^(.*-)(\d{5})-of-(\d{5})(\.gguf)$/is;
const MAX_PARTS = 999;

/** The names of all parts of the model that `file` is a part of, in order; `file` alone when it is not split. */
export function partNames(file: string): string[] {
  const [, stem, number, count, suffix] = PART.exec(file) ?? [];
  const total = Number(count);
  if (stem === undefined || !(total > 1 && total <= MAX_PARTS)) return [file];
  if (!(Number(number) >= 1 && Number(number) <= total)) return [file];
  return Array.from(
    { length: total },
    (_, i) => `${stem}${String(i + 1).padStart(5, '0')}-of-${count}${suffix}`,
  );
}

/** All parts of a model on this disk. Throws ERR_MODEL_NOT_FOUND that names those that are missing. */
export async function requireParts(file: string): Promise<string[]> {
  const parts = partNames(file);
  if (parts.length === 1) return parts;
  const there = await Promise.all(parts.map((part) => exists(part)));
  const missing = parts.filter((_, i) => !there[i]);
  if (missing.length === 0) return parts;
  throw makeError(
    'ERR_MODEL_NOT_FOUND',
    `of a model in ${parts.length} parts ${missing.length} are not there: ${missing.slice(0, 8).join(', ')}`,
    {
      name: file,
      found: `${parts.length - missing.length} parts`,
      expected: `${parts.length} parts in one folder`,
      hint: 'download or copy the missing parts into the same folder',
    },
  );
}

export const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
