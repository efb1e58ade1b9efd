/** Writes rows as PaliGemma JSON lines: `{ image, prefix, suffix }`, pictures relative to the file. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { checkTarget } from '../convert/output-file.js';
import { outputError } from '../output-error.js';
import { pictureFile } from './pictures.js';
import { prefixOf, suffixOf } from './prompts.js';
import type { Row } from './rows.js';

export interface WriteOptions {
  /** Replace files that are there. */
  readonly overwrite: boolean;
  /** Folder for pictures that the data set holds itself. */
  readonly pictures: string;
  /** Which of the files a row goes to. */
  readonly fileOf: (row: Row) => string;
}

/**
 * Writes each row. Files appear under their names when all are complete.
 *
 * @returns rows by file
 * @throws ERR_OUTPUT or ERR_DISK_FULL, or what `rows` throws; nothing is left of the files then
 */
export async function writeRows(
  rows: AsyncIterable<Row>,
  files: readonly string[],
  { overwrite, pictures, fileOf }: WriteOptions,
): Promise<Map<string, number>> {
  for (const file of files) await checkTarget(file, overwrite);
  const counts = new Map(files.map((file) => [file, 0]));
  const streams = new Map(files.map((file) => [file, openPart(file)]));
  const written: string[] = [];
  try {
    for await (const row of rows) {
      const file = fileOf(row);
      const { image: picture, isNew } = await pictureFile(row, pictures);
      if (isNew) written.push(picture);
      const image = path
        .relative(path.dirname(path.resolve(file)), path.resolve(picture))
        .replaceAll('\\', '/');
      const line = { image, prefix: prefixOf(row.request), suffix: suffixOf(row) };
      await streams.get(file)?.write(`${JSON.stringify(line)}\n`);
      counts.set(file, (counts.get(file) ?? 0) + 1);
    }
    for (const stream of streams.values()) await stream.end();
    for (const file of files) await rename(partOf(file), file);
  } catch (error) {
    for (const stream of streams.values()) stream.destroy();
    for (const file of [...files.map(partOf), ...written]) await rm(file, { force: true });
    // Only where it is empty.
    await rmdir(pictures).catch(() => undefined);
    throw error;
  }
  return counts;
}

const partOf = (file: string): string => `${file}.part`;

function openPart(file: string) {
  const stream = createWriteStream(partOf(file));
  let failure: Error | undefined;
  stream.on('error', (cause) => {
    failure = outputError(file, 'write', cause);
  });
  return {
    async write(text: string): Promise<void> {
      if (failure !== undefined) throw failure;
      if (!stream.write(text))
        await once(stream, 'drain').catch((cause) => {
          throw outputError(file, 'write', cause);
        });
    },
    async end(): Promise<void> {
      stream.end();
      await finished(stream).catch((cause) => {
        throw failure ?? outputError(file, 'write', cause);
      });
    },
    destroy: () => stream.destroy(),
  };
}
