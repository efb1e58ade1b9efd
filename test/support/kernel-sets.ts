/** What this machine can multiply with: every numerical test runs on each of them. */
import { native } from '../../src/native/binding.js';
import { KERNEL_SETS, type KernelSet } from '../../src/options/closed-sets.js';

const has = native().kernelSets();

export const AVAILABLE_KERNEL_SETS: readonly KernelSet[] = KERNEL_SETS.filter((set) => has[set]);
export const MISSING_KERNEL_SETS: readonly KernelSet[] = KERNEL_SETS.filter((set) => !has[set]);
