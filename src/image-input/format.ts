/**
 * What some bytes are, from their first bytes alone. Only the formats of the allow-list ever reach a decoder; sharp's
 * other loaders are neither needed nor meant for untrusted data. Everything else gets a name for the error message, and
 * where there is one, the way to make a picture of it.
 */
import type { ErrorFacts } from '../errors.js';
import type { RemedyName } from '../remedies.js';

export const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff', 'bmp'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** A format that can be decoded, or what the bytes look like instead. */
export type Sniffed = { readonly format: ImageFormat } | { readonly looksLike: string };

/** So many bytes decide; more are looked at only to tell kinds of text apart. */
export const SNIFF_BYTES = 1024;

/** Bytes as latin-1 text, `.` for any byte, at an offset. */
interface Magic {
  readonly at?: number;
  readonly bytes: string;
}

const ACCEPTED: readonly (readonly [ImageFormat, ...Magic[]])[] = [
  ['jpeg', { bytes: '\xff\xd8\xff' }],
  ['png', { bytes: '\x89PNG\r\n\x1a\n' }],
  ['webp', { bytes: 'RIFF' }, { at: 8, bytes: 'WEBPVP8' }],
  ['gif', { bytes: 'GIF87a' }],
  ['gif', { bytes: 'GIF89a' }],
  // The size of the second header tells a picture from text that begins with BM: of OS/2, of Windows, and their additions.
  ...[12, 16, 40, 52, 56, 64, 108, 124].map(
    (size) =>
      ['bmp', { bytes: 'BM' }, { at: 14, bytes: `${String.fromCharCode(size)}\0\0\0` }] as const,
  ),
];

const REFUSED: readonly (readonly [string, ...Magic[]])[] = [
  ['a camera raw photo (CR2)', { bytes: 'II*\0' }, { at: 8, bytes: 'CR\x02' }],
  ['a camera raw photo (CR3)', { bytes: 'ftypcrx ', at: 4 }],
  ['a camera raw photo (RAF)', { bytes: 'FUJIFILMCCD-RAW' }],
  ['a camera raw photo (ORF)', { bytes: 'IIRO' }],
  ['a camera raw photo (ORF)', { bytes: 'IIRS' }],
  ['a camera raw photo (RW2)', { bytes: 'IIU\0' }],
  ['an AVI video', { bytes: 'RIFF' }, { at: 8, bytes: 'AVI ' }],
  ['a WAV sound', { bytes: 'RIFF' }, { at: 8, bytes: 'WAVE' }],
  ['a RIFF file', { bytes: 'RIFF' }],
  ['a PDF document', { bytes: '%PDF-' }],
  ['a PostScript file (EPS)', { bytes: '%!PS' }],
  ['a PostScript file (EPS)', { bytes: '\xc5\xd0\xd3\xc6' }],
  ['an icon (ICO)', { bytes: '\0\0\x01\0' }],
  ['a Photoshop file (PSD)', { bytes: '8BPS' }],
  ['a GIMP file (XCF)', { bytes: 'gimp xcf' }],
  ['a JPEG XL picture', { bytes: '\xff\x0a' }],
  ['a JPEG XL picture', { bytes: '\0\0\0\x0cJXL ' }],
  ['a JPEG 2000 picture', { bytes: '\0\0\0\x0cjP  ' }],
  ['a JPEG 2000 picture', { bytes: '\xff\x4f\xff\x51' }],
  ['an OpenEXR picture', { bytes: '\x76\x2f\x31\x01' }],
  ['a Radiance HDR picture', { bytes: '#?RADIANCE' }],
  ['a DirectDraw surface (DDS)', { bytes: 'DDS ' }],
  ['a QOI picture', { bytes: 'qoif' }],
  ['a FITS picture', { bytes: 'SIMPLE  =' }],
  ['a NumPy array', { bytes: '\x93NUMPY' }],
  ['a Matroska or WebM video', { bytes: '\x1a\x45\xdf\xa3' }],
  ['an Ogg file', { bytes: 'OggS' }],
  ['an MP3 sound', { bytes: 'ID3' }],
  ['a zip archive', { bytes: 'PK\x03\x04' }],
  ['a gzip file', { bytes: '\x1f\x8b' }],
  ['a bzip2 file', { bytes: 'BZh' }],
  ['an xz file', { bytes: '\xfd7zXZ\0' }],
  ['a zstd file', { bytes: '\x28\xb5\x2f\xfd' }],
  ['a 7z archive', { bytes: '7z\xbc\xaf\x27\x1c' }],
  ['a rar archive', { bytes: 'Rar!' }],
  ['a GGUF model', { bytes: 'GGUF' }],
  ['an ELF program', { bytes: '\x7fELF' }],
  ['a Windows program', { bytes: 'MZ' }],
];

const TIFF = ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'];

/** ISO media brands (the first box of a HEIF, AVIF, MP4 or MOV file). */
const AVIF_BRANDS = new Set(['avif', 'avis']);
const HEIF_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1']);

const BY_MAGICK = 'convert it first: magick FILE picture.png';

/**
 * What makes a picture of what `sniff` names; the first that fits. In words that are right in code and on a command line, or
 * the name of a remedy that has words for each.
 */
