/** BMP files that are damaged, lie or were made to do harm. What whole ones decode to is in prepare-pillow.test.ts. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { decodeImage } from '../../../src/image-input/prepare.js';
import { bmp, FIXTURES, fixture, inputErrorOf, noise, OPTIONS, seeded } from './files.js';

const NAMES = readdirSync(path.join(FIXTURES, 'formats')).filter((name) => name.endsWith('.bmp'));
const file = (name: string): Buffer => fixture(`formats/${name}`);

/** The InputError, or the picture. */
async function outcome(bytes: Uint8Array): Promise<unknown> {
  return decodeImage(bytes, { ...OPTIONS, maxPixels: 100_000 }).catch((error: unknown) => error);
}

function header(changes: Partial<Record<'width' | 'height' | 'bits' | 'compression', number>>) {
  const bytes = bmp(noise(48), 4, 4);
  if (changes.width !== undefined) bytes.writeInt32LE(changes.width, 18);
  if (changes.height !== undefined) bytes.writeInt32LE(changes.height, 22);
  if (changes.bits !== undefined) bytes.writeUInt16LE(changes.bits, 28);
  if (changes.compression !== undefined) bytes.writeUInt32LE(changes.compression, 30);
  return bytes;
}

describe('a damaged BMP', () => {
  it.each(NAMES)(
    '%s: cut anywhere it is refused, or whole but for what is not needed',
    async (name) => {
      const whole = file(name);
      const image = await decodeImage(whole, OPTIONS);
      for (let cut = 18; cut < whole.length; cut++) {
        const found = await outcome(whole.subarray(0, cut));
        if (found instanceof InputError) {
          expect(found.code).toBe('ERR_IMAGE_CORRUPT');
          expect(found.message).toMatch(/^the picture is a damaged or truncated BMP picture: /);
        } else {
          // The filling of the last row, and the mark of the end.
          expect(cut).toBeGreaterThanOrEqual(whole.length - 4);
          expect(found).toEqual(image);
        }
      }
    },
  );

  it('5,000 mutants end in an InputError or a picture of the right length', async () => {
    const random = seeded(11);
    const below = (n: number): number => Math.floor(random() * n);
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const bytes = file(NAMES[i % NAMES.length] ?? '');
      for (let flips = 1 + below(5); flips > 0; flips--) {
        // Two of three in the headers; run-length codes are after them.
        const at = 18 + below(random() < 0.66 ? 110 : bytes.length - 18);
        if (at < bytes.length)
          bytes[at] = random() < 0.4 ? ([0, 1, 0x7f, 0x80, 0xff][below(5)] ?? 0) : below(256);
      }
      const found = await outcome(bytes);
      if (found instanceof InputError) {
        refused++;
        expect(found.code).toMatch(/^ERR_IMAGE_(CORRUPT|FORMAT|TOO_LARGE)$/);
        expect(found.message).not.toMatch(/\n|undefined|NaN/);
        continue;
      }
      const { data, width, height } = found as Awaited<ReturnType<typeof decodeImage>>;
      expect(data.length).toBe(width * height * 3);
    }
    expect(refused).toBeGreaterThan(500);
  }, 60_000);
});

describe('a lying header', () => {
  it.each([
    ['no width', { width: 0 }, 'ERR_IMAGE_CORRUPT', 'it claims 0 x -4 pixels'],
    ['a negative width', { width: -4 }, 'ERR_IMAGE_CORRUPT', 'it claims -4 x -4 pixels'],
    ['no height', { height: 0 }, 'ERR_IMAGE_CORRUPT', 'it claims 4 x 0 pixels'],
    [
      'the largest size',
      { width: 2 ** 31 - 1, height: -(2 ** 31) },
      'ERR_IMAGE_TOO_LARGE',
      'the limit is 50000000',
    ],
    [
      'more pixels than bytes',
      { width: 7000, height: 7000 },
      'ERR_IMAGE_CORRUPT',
      'its pixels end after 147000054',
    ],
    ['5 bits', { bits: 5 }, 'ERR_IMAGE_FORMAT', 'a BMP picture of 5 bits in compression 0'],
    ['JPEG inside', { bits: 0, compression: 4 }, 'ERR_IMAGE_FORMAT', 'of 0 bits in compression 4'],
    ['runs of 24 bits', { compression: 1 }, 'ERR_IMAGE_FORMAT', 'of 24 bits in compression 1'],
  ])('%s is refused before anything is allocated', async (_, changes, code, message) => {
    const before = process.memoryUsage().arrayBuffers;
    const error = await inputErrorOf(decodeImage(header(changes), OPTIONS));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('runs that skip beyond the picture end it', async () => {
    const bytes = file('bmp-rle8.bmp');
    const at = bytes.readUInt32LE(10);
    bytes.fill(0, at);
    bytes.set([5, 1, 0, 2, 255, 255, 1, 1], at);
    const { data, width, height } = await decodeImage(bytes, OPTIONS);
    expect(data.length).toBe(3 * width * height);
    // Everything that was skipped has the first colour.
    const first = [...data.subarray(0, 3)];
    expect([...data.subarray(3, 6)]).toEqual(first);
  });
});

it('a large BMP leaves the event loop alone', async () => {
  const [width, height] = [6000, 4000];
  const bytes = bmp(new Uint8Array(3 * width * height).fill(77), width, height);
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  turn();
  const image = await decodeImage(bytes, OPTIONS);
  isDone = true;
  expect(image.data.length).toBe(3 * width * height);
  expect(image.data.every((value) => value === 77)).toBe(true);
  // One for each half million pixels; in one piece it would be one or two.
  expect(turns).toBeGreaterThan(20);
});
