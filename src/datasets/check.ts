/** What a data set holds and what is wrong with it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodeFile } from '../image-input/decode.js';
import { PIXEL_OPTIONS } from '../options/image.js';
import { showThrown } from '../options/show.js';
import type { Box, Detection, ImageSize } from '../results/types.js';
import { pool } from '../runs/pool.js';
import { parseDetections } from '../tasks/parse-detections.js';
import type { Dataset } from './open.js';
import { labelsAsked, prefixOf, suffixOf } from './prompts.js';
import { placeText, type Row } from './rows.js';

/** In the order in which they are listed. */
export const FAULTS = {
  'malformed-row': 'rows that cannot be read',
  'missing-picture': 'pictures that are not there',
  'unreadable-picture': 'pictures that cannot be decoded',
  'wrong-size': 'pictures of another size than the data set says',
  'unknown-label': 'labels of objects that the prompt does not ask for',
  'bad-answer': 'answers with loc tokens that are no boxes',
  'outside-picture': 'boxes partly or wholly outside their picture, or without an area',
  'duplicate-row': 'rows that are there already',
  'picture-in-two-splits': 'pictures that are in another split as well',
} as const;

export type FaultKind = keyof typeof FAULTS;

export interface Fault {
  readonly kind: FaultKind;
  readonly count: number;
  /** The first ones: where, and what is wrong. */
  readonly first: readonly { readonly at: string; readonly message: string }[];
}

export interface DatasetReport {
  readonly path: string;
  readonly format: string;
  readonly files: readonly string[];
  readonly rows: number;
  /** Rows by split; `all` where the data set has none. */
  readonly splits: Readonly<Record<string, number>>;
  /** Different pictures. */
  readonly pictures: number;
  /** Objects or pictures by label, the most frequent first. */
  readonly labels: Readonly<Record<string, number>>;
  readonly faults: readonly Fault[];
}

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each row. */
  readonly onRow?: ((rows: number) => void) | undefined;
}

/** What is known of a picture after it was read. `content`: the same for files of the same bytes. */
export type Picture =
  | { readonly content: string; readonly size: ImageSize }
  | { readonly error: unknown; readonly isMissing: boolean; readonly content?: string };

const SHOWN = 5;
/** Pictures that are decoded at once. */
const AT_ONCE = 4;
/** Boxes in pixels are often rounded. */
const TOLERANCE = 1;

/**
 * Reads every row and decodes every picture, each file once. `pictures` is for what comes next: by path.
 *
 * @throws ERR_DATASET for a file that cannot be read at all, or the reason of the signal
 */
export async function checkDataset(
  dataset: Dataset,
  { signal, onRow }: CheckOptions = {},
): Promise<{ report: DatasetReport; pictures: ReadonlyMap<string, Picture> }> {
  const tally = new Tally();
  const pictures = new Map<string, Promise<Picture>>();
  const known = new Map<string, Picture>();
  const rows = dataset.rows({
    signal,
    // Its message begins with the place.
    onBadRow: (error) => tally.add('malformed-row', '', error.message),
  });
  const withPicture = async (row: Row) => {
    const picture = pictures.get(row.image) ?? readPicture(row);
    pictures.set(row.image, picture);
    return { row, picture: await picture };
  };
  for await (const { row, picture } of pool(
    rows,
    { atOnce: AT_ONCE, order: 'items' },
    withPicture,
  )) {
    signal?.throwIfAborted();
    known.set(row.image, picture);
    tally.row(row, picture);
    onRow?.(tally.rows);
  }
  const report: DatasetReport = {
    path: dataset.path,
    format: dataset.format,
    files: dataset.sources.map(({ file }) => file),
    rows: tally.rows,
    splits: Object.fromEntries(tally.splits),
    pictures: known.size,
    labels: Object.fromEntries([...tally.labels].sort(([, a], [, b]) => b - a)),
    faults: tally.faults(),
  };
  return { report, pictures: known };
}

