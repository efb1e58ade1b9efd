/** Every kind of input a caller may pass, what is refused, and that nothing the caller does later changes the result. */
import { execFileSync } from 'node:child_process';
import { chmodSync, openAsBlob, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import sharp033 from 'sharp-0.33';
import sharp034 from 'sharp-0.34';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/image-input/prepare.js';
import { type ImageInput, MAX_FILE_BYTES } from '../../../src/image-input/source.js';
import {
  LIBRARIES_OF_ONE_NAME,
  LINE_BREAKS_IN_NAMES,
  NAMED_PIPES,
  PERMISSION_BITS,
} from '../../support/needs.js';
import { withoutRoot } from '../../support/without-root.js';
import {
  detached,
  FIXTURES,
  fixture,
  inFolder,
  inputErrorOf,
  noise,
  OPTIONS,
  pipeline,
  sha256,
} from './files.js';

const FILE = path.join(FIXTURES, 'small.png');
const BYTES = fixture('small.png');

async function expected(): Promise<string> {
  return sha256(await sharp(BYTES).raw().toBuffer());
}

function shared(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 8), 8);
  view.set(bytes);
  return view;
}

/** Broken every 75 characters, a multiple of what an escape takes. */
const lines = (text: string, separator: string): string =>
  (text.match(/.{1,75}/g) ?? []).join(separator);

const base64 = BYTES.toString('base64');
const percent = [...BYTES].map((b) => `%${b.toString(16).padStart(2, '0')}`).join('');

describe('accepted inputs', () => {
  it.each<[string, () => ImageInput | Promise<ImageInput>]>([
    ['a path', () => FILE],
    ['a relative path', () => path.relative(process.cwd(), FILE)],
    ['a file: URL object', () => pathToFileURL(FILE)],
    ['a Buffer', () => BYTES],
    ['a Uint8Array with an offset', () => Buffer.concat([Buffer.alloc(3), BYTES]).subarray(3)],
    ['a view into shared memory', () => shared(BYTES)],
    ['an ArrayBuffer', () => new Uint8Array(BYTES).buffer],
    ['a SharedArrayBuffer', () => shared(BYTES).buffer.slice(8)],
    ['a Blob', () => new Blob([new Uint8Array(BYTES)])],
    ['a File', () => new File([new Uint8Array(BYTES)], 'x.png')],
    ['a Blob over a file', () => openAsBlob(FILE)],
    ['a base64 data URL', () => `data:image/png;base64,${base64}`],
    ['a data URL of another type', () => `DATA:text/plain;charset=utf-8;BASE64,${base64}`],
    ['a data URL without padding', () => `data:;base64,${base64.replace(/=+$/, '')}`],
    ['a data URL with a fragment', () => `data:;base64,${base64}#frag`],
    ['a base64 data URL with escapes', () => `data:;base64,${encodeURIComponent(base64)}`],
    ['a percent-encoded data URL', () => `data:image/png,${percent}`],
    ['a data: URL object', () => new URL(`data:image/png;base64,${base64}`)],
    ['a data URL with line breaks', () => `data:image/png;base64,${lines(base64, '\r\n')}\n`],
    ['a data URL with spaces and tabs', () => ` \tdata:image/png;base64, ${lines(base64, ' \t')}`],
    [
      'a data URL with line breaks that are escaped',
      () => `data:image/png;base64,${lines(base64, '%0A').replaceAll('+', '%2b')}`,
    ],
    ['a percent-encoded data URL with line breaks', () => `data:image/png,${lines(percent, '\n')}`],
    ['a data: URL object with line breaks', () => new URL(`data:;base64,${lines(base64, '\n')}`)],
    ['a sharp pipeline', () => sharp(BYTES)],
    ['a sharp pipeline over a path', () => sharp(FILE).png()],
  ])('%s', async (_, make) => expectSmall(await make()));

  it.each([
    ['0.34', () => sharp034(BYTES)],
    ['0.33', () => sharp033(BYTES)],
  ])('a pipeline of sharp %s', LIBRARIES_OF_ONE_NAME, (_, make) => expectSmall(make()));

  async function expectSmall(input: ImageInput): Promise<void> {
    const image = await decodeImage(input, OPTIONS);
    expect([image.width, image.height]).toEqual([37, 53]);
    expect(sha256(image.data)).toBe(await expected());
  }

  it('a sharp pipeline with operations, run without changing it', async () => {
    const own = sharp(BYTES).extract({ left: 3, top: 4, width: 10, height: 8 }).greyscale();
    const image = await decodeImage(own, OPTIONS);
    expect([image.width, image.height]).toEqual([10, 8]);
    expect(image.data.every((v, i) => v === image.data[i - (i % 3)])).toBe(true);
    expect((await own.png().toBuffer({ resolveWithObject: true })).info.format).toBe('png');
  });

  it('sharp pipelines over raw pixels and over created pictures', async () => {
    const rgb = noise(300);
    const image = await decodeImage(pipeline(rgb, 10, 10), OPTIONS);
    expect(Buffer.compare(image.data, rgb)).toBe(0);
    const red = sharp({ create: { width: 2, height: 2, channels: 3, background: '#ff0000' } });
    expect([...(await decodeImage(red, OPTIONS)).data]).toEqual([
      255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0,
    ]);
  });

  it('a file that a link leads to', async () => {
    await inFolder(async (folder) => {
      const link = path.join(folder, 'link');
      symlinkSync(FILE, link);
      expect(sha256((await decodeImage(link, OPTIONS)).data)).toBe(await expected());
    });
  });

  it('a file with line breaks in its name', LINE_BREAKS_IN_NAMES, async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, 'a\nb.png');
      writeFileSync(file, BYTES);
      expect(sha256((await decodeImage(file, OPTIONS)).data)).toBe(await expected());
    });
  });
});

