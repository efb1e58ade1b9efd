/** Which C library this process has. The package that finds out is loaded when it is first asked. */
import { loadPeer } from '../load-peer.js';

const detectLibc = () =>
  loadPeer('detect-libc', () => require('detect-libc') as typeof import('detect-libc'));

/** `glibc`, `musl`; null where that is no question, as on macOS. */
export const libcFamily = (): string | null => detectLibc().familySync();

export const libcVersion = (): string | null => detectLibc().versionSync();
