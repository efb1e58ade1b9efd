/** Frames of clips: which ones, from lists, animations and films. Films are made on the spot by ffmpeg, if it is there. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { EngineError } from '../../../src/errors.js';
import type { RawPixels } from '../../../src/image-input/source.js';
import { sampleFrames, type VideoInput, videoFrames } from '../../../src/image-input/video.js';
import type { VideoOptions } from '../../../src/options/types.js';
import { needsTool } from '../../support/needs.js';
import { fixture, inFolder, inputErrorOf } from './files.js';

const frames = async (source: VideoInput, options?: VideoOptions): Promise<RawPixels[]> =>
  (await videoFrames(source, options)) as RawPixels[];

describe('sampleFrames', () => {
  it.each<[number, number, number | undefined, number[]]>([
    [16, 16, undefined, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]],
    [100, 4, undefined, [12, 37, 62, 87]],
    [5, 4, undefined, [0, 1, 3, 4]],
    [3, 1, undefined, [1]],
    [3, 7, undefined, [0, 1, 2, 0, 1, 2, 0]],
    [1, 3, undefined, [0, 0, 0]],
    [100, 4, 9, [0, 9, 18, 27]],
    [20, 4, 9, [0, 9, 18, 0]],
    [2, 3, 30, [0, 0, 0]],
  ])('of %d frames takes %d with stride %s: %j', (total, count, stride, indices) => {
    expect(sampleFrames(total, count, stride)).toEqual(indices);
  });

  it('returns frames in order, each at most once if there are enough, from all parts of the clip', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 128 }), fc.nat(100_000), (count, more) => {
        const total = count + more;
        const indices = sampleFrames(total, count);
        expect(indices).toHaveLength(count);
        expect(new Set(indices).size).toBe(count);
        expect(indices).toEqual([...indices].sort((a, b) => a - b));
        indices.forEach((index, i) => {
          expect(index).toBeGreaterThanOrEqual(Math.floor((i * total) / count));
          expect(index).toBeLessThan(((i + 1) * total) / count);
        });
      }),
    );
  });
});

describe('a list of pictures', () => {
  const list = Array.from({ length: 40 }, (_, i) => `frame-${i}.png`);

  it('is sampled, or repeated, without being read', async () => {
    expect(await videoFrames(list, { count: 4 })).toEqual([5, 15, 25, 35].map((i) => list[i]));
    expect(await videoFrames(list)).toHaveLength(16);
    expect(await videoFrames(list, { count: 3, stride: 9 })).toEqual(
      [0, 9, 18].map((i) => list[i]),
    );
    expect(await videoFrames(['a', 'b'], { count: 5 })).toEqual(['a', 'b', 'a', 'b', 'a']);
  });

  it('must not be empty and has no times', async () => {
    expect(await inputErrorOf(videoFrames([]))).toMatchObject({
      code: 'ERR_OPTION_RANGE',
      message: 'the list of frames is empty, expected at least one picture',
    });
    expect(await inputErrorOf(videoFrames(['a'], { fps: 1 }))).toMatchObject({
      code: 'ERR_OPTION_RANGE',
      subject: 'fps',
    });
  });
});

describe('options', () => {
  it('stride and fps exclude each other', async () => {
    expect(await inputErrorOf(videoFrames(['a'], { fps: 1, stride: 2 }))).toMatchObject({
      message: 'options stride and fps are 2 and 1, expected one of them',
    });
  });

  it('an aborted signal rejects with its reason', async () => {
    const reason = new Error('enough');
    await expect(videoFrames(['a'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

const [WIDTH, HEIGHT] = [40, 30];
const BACKGROUND = [10, 20, 200] as const;

/** One picture of a red square that moves over a blue ground. */
function scene(step: number): Uint8Array {
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let at = 0; at < WIDTH * HEIGHT; at++) {
    const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
    const isSquare = x >= step * 5 && x < step * 5 + 5 && y >= 10 && y < 20;
    rgb.set(isSquare ? [250, 0, 0] : BACKGROUND, at * 3);
  }
  return rgb;
}