describe('snapshots', () => {
  it.each<[string, (bytes: Uint8Array) => ImageInput]>([
    ['bytes', (bytes) => bytes],
    ['an ArrayBuffer', (bytes) => bytes.buffer],
  ])('%s may be overwritten after the call', async (_, input) => {
    const bytes = new Uint8Array(BYTES);
    const pending = decodeImage(input(bytes), OPTIONS);
    bytes.fill(0);
    expect(sha256((await pending).data)).toBe(await expected());
  });

  it('shared memory and raw pixels may be overwritten after the call', async () => {
    const bytes = shared(BYTES);
    const pixels = noise(60);
    const before = Buffer.from(pixels);
    const pending = [
      decodeImage(bytes, OPTIONS),
      decodeImage({ data: pixels, width: 5, height: 4, channels: 3 }, OPTIONS),
    ] as const;
    bytes.fill(0);
    pixels.fill(0);
    expect(sha256((await pending[0]).data)).toBe(await expected());
    expect(Buffer.compare((await pending[1]).data, before)).toBe(0);
  });

  it('a buffer may be detached after the call', async () => {
    const bytes = new Uint8Array(BYTES);
    const pending = decodeImage(bytes, OPTIONS);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(bytes.length).toBe(0);
    expect(sha256((await pending).data)).toBe(await expected());
  });

  it('a pipeline may be changed after the call', async () => {
    const own = sharp(BYTES);
    const pending = decodeImage(own, OPTIONS);
    own.resize(5, 5);
    expect((await pending).width).toBe(37);
  });
});

