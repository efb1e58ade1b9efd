/** Loads sharp when it is first needed: where it is missing, everything that needs no pictures still works. */
import type sharp from 'sharp';
import { makeError } from './errors.js';
import { oneLine } from './options/show.js';

export type { Metadata, Sharp } from 'sharp';

/** Throws ERR_BINARY_NOT_FOUND. */
export function loadSharp(): typeof sharp {
  try {
    return require('sharp') as typeof sharp;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw makeError('ERR_BINARY_NOT_FOUND', `cannot load sharp: ${oneLine(reason)}`, {
      name: 'sharp',
      hint: 'run npm install --include=optional sharp; raw pixels are taken without it',
      cause,
    });
  }
}
