import { PaliGemmaError } from '../errors.js';

/** What the exit codes of the command line mean. */
export const EXIT = {
  ok: 0,
  failure: 1,
  /** Unknown command or flag, or a value that a flag does not take. */
  usage: 2,
  /** Some of several inputs failed, the others are done; or files were left out and that was not allowed. */
  someFailed: 6,
  /** All was done, and a figure misses the limit that was set. */
  missed: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Whether the command was asked for something it does not do, which no other picture would change. */
export function isUsage(error: unknown): boolean {
  return error instanceof PaliGemmaError && error.code.startsWith('ERR_OPTION_');
}