describe('refused inputs', () => {
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, '5'],
    [5n, '5n'],
    [true, 'true'],
    [Symbol('s'), 'Symbol(s)'],
    [() => {}, 'a function'],
    [{}, 'an object'],
    [[BYTES], 'an array of 1'],
    [new Date(), 'a Date'],
    [new Float32Array(3), 'an instance of Float32Array'],
    [new Uint16Array(3), 'an instance of Uint16Array'],
    [new DataView(new ArrayBuffer(3)), 'an instance of DataView'],
    [new Proxy({}, {}), 'a Proxy'],
    [Promise.resolve(BYTES), 'an instance of Promise'],
  ])('%o is no picture', async (input, printed) => {
    const error = await inputErrorOf(decodeImage(input as ImageInput, OPTIONS));
    expect(error.code).toBe('ERR_OPTION_TYPE');
    expect(error.message).toContain(`the image is ${printed}, expected a path`);
  });

  it.each([
    ['http://user:secret@host/x.png?key=1', 'http'],
    ['HTTPS://host/x.png', 'https'],
    ['s3://bucket/x.png', 's3'],
    ['file:///x.png', 'file'],
    [new URL('https://user:secret@host/x.png'), 'https'],
    [new URL('blob:nodedata:1234'), 'blob'],
  ])('%s is not fetched, and not repeated in the message', async (input, scheme) => {
    const error = await inputErrorOf(decodeImage(input, OPTIONS));
    expect(error.code).toBe('ERR_IMAGE_NOT_FOUND');
    expect(error.message).toContain(`is an address (${scheme}:), which is not fetched`);
    expect(error.message).not.toContain('secret');
    expect(error.hint).toMatch(/fetch it first|pass/);
  });

  it.each([
    ['data:image/png;base64', 'has no comma'],
    ['data:image/png;base64,iVBOR', 'ends in the middle of a base64 group'],
    ['data:image/png;base64,iVBORw=', 'has wrong base64 padding'],
    ['data:image/png;base64,iV!ORw0K', 'has characters that are not base64'],
    ['data:image/png;base64,iVBO=Rw0K', 'ends in the middle'],
    ['data:image/png;base64,iVB=Rw0K', 'has characters that are not base64'],
    ['data:image/png,%8', 'has a %'],
    ['data:image/png,%zz', 'has a %'],
    ['data:image/png,é', 'has characters that must be written with %'],
    ['data:image/png,', 'is empty'],
    ['data:,hello', 'is text'],
  ])('the malformed data URL %s', async (url, message) => {
    const error = await inputErrorOf(decodeImage(url, OPTIONS));
    expect(error.code).toBe('ERR_IMAGE_FORMAT');
    expect(error.message).toContain(message);
  });

  it('a detached buffer', async () => {
    for (const input of [detached(8), detached(8).buffer]) {
      expect(await inputErrorOf(decodeImage(input, OPTIONS))).toMatchObject({
        code: 'ERR_OPTION_TYPE',
        found: 'a detached buffer',
      });
    }
  });

  it('an object whose getters throw', async () => {
    const hostile = {
      get data(): Uint8Array {
        throw new Error('no data');
      },
    };
    const error = await inputErrorOf(decodeImage(hostile as unknown as ImageInput, OPTIONS));
    expect(error).toMatchObject({ code: 'ERR_OPTION_TYPE' });
    expect(error.message).toContain('no data');
  });
});

