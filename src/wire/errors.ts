/** Errors as every front sends them. Which HTTP status or exit code goes with one is decided by the front. */
import { PaliGemmaError } from '../errors.js';
import { showThrown } from '../options/show.js';

/** An error in JSON: its stable code, or that of the system, and its message with the hint. */
export function errorJson(error: unknown): { code: string; message: string } {
  if (error instanceof PaliGemmaError) return { code: error.code, message: error.message };
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return { code: typeof code === 'string' ? code : 'ERR_UNKNOWN', message: showThrown(error) };
}
