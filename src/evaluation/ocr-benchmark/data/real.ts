/** Crops of real photographs, from the folder into which the files of their packages were put. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../../../errors.js';
import { showPath } from '../../../options/show.js';
import { PACKAGES, PHOTOGRAPHS } from './photographs.js';
import { cut, type Picture } from './picture.js';

/** Throws ERR_DATASET for a photograph that is missing, or that is another than the one whose text was typed. */
export async function* realPictures(folder: string): AsyncGenerator<Picture, void> {
  for (const { file, sha256, from, domain, crops } of PHOTOGRAPHS) {
    const name = path.join(folder, file);
    const bytes = await readFile(name).catch((cause: unknown) => {
      throw wrong(name, 'missing', `the file of ${from}: ${PACKAGES[from]}`, cause);
    });
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
      throw wrong(name, 'another file than the one whose text is known', `SHA-256 ${sha256}`);
    }
    for (const [i, [x, y, width, height, truth]] of crops.entries()) {
      const png = await cut(bytes, [x, y, width, height]);
      const id = `real/${domain}/${path.parse(file).name}-${i + 1}`;
      // The photographs are checked: each box is inside.
      if (png) yield { id, domain, group: `real/${file}`, split: 'scored', truth, png };
    }
  }
}

function wrong(file: string, found: string, expected: string, cause?: unknown): Error {
  const name = showPath(file);
  return makeError('ERR_DATASET', `${name} is ${found}, expected ${expected}`, {
    ...{ name, found, expected, cause },
    hint: 'in a clone, npm run setup:ocr puts all of them into build/ocr/photographs',
  });
}
