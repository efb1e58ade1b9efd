/** Finds and loads the .node file, and explains when there is none. */
import path from 'node:path';
import loadNative from 'node-gyp-build';
import { makeError } from '../errors.js';
import type { NativeBinding } from './contract.js';

const ROOT = path.resolve(__dirname, '..', '..');
const BUILD_COMMAND = 'npm explore node-paligemma -- npm run build:native';

let binding: NativeBinding | undefined;

/** The addon of this thread. Throws ERR_BINARY_NOT_FOUND with what was tried and the command that repairs it. */
export function native(): NativeBinding {
  binding ??= load();
  return binding;
}

function load(): NativeBinding {
  try {
    return loadNative(ROOT) as NativeBinding;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    const denied = (cause as { code?: string }).code === 'ERR_DLOPEN_DISABLED';
    throw makeError('ERR_BINARY_NOT_FOUND', `cannot load the native addon: ${reason}`, {
      name: 'paligemma.node',
      found: `${process.platform}-${process.arch}, Node ${process.version}, looked in ${ROOT}/build/Release and ${ROOT}/prebuilds`,
      expected: 'a binary built for this platform',
      hint: denied
        ? 'start Node with --allow-addons'
        : `build it with a C++20 compiler and CMake: ${BUILD_COMMAND}`,
      cause,
    });
  }
}
