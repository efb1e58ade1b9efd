/** Pictures of `--annotate`: where they go, which format they have, and drawing them. Writing is picture-files.ts's. */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../../errors.js';
import { SNIFF_BYTES, type Sniffed, sniff } from '../../image-input/format.js';
import type { AnnotateOptions, ImageInput, PicturePage } from '../../index.js';
import { type AnnotationFormat, FILE_OPTIONS } from '../../options/annotate.js';
import { IMAGE_OPTIONS, PIXEL_OPTIONS } from '../../options/image.js';
import { oneLine } from '../../options/show.js';
import type { AnswerKind } from '../../tasks/registry.js';
import { drawingOf } from '../../wire/drawing.js';
import { givenFlags } from '../flags.js';
import { quoted } from '../missing.js';
import { STDIN } from './inputs.js';
import { type Existing, isNamedFolder, PictureFiles } from './picture-files.js';
import { isPictureName } from './walk.js';

/** Extensions of the formats that can be written; the first is the one for new names. */
const EXTENSIONS: Readonly<Record<AnnotationFormat, readonly [string, ...string[]]>> = {
  png: ['png'],
  jpeg: ['jpg', 'jpeg', 'jpe', 'jfif'],
  webp: ['webp'],
  svg: ['svg'],
};

/** Where drawings go. */
export interface Drawings {
  readonly files: PictureFiles;
  /** Of the one file; undefined in a folder, where each drawing has that of its picture. */
  readonly format: AnnotationFormat | undefined;
}

/** What `--annotate` names: a file of a format that can be written, or a folder. */
export async function openDrawings(
  target: string | undefined,
  existing: Existing,
): Promise<Drawings | undefined> {
  if (target === undefined) return undefined;
  const there = await stat(target).catch(() => undefined);
  const isFolder = there?.isDirectory() || isNamedFolder(target);
  const format = isFolder ? undefined : formatOfName(target);
  if (format !== undefined) {
    return { files: await PictureFiles.openFile(target, existing), format };
  }
  if (!isFolder) checkFolderName(target);
  return { files: await PictureFiles.open(target, existing), format };
}

/** Throws for what is rather the name of a file, in a format that nothing is drawn in, or standard output. */
function checkFolderName(name: string): void {
  const extension = path.extname(name).toLowerCase();
  if (extension === '' && name !== STDIN && name !== '') return;
  const formats = Object.values(EXTENSIONS).map(([first]) => `.${first}`);
  const expected = `a folder, or a file that ends in ${formats.join(', ')}`;
  const found =
    name === '' ? 'empty' : name === STDIN ? 'standard output' : `the name of a ${extension} file`;
  throw makeError(
    'ERR_OPTION_RANGE',
    `--annotate ${oneLine(name) || '""'} is ${found}, expected ${expected}`,
    {
      name: 'annotate',
      found,
      expected,
      ...(name !== STDIN && { hint: `a folder of this name: --annotate ${quoted(`${name}/`)}` }),
    },
  );
}

/** What becomes of drawings that exist, as the flags say. */
export function existingDrawings(
  target: string | undefined,
  { overwrite, resume }: { readonly overwrite?: boolean; readonly resume?: boolean },
): Existing {
  if (overwrite) return 'replaced';
  if (resume) return 'left';
  const isPicture = target !== undefined && isPictureName(target);
  return {
    expected: 'no such file',
    hint: `choose another name for --annotate, or replace it with --overwrite${isPicture ? '; a picture to be looked at is named before --annotate' : ''}`,
  };
}

/** The format that the name of a file asks for. */
export function formatOfName(name: string): AnnotationFormat | undefined {
  const extension = path.extname(name).slice(1).toLowerCase();
  const found = Object.entries(EXTENSIONS).find(([, all]) => all.includes(extension));
  return found?.[0] as AnnotationFormat | undefined;
}