async function animation(steps: number, delay = 200): Promise<Sharp> {
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
  const pages = await Promise.all(
    Array.from({ length: steps }, (_, i) => sharp(scene(i), { raw }).png().toBuffer()),
  );
  const joined = await sharp(pages, { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer();
  return sharp(joined, { animated: true })
    .withMetadata()
    .gif({ delay: Array(steps).fill(delay) });
}

describe('an animation', () => {
  it.each(['gif', 'webp'] as const)(
    '%s returns whole frames, though only changes are stored',
    async (format) => {
      const made = await animation(6);
      const bytes = await (format === 'gif' ? made : made.webp({ lossless: true })).toBuffer();
      expect((await sharp(bytes).metadata()).pages).toBe(6);
      const found = await frames(bytes, { count: 6 });
      expect(found).toHaveLength(6);
      found.forEach((frame, i) => {
        expect(frame).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 3 });
        expect(Buffer.compare(frame.data as Uint8Array, scene(i)), `frame ${i}`).toBe(0);
      });
    },
  );

  it('is read from files and by stride and time', async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, 'a.gif');
      writeFileSync(file, await (await animation(8)).toBuffer());
      const which = async (options: VideoOptions, source: VideoInput = file) =>
        (await frames(source, options)).map((frame) =>
          Array.from({ length: 8 }, (_, i) => i).find(
            (i) => Buffer.compare(frame.data as Uint8Array, scene(i)) === 0,
          ),
        );
      expect(await which({ count: 4 })).toEqual([1, 3, 5, 7]);
      expect(await which({ count: 3, stride: 3 }, pathToFileURL(file))).toEqual([0, 3, 6]);
      expect(await which({ count: 10 })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0, 1]);
      // 200 ms each: a frame per second is every fifth, and there are two of them.
      expect(await which({ count: 3, fps: 1 })).toEqual([0, 5, 0]);
      expect(await which({ count: 4, fps: 10 })).toEqual([0, 0, 1, 1]);
    });
  });

  it('is scaled to what a model can see', async () => {
    const raw = { width: 1800, height: 900, channels: 3, background: 'red' } as const;
    const page = await sharp({ create: raw }).png().toBuffer();
    const bytes = await sharp([page, page], { join: { animated: true } })
      .gif()
      .toBuffer();
    // Two equal pages may be stored as one.
    const found = await frames(bytes, { count: 2 });
    if ((await sharp(bytes).metadata()).pages === 2)
      expect(found[0]).toMatchObject({ width: 896, height: 448 });
    expect(found).toHaveLength(2);
  });

  it('of one picture is that picture again and again', async () => {
    const found = await frames(fixture('rotated.jpg'), { count: 3 });
    expect(found).toHaveLength(3);
    expect(found[2]).toMatchObject({ width: 200, height: 320, channels: 3 });
    const pixels = { data: scene(0), width: WIDTH, height: HEIGHT, channels: 3 } as const;
    expect((await frames(pixels, { count: 2 }))[1]?.data).toEqual(scene(0));
  });

  it('is refused when it is damaged or too large', async () => {
    const bytes = await (await animation(6)).toBuffer();
    expect(await inputErrorOf(videoFrames(bytes, { maxPixels: 100 }))).toMatchObject({
      code: 'ERR_IMAGE_TOO_LARGE',
    });
    const webp = await (await animation(6)).webp({ lossless: true }).toBuffer();
    const cut = webp.subarray(0, Math.floor(webp.length / 2));
    expect(await inputErrorOf(videoFrames(cut))).toMatchObject({ code: 'ERR_IMAGE_CORRUPT' });
  });

  it('GIF that breaks off returns the frames it has', async () => {
    const bytes = await (await animation(6)).toBuffer();
    const found = await frames(bytes.subarray(0, Math.floor(bytes.length / 2)), { count: 4 });
    expect(found).toHaveLength(4);
    expect(found[0]?.data).toEqual(Buffer.from(scene(0)));
  });
});

