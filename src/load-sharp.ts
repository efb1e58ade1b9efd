/** sharp, which decodes and encodes pictures: where it is missing, everything that needs no pictures still works. */
import type sharp from 'sharp';
import { loadPeer } from './load-peer.js';

export type { Metadata, Sharp } from 'sharp';

/** Throws ERR_DEPENDENCY_MISSING. */
export function loadSharp(): typeof sharp {
  return loadPeer('sharp', () => require('sharp') as typeof sharp, {
    // Its own binaries are optional dependencies, which some installs leave out.
    flags: '--include=optional',
    without: 'raw pixels are taken without it',
  });
}
