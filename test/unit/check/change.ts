/** A violation: the changes that make it, and the sentences that say where the thing belongs. */
import { expect } from 'vitest';

/** Contents of a file from those it has, empty where there is none; `root` is the copy's folder. */
export type Change = (text: string, root: string) => string;

export interface Violation {
  readonly what: string;
  readonly check: string;
  /** Runs by itself: another violation of its check would hide it. */
  readonly alone?: true;
  readonly changes: Readonly<Record<string, Change>>;
  readonly says: readonly RegExp[];
}

export const before =
  (first: string): Change =>
  (text) =>
    `${first}\n${text}`;
export const after =
  (last: string): Change =>
  (text) =>
    `${text}\n${last}\n`;
export const file =
  (text: string): Change =>
  () =>
    text;
export const replace =
  (from: string | RegExp, to: string): Change =>
  (text) => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    return changed;
  };
export const lines = (n: number, line: string): string => `${line}\n`.repeat(n);
