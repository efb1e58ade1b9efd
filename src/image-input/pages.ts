/** The pages of a file as pictures, one after the other. Which formats have pages is sharp's: see decode.ts. */
import { callerOf } from '../caller.js';
import { type ParsedPagesOptions, parsePagesOptions } from '../options/image.js';
import type { PagesOptions } from '../options/types.js';
import { decodeFile, decodePipeline, decodePixels, readPages } from './decode.js';
import {
  type ImageInput,
  type ImageSource,
  type RawPixels,
  readSource,
  takeSource,
} from './source.js';

/** A page as a picture that every call takes. */
export interface PicturePage extends RawPixels {
  readonly channels: 3;
  /** Which page it is, counted from 0. */
  readonly page: number;
  /** How many there are. */
  readonly pages: number;
}

/**
 * Pages of a TIFF (scans, faxes) or frames of an animated GIF, WebP or AVIF, each decoded when it is asked for: RGB,
 * upright, in full size. What has no pages is one page. The picture is read before this returns, but for files, which
 * are read when the loop begins.
 *
 * Throws ERR_OPTION_… at once. The loop rejects with ERR_IMAGE_…, or with the reason of the signal.
 *
 * @example
 * for await (const page of pages('scan.tiff')) console.log(page.page, (await model.ocr(page)).text);
 */
export function pages(
  image: ImageInput,
  options?: PagesOptions,
): AsyncGenerator<PicturePage, void, undefined> {
  const parsed = parsePagesOptions(options);
  return placed(readAll(takeSource(image, parsed.maxPixels), parsed), callerOf(pages));
}

/** What fails in the loop has the place of the call. */
async function* placed<T>(
  items: AsyncGenerator<T, void, undefined>,
  place: (error: unknown) => unknown,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    throw place(error);
  }
}

async function* readAll(
  source: ImageSource,
  options: ParsedPagesOptions,
): AsyncGenerator<PicturePage, void, undefined> {
  options.signal?.throwIfAborted();
  if (source.kind === 'pixels' || source.kind === 'sharp') {
    const decoded =
      source.kind === 'pixels'
        ? decodePixels(source.pixels, options)
        : decodePipeline(source.pipeline, source.label, options);
    yield { ...(await decoded), channels: 3, page: 0, pages: 1 };
    return;
  }
  const bytes = await readSource(source);
  const { count } = await readPages(bytes, source.label);
  for (let page = 0; page < count; page++) {
    options.signal?.throwIfAborted();
    const name = page === 0 ? source.label : `page ${page} of ${source.label}`;
    const decoded = await decodeFile(bytes, name, { ...options, page });
    yield { ...decoded, channels: 3, page, pages: count };
  }
}
