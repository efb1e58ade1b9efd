/** Lists what a model can run on. */
import { fromNative } from './errors.js';
import { native } from './native/binding.js';
import type { NativeDevice } from './native/contract.js';
import { addGpuBackend } from './native/gpu.js';

export type Device = NativeDevice;

/** Devices of this build on this machine: names for the load option `device`, memory in bytes, CPU features. */
export function devices(): readonly Device[] {
  try {
    addGpuBackend('auto');
    return native().devices();
  } catch (error) {
    throw fromNative(error);
  }
}