async function readPicture({ image: file, bytes: given }: Row): Promise<Picture> {
  let bytes: Uint8Array;
  try {
    bytes = given ?? (await readFile(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { error, isMissing: code === 'ENOENT' || code === 'ENOTDIR' };
  }
  const content = createHash('sha256').update(bytes).digest('base64');
  try {
    const { default: maxPixels } = PIXEL_OPTIONS.maxPixels;
    const { width, height } = await decodeFile(bytes, file, { upright: true, maxPixels });
    return { content, size: { width, height } };
  } catch (error) {
    return { error, isMissing: false, content };
  }
}

class Tally {
  rows = 0;
  readonly splits = new Map<string, number>();
  readonly labels = new Map<string, number>();
  readonly #faults = new Map<
    FaultKind,
    { count: number; first: { at: string; message: string }[] }
  >();
  /** Where each row was first, by what it says. */
  readonly #seen = new Map<string, string>();
  /** Splits of each picture, by its content. */
  readonly #splitsOf = new Map<string, Map<string, string>>();
  /** Pictures that were reported already. */
  readonly #reported = new Set<string>();
  /** Sizes of pictures that were found wrong, with the picture. */
  readonly #claims = new Set<string>();

  add(kind: FaultKind, at: string, message: string): void {
    const { count, first } = this.#faults.get(kind) ?? { count: 0, first: [] };
    if (count < SHOWN) first.push({ at, message });
    this.#faults.set(kind, { count: count + 1, first });
  }

  faults(): Fault[] {
    return (Object.keys(FAULTS) as FaultKind[]).flatMap((kind) => {
      const fault = this.#faults.get(kind);
      return fault === undefined ? [] : [{ kind, ...fault }];
    });
  }

  row(row: Row, picture: Picture): void {
    this.rows++;
    const at = placeText(row.place);
    const split = row.split ?? 'all';
    this.splits.set(split, (this.splits.get(split) ?? 0) + 1);
    this.#picture(row, picture, at);
    this.#objects(row, 'size' in picture ? picture.size : undefined, at);
    const key = createHash('sha256')
      .update(
        JSON.stringify([split, picture.content ?? row.image, prefixOf(row.request), suffixOf(row)]),
      )
      .digest('base64');
    const before = this.#seen.get(key);
    if (before === undefined) this.#seen.set(key, at);
    else this.add('duplicate-row', at, `the same as ${before}`);
  }

  #picture(row: Row, picture: Picture, at: string): void {
    const { expected, image, split } = row;
    // Once a picture, not once a row.
    const isNew = !this.#reported.has(image);
    this.#reported.add(image);
    if ('error' in picture) {
      if (isNew && picture.isMissing) this.add('missing-picture', at, `${image} is not there`);
      else if (isNew) this.add('unreadable-picture', at, showThrown(picture.error));
    } else if ('size' in expected) {
      const { width, height } = expected.size;
      const { size } = picture;
      // Rows of one picture may claim different sizes.
      const claim = `${width} x ${height} ${image}`;
      if (!this.#claims.has(claim) && (size.width !== width || size.height !== height)) {
        this.#claims.add(claim);
        const message = `${image} is ${size.width} x ${size.height} pixels, not ${width} x ${height}`;
        this.add('wrong-size', at, message);
      }
    }
    if (split === undefined) return;
    const key = picture.content ?? image;
    const splits = this.#splitsOf.get(key) ?? new Map<string, string>();
    this.#splitsOf.set(key, splits);
    const [other] = [...splits].filter(([name]) => name !== split);
    if (!splits.has(split) && other !== undefined) {
      this.add('picture-in-two-splits', at, `${image} is in ${other[0]} too: ${other[1]}`);
    }
    if (!splits.has(split)) splits.set(split, at);
  }

  #objects(row: Row, real: ImageSize | undefined, at: string): void {
    const { expected } = row;
    switch (expected.kind) {
      case 'text': {
        // Loc tokens are parts of the picture, whatever its size.
        const objects = this.#objectsIn(expected.answers[0], row, at);
        this.#labels(objects, row, at);
        break;
      }
      case 'objects':
        this.#labels(expected.objects, row, at);
        this.#boxes(expected.objects, real ?? expected.size, at);
        break;
      case 'reference': {
        const [label = ''] = labelsAsked(row.request) ?? [];
        this.#boxes([{ label, box: expected.box }], real ?? expected.size, at);
        break;
      }
      case 'label':
        this.#count(expected.label);
        break;
      case 'document':
        break;
    }
  }

  /** What an answer of loc tokens names; nothing where the prompt asks for no labels. */
  #objectsIn(answer: string, { request }: Row, at: string): readonly Thing[] {
    if (labelsAsked(request) === undefined || answer.trim() === '') return [];
    const { detections, dropped } = parseDetections(answer, { width: 1, height: 1 });
    for (const { text, reason } of dropped) {
      const kind = reason === 'emptyBox' ? 'outside-picture' : 'bad-answer';
      const what = reason === 'emptyBox' ? 'a box without an area' : `no box (${reason})`;
      this.add(kind, at, `${JSON.stringify(text)} is ${what}`);
    }
    return detections;
  }

  #labels(things: readonly Thing[], { request }: Row, at: string): void {
    const asked = labelsAsked(request);
    for (const { label } of things) {
      this.#count(label);
      if (asked !== undefined && !asked.includes(label)) {
        this.add('unknown-label', at, `${JSON.stringify(label)} is not one of ${asked.join(', ')}`);
      }
    }
  }

  #count(label: string): void {
    this.labels.set(label, (this.labels.get(label) ?? 0) + 1);
  }

  #boxes(things: readonly Thing[], size: ImageSize, at: string): void {
    for (const { label, box } of things) {
      if (isInside(box, size)) continue;
      const edges = [box.xmin, box.ymin, box.xmax, box.ymax].join(', ');
      const message = `${JSON.stringify(label)} at ${edges} in a picture of ${size.width} x ${size.height}`;
      this.add('outside-picture', at, message);
    }
  }
}

type Thing = Pick<Detection, 'label' | 'box'>;

function isInside({ xmin, ymin, xmax, ymax }: Box, { width, height }: ImageSize): boolean {
  return (
    xmin >= -TOLERANCE &&
    ymin >= -TOLERANCE &&
    xmax <= width + TOLERANCE &&
    ymax <= height + TOLERANCE &&
    xmax > xmin &&
    ymax > ymin
  );
}
