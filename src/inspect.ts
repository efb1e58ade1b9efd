/** What a GGUF file holds, read from its header and tensor table; weights are neither read nor loaded. */
import { fileURLToPath } from 'node:url';
import { fromNative, makeError } from './errors.js';
import { native } from './native/binding.js';
import type { NativeGgufInfo } from './native/contract.js';
import { showValue } from './options/show.js';

export type GgufInfo = NativeGgufInfo;

/**
 * Reads and checks header and tensor table of any GGUF file, a PaliGemma or not. Throws `ERR_MODEL_NOT_FOUND` or another
 * `ERR_MODEL_*` that says what is wrong with the file.
 *
 * @example
 * const { metadata, tensors } = await inspect('paligemma-3b-mix-224-q8_0.gguf');
 */
export async function inspect(file: string | URL): Promise<GgufInfo> {
  const path = file instanceof URL && file.protocol === 'file:' ? fileURLToPath(file) : file;
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw makeError('ERR_OPTION_TYPE', `file is ${showValue(file)}, expected the path of a file`, {
      name: 'file',
      found: showValue(file),
      expected: 'a path or a file: URL',
    });
  }
  try {
    return await native().inspect(path);
  } catch (error) {
    throw fromNative(error);
  }
}
