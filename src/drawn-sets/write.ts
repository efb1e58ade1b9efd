/** A drawn set as files: pictures, rows that every reader of data sets takes, and the phrasings of its questions. */
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkTarget } from '../convert/output-file.js';
import { locText } from '../datasets/prompts.js';
import { checkShare, splitPictures } from '../datasets/split.js';
import { makeError } from '../errors.js';
import { makeOutputFolder, outputError } from '../output-error.js';
import { toCocoAnnotations } from '../results/formats/coco.js';
import { type DrawnPicture, drawnSet, pictureName } from './draw.js';
import { type DrawnSetPrompts, fillPhrasing, promptsOf } from './prompts.js';
import type { DrawnSetName } from './sets.js';

export interface WriteDrawnSetOptions {
  readonly count: number;
  readonly seed: number;
  /** Share of the pictures that is for training; undefined writes one file of rows. */
  readonly split?: number | undefined;
  /** Replace files that are there. */
  readonly overwrite: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called after each picture. */
  readonly onPicture?: ((pictures: number) => void) | undefined;
}

/** Of the folder: where the pictures are. */
const IMAGES = 'images';
/** Of the folder: the same boxes with a row for each label, so that it can be asked for by itself. */
const BY_LABEL = 'by-label';

/**
 * Writes `images`, then the rows, then `prompts.json`. Rows are PaliGemma JSON lines (`rows.jsonl`; `train.jsonl` and
 * `valid.jsonl`). Where boxes are the truth they are COCO (`.json`), and JSON lines in `by-label`.
 *
 * @returns pictures by file of rows
 * @throws ERR_OPTION_RANGE for a split that leaves a part empty, ERR_OUTPUT or ERR_DISK_FULL, or the reason of the signal; no rows are there then, at most pictures
 */
export async function writeDrawnSet(
  folder: string,
  name: DrawnSetName,
  { count, seed, split, overwrite, signal, onPicture }: WriteDrawnSetOptions,
): Promise<Map<string, number>> {
  if (split !== undefined) checkShare(split, count);
  const prompts = promptsOf(name);
  const extension = prompts.labels === undefined ? 'jsonl' : 'json';
  const parts = split === undefined ? ['rows'] : ['train', 'valid'];
  const files = parts.map((part) => path.join(folder, `${part}.${extension}`));
  const promptsFile = path.join(folder, 'prompts.json');
  const byLabel = parts.map((part) => path.join(folder, BY_LABEL, `${part}.jsonl`));
  const more = prompts.labels === undefined ? [] : byLabel;
  await prepare(folder, [...files, ...more, promptsFile], overwrite);
  const names = Array.from({ length: count }, (_, i) => pictureName(name, i));
  const inFirst = splitPictures(names, split ?? 1, seed);
  const [first = [], second = first] = parts.map((): DrawnPicture[] => []);
  let done = 0;
  for await (const drawn of drawnSet(name, { count, seed, signal })) {
    await write(path.join(folder, IMAGES, drawn.name), drawn.picture);
    // The bytes are on disk: what is kept is small.
    const part = inFirst.has(drawn.name) ? first : second;
    part.push({ ...drawn, picture: Buffer.alloc(0) });
    onPicture?.(++done);
  }
  const counts = new Map<string, number>();
  for (const [i, file] of files.entries()) {
    const pictures = i === 0 ? first : second;
    const text =
      prompts.labels === undefined ? jsonLines(pictures, prompts) : coco(pictures, prompts);
    await writeWhole(file, text);
    counts.set(file, pictures.length);
    const inside = more[i];
    if (inside !== undefined) await writeWhole(inside, labelLines(pictures, prompts));
  }
  await writeWhole(promptsFile, `${JSON.stringify(prompts, null, 2)}\n`);
  return counts;
}

/** Makes the folders; refuses files that are there before anything is drawn. */
async function prepare(
  folder: string,
  files: readonly string[],
  overwrite: boolean,
): Promise<void> {
  const images = path.join(folder, IMAGES);
  for (const one of new Set([images, ...files.map((file) => path.dirname(file))])) {
    await makeOutputFolder(one);
  }
  for (const file of files) await checkTarget(file, overwrite);
  const [first] = await readdir(images);
  if (first !== undefined && !overwrite) {
    throw makeError('ERR_OUTPUT', `${images} has pictures already`, {
      name: images,
      found: first,
      expected: 'an empty folder',
      remedy: 'overwrite',
    });
  }
}

/** A row for each question about each picture, put in the first of its phrasings. What it is about is kept beside it. */
function jsonLines(pictures: readonly DrawnPicture[], { prompts }: DrawnSetPrompts): string {
  return pictures
    .flatMap(({ name, answers, values }) =>
      prompts.map(({ kind, phrasings: [usual] }) => ({
        image: `${IMAGES}/${name}`,
        prefix: fillPhrasing(usual, values),
        suffix: answers[kind],
        kind,
        ...values,
      })),
    )
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}

/** A row for each label of each picture. */
function labelLines(
  pictures: readonly DrawnPicture[],
  { prompts, labels = [] }: DrawnSetPrompts,
): string {
  const rows = pictures.flatMap(({ name, size, objects }) =>
    labels.flatMap((words) => {
      const own = objects.filter(({ label }) => label === words.label);
      if (own.length === 0) return [];
      return prompts.map(({ kind, phrasings: [usual] }) => ({
        image: `../${IMAGES}/${name}`,
        prefix: fillPhrasing(usual, { ...words }),
        suffix: own.map(({ box, label }) => `${locText(box, size)} ${label}`).join(' ; '),
        kind,
        ...words,
      }));
    }),
  );
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function coco(pictures: readonly DrawnPicture[], { labels = [] }: DrawnSetPrompts): string {
  const document = toCocoAnnotations(
    pictures.map(({ name, size, objects }) => ({
      fileName: name,
      image: size,
      // A truth is certain.
      detections: objects.map((object) => ({ ...object, score: 1 })),
    })),
    { categories: labels.map(({ label }) => label) },
  );
  return `${JSON.stringify(document)}\n`;
}

/** The file appears under its name when it is complete. */
async function writeWhole(file: string, text: string): Promise<void> {
  const part = `${file}.part`;
  try {
    await write(part, text);
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true });
    throw outputError(file, 'write', cause);
  }
}

async function write(file: string, content: string | Buffer): Promise<void> {
  await writeFile(file, content).catch((cause: unknown) => {
    throw outputError(file, 'write', cause);
  });
}
