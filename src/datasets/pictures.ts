/** Pictures that a file of rows holds itself: written to files of their own, which others can open. */
import { createHash } from 'node:crypto';
import { rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sniff } from '../image-input/format.js';
import { makeFolder } from '../make-folder.js';
import { outputError } from '../output-error.js';
import type { Row } from './rows.js';

/** The same for the same bytes: rows of one picture are known by it. `given`: the path that the file has for it. */
export function pictureName(bytes: Uint8Array, given: unknown): string {
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const sniffed = sniff(bytes);
  if ('format' in sniffed) return `${digest}.${sniffed.format === 'jpeg' ? 'jpg' : sniffed.format}`;
  const extension = typeof given === 'string' ? path.extname(given) : '';
  return `${digest}${/^\.\w{1,8}$/.test(extension) ? extension : ''}`;
}

/**
 * Rows whose pictures are all files: those that have bytes are written to `folder`, each once, when their row comes.
 *
 * @throws ERR_OUTPUT or ERR_DISK_FULL, or what `rows` throws
 */
export async function* withPicturesIn(
  folder: string,
  rows: AsyncIterable<Row>,
): AsyncGenerator<Row, void> {
  for await (const row of rows) {
    const { image } = await pictureFile(row, folder);
    const { bytes: _, ...rest } = row;
    yield { ...rest, image };
  }
}

/** The file of a row's picture, in `folder` where the data set holds it. `isNew`: whether it was written just now. */
export async function pictureFile(
  { image, bytes }: Pick<Row, 'image' | 'bytes'>,
  folder: string,
): Promise<{ readonly image: string; readonly isNew: boolean }> {
  if (bytes === undefined) return { image, isNew: false };
  const file = path.join(folder, path.basename(image));
  // A file of the size that is there in full has the same bytes, by its name.
  const there = await stat(file).catch(() => undefined);
  if (there?.size === bytes.length) return { image: file, isNew: false };
  const part = `${file}.${process.pid}.part`;
  try {
    await makeFolder(folder);
    await writeFile(part, bytes);
    await rename(part, file);
  } catch (cause) {
    throw outputError(file, 'write', cause);
  }
  return { image: file, isNew: true };
}
