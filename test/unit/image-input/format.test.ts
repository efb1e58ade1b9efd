/** What the magic bytes of files of many kinds are taken for. */
import { describe, expect, it } from 'vitest';
import { IMAGE_FORMATS, sniff } from '../../../src/image-input/format.js';
import { decodeImage } from '../../../src/image-input/prepare.js';
import { everyFormat, inputErrorOf, noise, OPTIONS, pipeline } from './files.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const ftyp = (...brands: string[]): Buffer => {
  const [major = '', ...compatible] = brands;
  const box = Buffer.alloc(16 + 4 * compatible.length);
  box.writeUInt32BE(box.length, 0);
  box.write(`ftyp${major}`, 4, 'latin1');
  box.write(compatible.join(''), 16, 'latin1');
  return Buffer.concat([box, Buffer.alloc(64)]);
};

const REFUSED: readonly (readonly [string, Uint8Array])[] = [
  ['empty', Buffer.alloc(0)],
  ['zero bytes', Buffer.alloc(100)],
  ['unknown data (starts with 01020384)', Buffer.from([1, 2, 3, 0x84, 5])],
  ['an SVG drawing', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['an SVG drawing', Buffer.from('\ufeff  <?xml version="1.0"?>\n<!-- x -->\n<svg width="1"/>')],
  ['an SVG drawing', Buffer.from('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">')],
  ['an XML file', Buffer.from('<?xml version="1.0"?><a/>')],
  ['an HTML page', Buffer.from('<!doctype html><svg></svg>')],
  ['an HTML page', Buffer.from('\n<HTML><body>404')],
  ['a PDF document', latin1('%PDF-1.7\n')],
  ['a PostScript file (EPS)', latin1('%!PS-Adobe-3.0 EPSF-3.0')],
  ['a PostScript file (EPS)', latin1('\xc5\xd0\xd3\xc6\x1e\0\0\0')],
  ['a HEIC picture', ftyp('heic', 'mif1', 'heic')],
  ['a HEIC picture', ftyp('mif1', 'mif1', 'heic')],
  ['an MP4 or QuickTime file', ftyp('isom', 'mp41')],
  ['an MP4 or QuickTime file', ftyp('qt  ')],
  ['an icon (ICO)', latin1('\0\0\x01\0\x01\0')],
  ['a Photoshop file (PSD)', latin1('8BPS\0\x01')],
  ['a GIMP file (XCF)', latin1('gimp xcf v011')],
  ['a JPEG XL picture', latin1('\xff\x0a\0')],
  ['a JPEG XL picture', latin1('\0\0\0\x0cJXL \r\n\x87\n')],
  ['a JPEG 2000 picture', latin1('\0\0\0\x0cjP  \r\n\x87\n')],
  ['a JPEG 2000 picture', latin1('\xff\x4f\xff\x51')],
  ['an OpenEXR picture', latin1('\x76\x2f\x31\x01')],
  ['a Radiance HDR picture', latin1('#?RADIANCE\n')],
  ['a DirectDraw surface (DDS)', latin1('DDS |')],
  ['a QOI picture', latin1('qoif\0')],
  ['a FITS picture', latin1('SIMPLE  =                    T')],
  ['a camera raw photo (CR2)', latin1('II*\0\x10\0\0\0CR\x02\0')],
  ['a camera raw photo (CR3)', ftyp('crx ', 'isom')],
  ['a camera raw photo (RAF)', latin1('FUJIFILMCCD-RAW 0201')],
  ['a camera raw photo (ORF)', latin1('IIRO\x08\0\0\0')],
  ['a camera raw photo (RW2)', latin1('IIU\0\x08\0\0\0')],
  ['an AVI video', latin1('RIFF\0\0\0\0AVI LIST')],
  ['a WAV sound', latin1('RIFF\0\0\0\0WAVEfmt ')],
  ['a RIFF file', latin1('RIFF\0\0\0\0WEBPxxxx')],
  ['a Matroska or WebM video', latin1('\x1a\x45\xdf\xa3')],
  ['an Ogg file', latin1('OggS')],
  ['an MP3 sound', latin1('ID3\x04')],
  ['a zip archive', latin1('PK\x03\x04')],
  ['a gzip file', latin1('\x1f\x8b\x08')],
  ['a bzip2 file', latin1('BZh9')],
  ['an xz file', latin1('\xfd7zXZ\0')],
  ['a zstd file', latin1('\x28\xb5\x2f\xfd')],
  ['a 7z archive', latin1('7z\xbc\xaf\x27\x1c')],
  ['a rar archive', latin1('Rar!\x1a\x07')],
  ['a NumPy array', latin1('\x93NUMPY')],
  ['a GGUF model', latin1('GGUF\x03\0\0\0')],
  ['an ELF program', latin1('\x7fELF')],
  ['a Windows program', latin1('MZ\x90\0')],
  [
    'a Git LFS pointer (the file itself was not fetched)',
    latin1('version https://git-lfs.github.com/spec/v1\n'),
  ],
  ['a data URL stored as text', latin1('data:image/png;base64,iVBOR')],
  ['base64 text of a picture', latin1('iVBORw0KGgoAAAANSUhEUg')],
  ['JSON or other text', latin1('{"error": "not found"}')],
  ['text', latin1('BM is how this text begins, and no picture')],
  ['text', Buffer.from('Grüße, 世界')],
  ['text', Buffer.from('é'.repeat(600)).subarray(0, 1023)],
  ['blank text', latin1('\n\n')],
  ['UTF-16 text', Buffer.from('\ufeffhello', 'utf16le')],
];

describe('sniff', () => {
  it.each(REFUSED)('names %s', (looksLike, bytes) => {
    expect(sniff(bytes)).toEqual({ looksLike });
  });

  it('accepts each format of the list, and files of it cut to a few bytes', async () => {
    const seen = new Set<string>();
    for (const [name, file] of await everyFormat()) {
      const sniffed = sniff(file);
      if (!('format' in sniffed)) throw new Error(`${name} looks like ${sniffed.looksLike}`);
      expect(name).toContain(sniffed.format);
      expect(sniff(file.subarray(0, 32))).toEqual(sniffed);
      seen.add(sniffed.format);
    }
    expect([...seen].sort()).toEqual([...IMAGE_FORMATS].sort());
  });

  it('accepts AVIF whose general brand comes first, and big-endian and big TIFF', () => {
    expect(sniff(ftyp('mif1', 'mif1', 'avif', 'miaf'))).toEqual({ format: 'avif' });
    expect(sniff(ftyp('avis', 'msf1'))).toEqual({ format: 'avif' });
    for (const magic of ['II*\0', 'MM\0*', 'II+\0', 'MM\0+']) {
      expect(sniff(latin1(`${magic}\x08\0\0\0`))).toEqual({ format: 'tiff' });
    }
  });

  it('reads no brands beyond the box, whatever size it claims', () => {
    const box = ftyp('isom', 'avif');
    box.writeUInt32BE(16, 0);
    expect(sniff(box)).toEqual({ looksLike: 'an MP4 or QuickTime file' });
    box.writeUInt32BE(0xffffffff, 0);
    expect(sniff(box)).toEqual({ format: 'avif' });
    expect(sniff(box.subarray(0, 9))).toEqual({ looksLike: 'an MP4 or QuickTime file' });
  });
});

it.each(REFUSED)('decodeImage refuses %s by that name', async (looksLike, bytes) => {
  const error = await inputErrorOf(decodeImage(bytes, OPTIONS));
  expect(error.code).toBe('ERR_IMAGE_FORMAT');
  const sentence = `the picture is ${looksLike}, expected a JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP picture`;
  expect(error.message).toBe(error.hint === undefined ? sentence : `${sentence} (${error.hint})`);
});

it.each([
  ['a HEIC picture', 'heif-convert photo.heic photo.jpg, or on macOS sips'],
  ['a PDF document', 'pdftoppm -r 150 -png'],
  ['an SVG drawing', 'sharp(file, { density: 144 })'],
  ['a PostScript file (EPS)', 'gs -sDEVICE=png16m'],
  ['a JPEG XL picture', 'djxl'],
  ['a JPEG 2000 picture', 'opj_decompress'],
  ['a camera raw photo (CR3)', 'exiftool'],
  ['a Photoshop file (PSD)', 'magick'],
  ['an icon (ICO)', 'magick'],
  ['an MP4 or QuickTime file', 'videoFrames'],
  ['base64 text of a picture', "Buffer.from(text, 'base64')"],
  ['a zip archive', 'unpack it first'],
])('%s: the error says what makes a picture of it', async (looksLike, hint) => {
  const bytes = REFUSED.find(([name]) => name === looksLike)?.[1] ?? new Uint8Array();
  expect((await inputErrorOf(decodeImage(bytes, OPTIONS))).hint).toContain(hint);
});

it('names raw photos that are TIFF files, and does not take their thumbnail for the picture', async () => {
  const thumbnail = await pipeline(noise(48), 4, 4).tiff({ compression: 'none' }).toBuffer();
  const withTags = (...tags: readonly (readonly [tag: number, type: number, value: number])[]) => {
    // The directory once more at the end, with entries that the first one does not have.
    const at = thumbnail.readUInt32LE(4);
    const entries = Array.from({ length: thumbnail.readUInt16LE(at) }, (_, i) =>
      thumbnail.subarray(at + 2 + 12 * i, at + 14 + 12 * i),
    ).filter((entry) => tags.every(([tag]) => tag !== entry.readUInt16LE(0)));
    for (const [tag, type, value] of tags) {
      const entry = Buffer.alloc(12);
      entry.writeUInt16LE(tag, 0);
      entry.writeUInt16LE(type, 2);
      entry.writeUInt32LE(1, 4);
      entry.writeUInt32LE(value, 8);
      entries.push(entry);
    }
    entries.sort((a, b) => a.readUInt16LE(0) - b.readUInt16LE(0));
    const count = Buffer.alloc(2);
    count.writeUInt16LE(entries.length);
    const file = Buffer.concat([thumbnail, count, ...entries, Buffer.alloc(4)]);
    file.writeUInt32LE(thumbnail.length, 4);
    return file;
  };
  expect((await decodeImage(withTags(), OPTIONS)).width).toBe(4);
  expect((await decodeImage(withTags([254, 4, 1]), OPTIONS)).width).toBe(4);
  for (const [tags, found] of [
    [[[50_706, 1, 0x0401]], 'a camera raw photo (DNG)'],
    [
      [
        [254, 4, 1],
        [330, 4, 8],
      ],
      'a camera raw photo',
    ],
  ] as const) {
    expect(await inputErrorOf(decodeImage(withTags(...tags), OPTIONS))).toMatchObject({
      code: 'ERR_IMAGE_FORMAT',
      found,
    });
  }
});

it('does not let a loader run on a picture that only starts like one of ours', async () => {
  // libvips would also take SVG after a comment; the gate decides on the first bytes alone.
  const disguised = Buffer.concat([
    latin1('\xff\xd8\xff'),
    Buffer.from('<svg width="9" height="9"/>'),
  ]);
  expect(await inputErrorOf(decodeImage(disguised, OPTIONS))).toMatchObject({
    code: 'ERR_IMAGE_CORRUPT',
  });
});
