/** Errors as every front sends them. Which HTTP status or exit code goes with one is decided by the front. */
import { PaliGemmaError } from '../errors.js';
import { showThrown } from '../options/show.js';
import type { Front } from '../remedies.js';

/** An error in JSON: its stable code, or that of the system, and its message with the hint in the words of `front`. */
export function errorJson(error: unknown, front: Front): { code: string; message: string } {
  if (error instanceof PaliGemmaError) {
    return { code: error.code, message: error.messageFor(front) };
  }
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return { code: typeof code === 'string' ? code : 'ERR_UNKNOWN', message: showThrown(error) };
}