describe('what is no clip', () => {
  it.each([
    ['text', 'hello, this is text'],
    ['a playlist, which would name other files', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n'],
    ['a list of files', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
    ['nothing', ''],
    ['a PDF', '%PDF-1.7'],
  ])('%s is refused by its first bytes', async (_, text) => {
    await inFolder(async (folder) => {
      const file = path.join(folder, 'film.mp4');
      writeFileSync(file, text);
      const error = await inputErrorOf(videoFrames(file));
      expect(error).toMatchObject({ code: 'ERR_IMAGE_FORMAT', subject: file });
      expect(error.message).not.toContain('ffmpeg ended');
    });
  });

  it('a missing file and a folder', async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, 'missing.mp4');
      expect(await inputErrorOf(videoFrames(file))).toMatchObject({
        code: 'ERR_IMAGE_NOT_FOUND',
        message: `${file} does not exist`,
      });
      expect(await inputErrorOf(videoFrames(folder))).toMatchObject({
        code: 'ERR_IMAGE_NOT_FOUND',
      });
    });
  });

  it('a video in memory', async () => {
    const bytes = Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42', 'latin1');
    expect(await inputErrorOf(videoFrames(bytes))).toMatchObject({ code: 'ERR_IMAGE_FORMAT' });
  });

  it('says that ffmpeg is not there', async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, 'a.mp4');
      writeFileSync(file, Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42', 'latin1'));
      vi.stubEnv('PATH', folder);
      try {
        const error = await videoFrames(file).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(EngineError);
        expect(error).toMatchObject({
          code: 'ERR_BINARY_NOT_FOUND',
          message: `ffprobe was not found on PATH; it is needed to read the video ${file} (install ffmpeg, or pass the frames as a list of pictures)`,
        });
      } finally {
        vi.unstubAllEnvs();
      }
    });
  });
});

/** A film of grey frames: frame n has the level 6 n. Lossless, so that levels tell frames. */
function film(file: string, { size = '64x48', seconds = 4, extra = [] as string[] } = {}): string {
  const source = `nullsrc=s=${size}:r=10:d=${seconds},format=rgb24,geq=r='mod(N*6,256)':g='mod(N*6,256)':b='mod(N*6,256)'`;
  execFileSync('ffmpeg', [
    '-v',
    'error',
    '-y',
    '-f',
    'lavfi',
    '-i',
    source,
    ...extra,
    `file:${file}`,
  ]);
  return file;
}

/** The same MP4 with a quarter turn in the matrix of its track header, as telephones write it. */
function quarterTurn(mp4: Buffer): Buffer {
  const turned = Buffer.from(mp4);
  // ISO 14496-12: 40 bytes of a version 0 header follow the name, then nine numbers of 16.16 bits.
  const matrix = turned.indexOf('tkhd') + 4 + 40;
  [0, 0x10000, 0, -0x10000, 0, 0].forEach((value, i) => {
    turned.writeInt32BE(value, matrix + 4 * i);
  });
  return turned;
}

const LOSSLESS = ['-c:v', 'ffv1', '-pix_fmt', 'bgr0'];
const levels = (found: readonly RawPixels[]): number[] =>
  found.map((frame) => (frame.data[0] ?? 0) / 6);