const WAYS_OUT: readonly (readonly [RegExp, string | { readonly remedy: RemedyName }])[] = [
  [
    /colours|samples|compressed with/,
    'convert it first: magick FILE -colorspace sRGB -depth 8 picture.png',
  ],
  [/BMP/, BY_MAGICK],
  [
    /HEIC/,
    'convert it first: heif-convert photo.heic photo.jpg, or on macOS sips -s format jpeg photo.heic --out photo.jpg',
  ],
  [/PDF/, 'make pictures of its pages first: pdftoppm -r 150 -png document.pdf page'],
  [/SVG/, { remedy: 'draw-svg' }],
  [/PostScript/, 'draw it first: gs -sDEVICE=png16m -r150 -dEPSCrop -o page.png FILE'],
  [/JPEG XL/, 'convert it first: djxl FILE picture.png'],
  [/JPEG 2000/, 'convert it first: opj_decompress -i FILE -o picture.png'],
  [
    /camera raw/,
    'develop it first, or take the preview that the camera made: exiftool -b -JpgFromRaw FILE > photo.jpg',
  ],
  [/Photoshop|GIMP|icon|OpenEXR|Radiance|DirectDraw|QOI|FITS/, BY_MAGICK],
  [/MP4|QuickTime|video/, { remedy: 'read-video' }],
  [/data URL/, 'pass the text itself instead of the file'],
  [/base64/, { remedy: 'decode-base64' }],
  [/Git LFS/, 'run git lfs pull'],
  [/zip archive|gzip|bzip2|xz file|zstd|7z|rar/, 'unpack it first'],
];

/** What can be done about something that is no picture: for what `sniff` named. */
export function wayOut(looksLike: string): Pick<ErrorFacts, 'hint' | 'remedy'> {
  const way = WAYS_OUT.find(([kind]) => kind.test(looksLike))?.[1];
  if (way === undefined) return {};
  return typeof way === 'string' ? { hint: way } : way;
}

/** Decides from the first SNIFF_BYTES of a file; more may be given. */
export function sniff(bytes: Uint8Array): Sniffed {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SNIFF_BYTES));
  if (head.length === 0) return { looksLike: 'empty' };
  const text = head.toString('latin1');
  const isMatch = (magic: Magic): boolean => text.startsWith(magic.bytes, magic.at ?? 0);
  for (const [format, ...magics] of ACCEPTED) if (magics.every(isMatch)) return { format };
  for (const [name, ...magics] of REFUSED) if (magics.every(isMatch)) return { looksLike: name };
  if (TIFF.some((magic) => text.startsWith(magic))) return { format: 'tiff' };
  if (text.startsWith('ftyp', 4)) return isoMedia(head, text);
  return { looksLike: looksLikeText(head) ?? unknown(head) };
}

function isoMedia(head: Buffer, text: string): Sniffed {
  // Box: u32 size, 'ftyp', major brand, u32 minor version, compatible brands up to the end of the box.
  const end = Math.min(head.length, head.readUInt32BE(0));
  const brands = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text.slice(at, at + 4));
  // Some writers put the general `mif1` first and name AVIF among the compatible ones only.
  if (brands.some((brand) => AVIF_BRANDS.has(brand))) return { format: 'avif' };
  if (brands.some((brand) => HEIF_BRANDS.has(brand))) return { looksLike: 'a HEIC picture' };
  return { looksLike: 'an MP4 or QuickTime file' };
}

function looksLikeText(head: Buffer): string | undefined {
  const wide =
    (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)
      ? 'UTF-16 text'
      : undefined;
  if (wide) return wide;
  // Text has no control bytes but white space; a cut UTF-8 character at the end is fine.
  if (head.some((b) => b < 9 || (b > 13 && b < 32 && b !== 27) || b === 127)) return undefined;
  const text = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (text.includes('\ufffd') && text.indexOf('\ufffd') < text.length - 3) return undefined;
  if (/^(<!doctype html|<html|<head|<body|<script)/i.test(text)) return 'an HTML page';
  if (/<svg[\s>]/i.test(text)) return 'an SVG drawing';
  if (text.startsWith('<?xml') || /^<!doctype svg/i.test(text)) {
    return /svg/i.test(text) ? 'an SVG drawing' : 'an XML file';
  }
  if (text.startsWith('version https://git-lfs')) {
    return 'a Git LFS pointer (the file itself was not fetched)';
  }
  if (/^data:/i.test(text)) return 'a data URL stored as text';
  if (base64Picture(text) !== undefined) return 'base64 text of a picture';
  if (/^[[{]/.test(text)) return 'JSON or other text';
  return text === '' ? 'blank text' : 'text';
}

/**
 * What base64 text holds when it is a picture or a document: `a PNG picture`; undefined for any other text, paths among
 * them. Reads the beginning only.
 */
export function base64Picture(text: string): string | undefined {
  // White space is dropped wherever it is: tools break lines after 64 or 76 characters.
  const digits = text.slice(0, SNIFF_BYTES).replace(/\s+/g, '');
  if (digits.length < 20 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(digits)) return undefined;
  // A JPEG XL picture may begin so, with two bytes that tell; so does the path /work, and more often.
  if (digits.startsWith('/wo')) return undefined;
  const bytes = Buffer.from(digits, 'base64');
  const sniffed = sniff(bytes);
  if ('looksLike' in sniffed) {
    return /picture|photo|document|drawing/.test(sniffed.looksLike) ? sniffed.looksLike : undefined;
  }
  // "/9j/" may begin a path as well; a JPEG goes on with another marker.
  if (sniffed.format === 'jpeg' && (bytes[3] ?? 0) < 0xc0) return undefined;
  return `a ${sniffed.format.toUpperCase()} picture`;
}

function unknown(head: Buffer): string {
  if (head.every((b) => b === 0)) return 'zero bytes';
  return `unknown data (starts with ${head.subarray(0, 4).toString('hex')})`;
}