describe('base64 text in place of a picture', () => {
  it.each([
    ['a PNG picture', base64],
    ['a PNG picture', lines(base64, '\n')],
    ['a PNG picture', base64.slice(0, 40)],
    ['a JPEG picture', fixture('rotated.jpg').toString('base64')],
    ['a JPEG picture', fixture('rotated.jpg').toString('base64url')],
    ['a WEBP picture', fixture('lossy.webp').toString('base64')],
    ['a GIF picture', fixture('formats/plain.gif').toString('base64')],
    ['a TIFF picture', fixture('formats/rgb-none.tif').toString('base64')],
    ['a BMP picture', fixture('formats/bmp-8.bmp').toString('base64')],
    ['a PDF document', Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1').toString('base64')],
  ])('is recognised: %s', async (holds, text) => {
    const error = await inputErrorOf(decodeImage(text, OPTIONS));
    expect(error).toMatchObject({
      code: 'ERR_IMAGE_FORMAT',
      found: `base64 text of ${holds}`,
      hint: "pass Buffer.from(text, 'base64')",
    });
    expect(error.message).not.toContain(text.slice(0, 12));
  });

  it.each([
    '/9j/pictures/of/the/holidays/first',
    '/world/pictures/of/the/holidays',
    'iVBORw0KGgo.png',
    'R0lGOD/photo.png',
    '/9j/',
  ])('%s is a path', async (text) => {
    const error = await inputErrorOf(decodeImage(text, OPTIONS));
    expect(error).toMatchObject({ code: 'ERR_IMAGE_NOT_FOUND', found: 'does not exist' });
  });
});

describe('paths that are no pictures', () => {
  it('are told apart, within a second', NAMED_PIPES, async () => {
    await inFolder(async (folder) => {
      const at = (name: string): string => path.join(folder, name);
      writeFileSync(at('empty.png'), '');
      writeFileSync(at('page.png'), '<!doctype html>');
      writeFileSync(at('huge.png'), BYTES);
      truncateSync(at('huge.png'), MAX_FILE_BYTES + 1);
      writeFileSync(at('movie.mp4'), Buffer.from('\0\0\0\x18ftypmp42', 'latin1'));
      truncateSync(at('movie.mp4'), MAX_FILE_BYTES);
      symlinkSync(at('loop'), at('loop'));
      execFileSync('mkfifo', [at('pipe')]);
      const server = createServer().listen(at('socket'));
      await new Promise((resolve) => server.once('listening', resolve));
      const cases: readonly (readonly [string, string, string])[] = [
        [at('missing.png'), 'ERR_IMAGE_NOT_FOUND', 'missing.png does not exist'],
        [at('empty.png/x.png'), 'ERR_IMAGE_NOT_FOUND', 'x.png does not exist'],
        [folder, 'ERR_IMAGE_NOT_FOUND', 'is a folder, expected a file'],
        [at('pipe'), 'ERR_IMAGE_NOT_FOUND', 'is a pipe, expected a file'],
        [at('socket'), 'ERR_IMAGE_NOT_FOUND', 'is a socket or device, expected a file'],
        ['/dev/zero', 'ERR_IMAGE_NOT_FOUND', 'is a device, expected a file'],
        [at('loop'), 'ERR_IMAGE_NOT_FOUND', 'its links lead in a circle'],
        ['x'.repeat(100_000), 'ERR_IMAGE_NOT_FOUND', 'the path is too long'],
        ['', 'ERR_IMAGE_NOT_FOUND', 'image "" is not a path'],
        ['a\0b', 'ERR_IMAGE_NOT_FOUND', 'a\\u0000b is not a path'],
        ['no\nsuch.png', 'ERR_IMAGE_NOT_FOUND', 'no\\nsuch.png does not exist'],
        [at('empty.png'), 'ERR_IMAGE_FORMAT', 'is empty'],
        [at('page.png'), 'ERR_IMAGE_FORMAT', 'is an HTML page'],
        [at('movie.mp4'), 'ERR_IMAGE_FORMAT', 'is an MP4'],
        [at('huge.png'), 'ERR_IMAGE_TOO_LARGE', `has ${MAX_FILE_BYTES + 1} bytes, the limit is`],
      ];
      for (const [input, code, message] of cases) {
        const error = await inputErrorOf(decodeImage(input, OPTIONS));
        expect(error.message.length).toBeLessThan(600);
        expect(error.code).toBe(code);
        expect(error.message).toContain(message);
      }
      server.close();
    });
  });

  it('unreadable files are named so', PERMISSION_BITS, async () => {
    await inFolder(async (folder) => {
      const file = path.join(folder, 'secret.png');
      writeFileSync(file, BYTES);
      chmodSync(file, 0);
      chmodSync(folder, 0o755);
      // Root may read everything. This also loads sharp while it can be read.
      if (process.geteuid?.() === 0)
        expect(sha256((await decodeImage(file, OPTIONS)).data)).toBe(await expected());
      const error = await withoutRoot(() => inputErrorOf(decodeImage(file, OPTIONS)));
      expect(error.code).toBe('ERR_IMAGE_NOT_FOUND');
      expect(error.message).toContain('permission denied');
    });
  });
});
