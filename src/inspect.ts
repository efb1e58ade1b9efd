/** What a GGUF file holds, read from its header and tensor table; weights are neither read nor loaded. */
import { atCaller } from './caller.js';
import { fromNative } from './errors.js';
import { isHubId } from './hub/id.js';
import { refuseOtherNames } from './hub/model-files.js';
import { pull } from './hub/pull.js';
import { native } from './native/binding.js';
import type { NativeGgufInfo } from './native/contract.js';
import { withPlace } from './options/arguments.js';
import { filePath } from './options/file.js';
import type { PullOptions } from './options/types.js';

export type GgufInfo = NativeGgufInfo;

/**
 * Reads and checks header and tensor table of any GGUF file, a PaliGemma or not. Throws `ERR_MODEL_NOT_FOUND` or another
 * `ERR_MODEL_*` that says what is wrong with the file. A model on the hub (`hf:owner/repo`) is downloaded first, with `options`
 * and errors as of `pull`.
 *
 * @example
 * const { metadata, tensors } = await inspect('paligemma-3b-mix-224-q8_0.gguf');
 */
export async function inspect(file: string | URL, options?: PullOptions): Promise<GgufInfo> {
  return atCaller(inspect, () => read(file, options));
}

async function read(file: string | URL, options: PullOptions | undefined): Promise<GgufInfo> {
  const name = filePath('file', file, 'a GGUF file');
  const path = isHubId(name) ? await pull(name, options) : name;
  await refuseOtherNames(path);
  try {
    return await native().inspect(path);
  } catch (error) {
    throw withPlace(fromNative(error), [path]);
  }
}
