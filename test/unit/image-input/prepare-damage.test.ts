/** Damaged, lying and hostile files: always an InputError or a picture, soon, and without much memory. */
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { decodeImage } from '../../../src/image-input/prepare.js';
import {
  everyFormat,
  fixture,
  inputErrorOf,
  noise,
  OPTIONS,
  pipeline,
  png,
  seeded,
  sha256,
} from './files.js';

describe('truncated files', () => {
  it('are refused at every cut that costs pixels', async () => {
    for (const [name, file] of await everyFormat()) {
      const whole = sha256((await decodeImage(file, OPTIONS)).data);
      const cuts = [
        ...Array.from({ length: 40 }, (_, i) => Math.floor((file.length * i) / 40)),
        file.length - 1,
      ];
      let refused = 0;
      for (const cut of cuts) {
        const outcome = await decodeImage(file.subarray(0, cut), OPTIONS).then(
          ({ data }) => sha256(data),
          (error: unknown) => error,
        );
        // The last bytes of some formats only say that the file ends here.
        if (outcome === whole) continue;
        refused++;
        expect(outcome, `${name} cut at ${cut}`).toBeInstanceOf(InputError);
        expect(['ERR_IMAGE_CORRUPT', 'ERR_IMAGE_FORMAT']).toContain((outcome as InputError).code);
        // What still starts like a picture is a damaged picture.
        if (cut >= 64)
          expect((outcome as InputError).code, `${name} cut at ${cut}`).toBe('ERR_IMAGE_CORRUPT');
      }
      expect(refused, name).toBeGreaterThanOrEqual(40);
    }
  });

  it('of a photo are refused at every hundredth byte', async () => {
    const file = fixture('wide.jpg');
    for (let cut = 100; cut < file.length; cut += 1009) {
      const error = await inputErrorOf(decodeImage(file.subarray(0, cut), OPTIONS));
      expect(error.code).toBe('ERR_IMAGE_CORRUPT');
      expect(error.message).toContain('the picture is a damaged or truncated');
    }
  });
});

it('500 mutants end in an InputError or a picture', async () => {
  const random = seeded(7);
  const files = [...(await everyFormat()).values()];
  const below = (n: number): number => Math.floor(random() * n);
  let refused = 0;
  for (let i = 0; i < 500; i++) {
    const file = Buffer.from(files[i % files.length] ?? []);
    for (let flips = 1 + below(4); flips > 0; flips--) {
      // Headers are at the start: half of the changes go there.
      const at = below(random() < 0.5 ? Math.min(200, file.length) : file.length);
      file[at] = random() < 0.3 ? ([0, 1, 0x7f, 0x80, 0xff][below(5)] ?? 0) : below(256);
    }
    try {
      const { data, width, height } = await decodeImage(file, OPTIONS);
      expect(data.length).toBe(width * height * 3);
    } catch (error) {
      refused++;
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).not.toMatch(/\n|undefined|\[object/);
      expect((error as InputError).message.length).toBeLessThan(400);
    }
  }
  expect(refused).toBeGreaterThan(50);
}, 60_000);

describe('harmless oddities of real files', () => {
  const photo = fixture('wide.jpg');
  const scan = photo.indexOf(Buffer.from([0xff, 0xda]));
  const expected = async () => sha256((await decodeImage(photo, OPTIONS)).data);

  it('bytes after the end are ignored', async () => {
    const padded = Buffer.concat([photo, noise(1000)]);
    expect(sha256((await decodeImage(padded, OPTIONS)).data)).toBe(await expected());
  });

  it('scan parameters that a sequential JPEG does not use may be wrong, as some cameras write them', async () => {
    const odd = Buffer.from(photo);
    // The scan header ends with the spectral selection (0, 63) and the approximation.
    const end = scan + 2 + odd.readUInt16BE(scan + 2);
    expect([...odd.subarray(end - 3, end)]).toEqual([0, 63, 0]);
    odd[end - 2] = 0;
    expect(sha256((await decodeImage(odd, OPTIONS)).data)).toBe(await expected());
  });

  it('but damage together with such an oddity is still refused', async () => {
    const odd = Buffer.from(photo);
    odd[scan + 2 + odd.readUInt16BE(scan + 2) - 2] = 0;
    const error = await inputErrorOf(decodeImage(odd.subarray(0, 20_000), OPTIONS));
    expect(error.code).toBe('ERR_IMAGE_CORRUPT');
  });
});

describe('the pixel limit', () => {
  it.each([
    ['16,000 x 16,000', png(16_000, 16_000)],
    ['16,000 x 16,000 interlaced', png(16_000, 16_000, { interlace: 1 })],
    ['2^31 - 1 x 2^31 - 1', png(2 ** 31 - 1, 2 ** 31 - 1)],
    ['7,072 x 7,072', png(7072, 7072)],
  ])('refuses a PNG of %s before decoding', async (_, file) => {
    await inputErrorOf(decodeImage(png(1, 1), OPTIONS));
    const before = process.memoryUsage().rss;
    const error = await inputErrorOf(decodeImage(file, OPTIONS));
    expect(process.memoryUsage().rss - before).toBeLessThan(30e6);
    // libpng itself refuses the largest.
    expect(error.code).toMatch(/ERR_IMAGE_(TOO_LARGE|CORRUPT)/);
  });

  it('refuses a real picture that is a bomb: little file, many pixels', async () => {
    const black = new Uint8Array(8000 * 8000);
    const bomb = await pipeline(black, 8000, 8000, 1).png({ compressionLevel: 9 }).toBuffer();
    expect(bomb.length).toBeLessThan(500_000);
    const before = process.memoryUsage().rss;
    const error = await inputErrorOf(decodeImage(bomb, OPTIONS));
    expect(process.memoryUsage().rss - before).toBeLessThan(30e6);
    expect(error.code).toBe('ERR_IMAGE_TOO_LARGE');
    expect(error.message).toBe(
      'the picture has 8000 x 8000 = 64000000 pixels, the limit is 50000000 (make it smaller or raise maxPixels)',
    );
  });

  it('counts width times height, for files, pipelines and raw pixels alike', async () => {
    const rgb = noise(30 * 20 * 3);
    const file = await pipeline(rgb, 30, 20).png().toBuffer();
    for (const input of [
      file,
      pipeline(rgb, 30, 20),
      { data: rgb, width: 30, height: 20, channels: 3 } as const,
    ]) {
      expect((await decodeImage(input, { ...OPTIONS, maxPixels: 600 })).width).toBe(30);
      const error = await inputErrorOf(decodeImage(input, { ...OPTIONS, maxPixels: 599 }));
      expect(error.code).toBe('ERR_IMAGE_TOO_LARGE');
      expect(error.message).toContain('30 x 20 = 600 pixels, the limit is 599');
    }
  });

  it('holds for what a pipeline makes as well as for what it reads', async () => {
    const enlarging = pipeline(noise(300), 10, 10).resize(40, 40);
    expect(
      await inputErrorOf(decodeImage(enlarging, { ...OPTIONS, maxPixels: 1000 })),
    ).toMatchObject({
      code: 'ERR_IMAGE_TOO_LARGE',
    });
  });
});