describe('a film', needsTool('ffmpeg'), () => {
  it('returns the frames that were asked for', async () => {
    await inFolder(async (folder) => {
      const file = film(path.join(folder, 'a.mkv'), { extra: LOSSLESS });
      const found = await frames(file, { count: 4 });
      expect(levels(found)).toEqual([5, 15, 25, 35]);
      expect(found[0]).toMatchObject({ width: 64, height: 48, channels: 3 });
      expect(found[0]?.data).toHaveLength(64 * 48 * 3);
      expect(levels(await frames(file, { count: 3, stride: 9 }))).toEqual([0, 9, 18]);
      expect(levels(await frames(file, { count: 6, stride: 15 }))).toEqual([0, 15, 30, 0, 15, 30]);
      expect(levels(await frames(file, { count: 40 }))).toEqual(
        Array.from({ length: 40 }, (_, i) => i),
      );
      expect(levels(await frames(file, { count: 42 })).slice(38)).toEqual([38, 39, 0, 1]);
      expect(levels(await frames(pathToFileURL(file), { count: 3, fps: 10 }))).toEqual([0, 1, 2]);
      // Within half a second: where ffmpeg puts the frames of a lower rate is its own business.
      const slow = levels(await frames(file, { count: 3, fps: 1 }));
      for (const [i, level] of slow.entries()) {
        expect(Math.abs(level - 10 * i)).toBeLessThanOrEqual(5);
      }
    });
  });

  it.each([
    ['mp4', ['-c:v', 'mpeg4', '-q:v', '2']],
    ['avi', ['-c:v', 'mjpeg', '-q:v', '2']],
    ['ts', ['-c:v', 'mpeg2video', '-q:v', '2', '-r', '25']],
    ['flv', ['-c:v', 'flv1', '-q:v', '2']],
  ])('is read from %s', async (extension, extra) => {
    await inFolder(async (folder) => {
      const file = film(path.join(folder, `a.${extension}`), { extra });
      const found = levels(await frames(file, { count: 4 }));
      for (const [i, level] of found.entries()) {
        expect(Math.abs(level - (5 + 10 * i)), String(found)).toBeLessThan(2);
      }
    });
  });

  it('is turned upright and scaled down', async () => {
    await inFolder(async (folder) => {
      const plain = film(path.join(folder, 'a.mp4'), {
        size: '1200x600',
        seconds: 1,
        extra: ['-c:v', 'mpeg4'],
      });
      expect((await frames(plain, { count: 1 }))[0]).toMatchObject({ width: 896, height: 448 });
      const turned = path.join(folder, 'turned.mp4');
      writeFileSync(turned, quarterTurn(readFileSync(plain)));
      expect((await frames(turned, { count: 1 }))[0]).toMatchObject({ width: 448, height: 896 });
      expect(await inputErrorOf(videoFrames(plain, { maxPixels: 1000 }))).toMatchObject({
        code: 'ERR_IMAGE_TOO_LARGE',
        found: '1200 x 600 pixels',
      });
    });
  });

  it('may have any name', async () => {
    await inFolder(async (folder) => {
      const here = process.cwd();
      for (const name of [
        '-i.mkv',
        "it's 50% [a]:b;c,d.mkv",
        'http:x.mkv',
        '$(touch hacked).mkv',
        'é 猫.mkv',
      ]) {
        const file = film(path.join(folder, name), { seconds: 0.3, extra: LOSSLESS });
        expect(levels(await frames(file, { count: 3 })), name).toEqual([0, 1, 2]);
      }
      try {
        process.chdir(folder);
        expect(levels(await frames('-i.mkv', { count: 1 }))).toEqual([1]);
      } finally {
        process.chdir(here);
      }
      expect(readdirSync(folder)).not.toContain('hacked');
    });
  });

  it('that breaks off returns the frames it has', async () => {
    await inFolder(async (folder) => {
      const file = film(path.join(folder, 'a.mkv'), { extra: LOSSLESS });
      const bytes = readFileSync(file);
      const cut = path.join(folder, 'cut.mkv');
      writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length / 2)));
      const found = levels(await frames(cut, { count: 4 }));
      expect(found).toHaveLength(4);
      expect(Math.max(...found)).toBeLessThan(35);
      expect(found).toEqual([...found].sort((a, b) => a - b));
    });
  });

  it('that is none says what ffmpeg says', async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, 'noise.mp4');
      writeFileSync(
        file,
        Buffer.concat([Buffer.from('\0\0\0\x18ftypisom', 'latin1'), Buffer.alloc(5000, 7)]),
      );
      const error = await inputErrorOf(videoFrames(file));
      expect(error.code).toBe('ERR_IMAGE_FORMAT');
      expect(error.message).toMatch(
        /noise\.mp4 cannot be read: ffprobe ended with 1: .*Invalid data/,
      );
      expect(error.message).not.toContain('\n');
      const sound = path.join(folder, 'sound.mkv');
      execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=d=0.2', sound]);
      expect((await inputErrorOf(videoFrames(sound))).message).toContain('has no moving pictures');
    });
  });

  it('stops on abort and after its time', async () => {
    await inFolder(async (folder) => {
      // It takes longer to decode than to stop.
      const file = film(path.join(folder, 'long.mkv'), {
        size: '640x480',
        seconds: 20,
        extra: LOSSLESS,
      });
      const reason = new Error('enough');
      const controller = new AbortController();
      const pending = videoFrames(file, { count: 16, signal: controller.signal });
      setTimeout(() => controller.abort(reason), 30);
      await expect(pending).rejects.toBe(reason);
      const error = await inputErrorOf(videoFrames(file, { timeoutMs: 1 }));
      expect(error).toMatchObject({ code: 'ERR_IMAGE_FORMAT', hint: 'raise timeoutMs' });
      expect(error.message).toContain('took ffprobe longer than 1 ms');
    });
  });
});
