/** What a command gets from main.ts: where to write, when to stop, where to read. */
import type { Output } from './output.js';

export interface Context {
  readonly output: Output;
  /** Aborted by the first Ctrl-C and when stdout takes nothing more. */
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** All of stdin, at most `maxBytes`; a second call returns nothing. */
  readonly readStdin: (maxBytes: number) => Promise<Buffer>;
}
