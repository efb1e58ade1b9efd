/** Pictures to their pages, for --all-pages. Decoding is the library's. */
import { MAX_FILE_BYTES } from '../../image-input/source.js';
import { PIXEL_OPTIONS } from '../../options/image.js';
import type { Context } from '../context.js';
import { givenFlags } from '../flags.js';
import { checkPicture } from './arguments.js';
import type { Input } from './inputs.js';

/**
 * Each page of each input, decoded when it is asked for; a failure takes the place of the pages that cannot be read.
 * `reader` as in checkPicture; of `options` those of reading pixels are used.
 */
export async function* eachPage(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  context: Context,
  reader: string,
  options: Readonly<Record<string, unknown>>,
): AsyncGenerator<Input, void> {
  // Here and not above: --help and usage errors should not wait for sharp and the addon.
  const { pages } = await import('../../index.js');
  const reading = givenFlags(PIXEL_OPTIONS, options);
  const { signal } = context;
  for await (const input of inputs) {
    const { image, isStdin } = input;
    try {
      if (input.error !== undefined) throw input.error;
      if (!isStdin) checkPicture(image, reader);
      const source = isStdin ? await context.readStdin(MAX_FILE_BYTES) : image;
      for await (const picture of pages(source, { ...reading, signal })) {
        yield { image, page: picture.page, picture, ...(isStdin && { isStdin }) };
      }
    } catch (error) {
      yield { image, error };
    }
  }
}
