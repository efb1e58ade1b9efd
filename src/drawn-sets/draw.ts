/** Pictures with their truth, drawn from a seed: a data set that needs no download and has no wrong labels. */
import type { Box, ImageSize } from '../results/types.js';
import { pool } from '../runs/pool.js';
import { photograph } from './camera.js';
import { Random } from './random.js';
import { type DrawnSetName, SETS } from './sets.js';

export interface DrawnPicture {
  /** Of its file. */
  readonly name: string;
  /** A JPEG file. */
  readonly picture: Buffer;
  readonly size: ImageSize;
  /** What is right, by kind of question; `text` of the text domains. */
  readonly answers: Readonly<Record<string, string>>;
  /** What a question is about, by name in its phrasings: `{ dish: 'mushroom soup' }`. */
  readonly values: Readonly<Record<string, string>>;
  /** Where things are, in pixels; of `coins` and `plurals`. */
  readonly objects: readonly { readonly label: string; readonly box: Box }[];
}

export interface DrawnSetOptions {
  /** 0 to 2^32 - 1; default 0. */
  readonly seed?: number | undefined;
  /** How many pictures. */
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
}

/** Pictures that are drawn at once: sharp works beside our own loops. */
const AT_ONCE = 3;

/**
 * The pictures of a set, in order. The same name and seed give the same truths and layout everywhere, and with the same
 * version of sharp the same bytes; a picture does not depend on how many there are.
 */
export async function* drawnSet(
  name: DrawnSetName,
  { count, seed = 0, signal }: DrawnSetOptions,
): AsyncGenerator<DrawnPicture, void> {
  const options = { atOnce: AT_ONCE, order: 'items' as const };
  type Outcome = { readonly drawn: DrawnPicture } | { readonly error: unknown };
  const work = (i: number): Promise<Outcome> =>
    drawPicture(name, seed, i).then(
      (drawn) => ({ drawn }),
      (error: unknown) => ({ error }),
    );
  for await (const outcome of pool(numbers(count), options, work)) {
    signal?.throwIfAborted();
    if ('error' in outcome) throw outcome.error;
    yield outcome.drawn;
  }
}

async function* numbers(count: number): AsyncGenerator<number, void> {
  for (let i = 0; i < count; i++) yield i;
}

async function drawPicture(set: DrawnSetName, seed: number, index: number): Promise<DrawnPicture> {
  const random = new Random(`${set}\n${seed}\n${index}`);
  const scene = SETS[set].draw(random);
  const { picture, width, height } = await photograph(scene, random);
  const { answers, values = {}, objects = [] } = scene;
  const x = (value: number): number => hundredths((value * width) / scene.width);
  const y = (value: number): number => hundredths((value * height) / scene.height);
  return {
    name: pictureName(set, index),
    ...{ picture, size: { width, height }, answers, values },
    objects: objects.map(({ label, box: { xmin, ymin, xmax, ymax } }) => ({
      label,
      box: { xmin: x(xmin), ymin: y(ymin), xmax: x(xmax), ymax: y(ymax) },
    })),
  };
}

/** Of a file: `container-number-00012.jpg` is the twelfth. */
export function pictureName(set: DrawnSetName, index: number): string {
  return `${set}-${String(index + 1).padStart(5, '0')}.jpg`;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