/** The extension of a drawing: that of the picture, where it says the same. */
export function extensionFor(format: AnnotationFormat, image: string): string {
  const own = path.extname(image).slice(1);
  return formatOfName(image) === format ? own : EXTENSIONS[format][0];
}

/** What `--annotate` may be combined with. */
export const DRAWN_OPTIONS = { roomy: FILE_OPTIONS.roomy };

/**
 * The picture's own format where it can be written. For the others JPEG where the picture was compressed with loss, as the
 * PNG of a photo is many times its size; else PNG. `image` is the file where `picture` has no bytes. */
export async function ownFormat(image: string, picture: ImageInput): Promise<AnnotationFormat> {
  const sniffed = sniff(picture instanceof Uint8Array ? picture : await beginning(image));
  const format = 'format' in sniffed ? sniffed.format : undefined;
  if (format === 'webp') return format;
  return format === 'jpeg' || format === 'avif' || isVideo(sniffed) ? 'jpeg' : 'png';
}

async function beginning(file: string): Promise<Uint8Array> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return new Uint8Array();
  try {
    const bytes = Buffer.alloc(SNIFF_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, SNIFF_BYTES, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function isVideo(sniffed: Sniffed): boolean {
  return 'looksLike' in sniffed && /MP4|video/.test(sniffed.looksLike);
}

/** How `annotate` reads and draws: as the task reads its pictures, and as the flags say. */
export function drawnWith(
  given: Readonly<Record<string, unknown>>,
  flags: object,
): AnnotateOptions {
  return { ...givenFlags(IMAGE_OPTIONS, given), ...givenFlags(DRAWN_OPTIONS, flags) };
}

/** The picture with what was found drawn in, or with the answer under it. */
export async function draw(
  image: ImageInput,
  format: AnnotationFormat,
  kind: AnswerKind,
  result: object,
  options: AnnotateOptions,
): Promise<Uint8Array> {
  // Here and not above: --help and usage errors should not wait for sharp and the addon.
  const { annotate } = await import('../../index.js');
  const { objects, ...caption } = drawingOf(kind, result);
  return annotate(image, objects, { ...options, ...caption, format });
}

/** The first frame of a clip, which its answer is drawn on. */
export async function firstFrame(clip: ImageInput): Promise<ImageInput> {
  const index = await import('../../index.js');
  const [frame] = await index.videoFrames(clip, { count: 1 });
  return frame ?? clip;
}

/** Between two pictures. */
const GAP = 8;
/** As around drawn pictures. */
const BETWEEN = 0x20;

/** Two files beside each other, their upper edges on one line, with the answer about them underneath. */
export async function drawPair(
  pair: readonly [string, string],
  format: AnnotationFormat,
  kind: AnswerKind,
  result: object,
  { page = 0, ...options }: AnnotateOptions,
): Promise<Uint8Array> {
  const [left, right] = await Promise.all(pair.map((image) => decoded(image, page, options)));
  if (left === undefined || right === undefined) throw new Error('a pair has two pictures');
  const width = left.width + GAP + right.width;
  const height = Math.max(left.height, right.height);
  const data = new Uint8Array(width * height * 3).fill(BETWEEN);
  for (const { picture, x } of [
    { picture: left, x: 0 },
    { picture: right, x: left.width + GAP },
  ]) {
    const stride = picture.width * 3;
    for (let y = 0; y < picture.height; y++) {
      data.set(picture.data.subarray(y * stride, (y + 1) * stride), (y * width + x) * 3);
    }
  }
  // Each has been checked against the limit on its own.
  const joined = { data, width, height, channels: 3 } as const;
  const all = { ...givenFlags(DRAWN_OPTIONS, options), maxPixels: width * height };
  return draw(joined, format, kind, result, all);
}

async function decoded(
  image: string,
  page: number,
  options: AnnotateOptions,
): Promise<PicturePage | undefined> {
  const { pages } = await import('../../index.js');
  for await (const one of pages(image, givenFlags(PIXEL_OPTIONS, options))) {
    if (one.page === page) return one;
  }
  return undefined;
}
