/** Pictures of many formats and kinds against what Pillow's convert('RGB') reads in them, byte for byte. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/image-input/prepare.js';
import pillow from '../../fixtures/images/formats/expected.json' with { type: 'json' };
import { FIXTURES, inputErrorOf, OPTIONS } from './files.js';

const FORMATS = path.join(FIXTURES, 'formats');
const expected = pillow as unknown as Record<string, [width: number, height: number, rgb: string]>;

it('has what Pillow reads for every file but those that are refused', () => {
  const files = readdirSync(FORMATS).filter((name) => !/^(refused|make|expected)/.test(name));
  const named = Object.keys(expected).map((name) => name.split('#')[0]);
  expect(files.length).toBeGreaterThan(80);
  expect([...new Set(named)].sort()).toEqual(files.sort());
});

describe('equals Pillow', () => {
  it.each(Object.keys(expected))('%s', async (name) => {
    const [file = '', page] = name.split('#');
    const [width, height, rgb] = expected[name] ?? [0, 0, ''];
    const image = await decodeImage(path.join(FORMATS, file), { ...OPTIONS, page: Number(page) });
    expect([image.width, image.height]).toEqual([width, height]);
    expect(Buffer.from(image.data).toString('base64')).toBe(rgb);
  });
});

describe('what is not read is named for what it is', () => {
  it.each([
    ['refused-zstd.tif', 'a TIFF picture compressed with Zstandard'],
    ['refused-float.tif', 'a picture in scrgb colours'],
    ['refused-32-bit.tif', 'a picture with uint samples (8 or 16 bits are read)'],
    ['refused-lab.tif', 'a TIFF picture in LAB colours'],
  ])('%s: %s', async (name, found) => {
    const error = await inputErrorOf(decodeImage(path.join(FORMATS, name), OPTIONS));
    expect(error).toMatchObject({ code: 'ERR_IMAGE_FORMAT', found });
    expect(error.hint).toContain('magick');
  });
});
