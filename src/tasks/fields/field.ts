/** What every reader of this folder returns, and the help they share. Each kind of value has a file of its own. */

/** A value read out of an answer. */
export interface Found<T> {
  readonly value: T;
  /** The part of the answer that says so, unchanged. */
  readonly text: string;
}

/** Longer texts are no short answers; nothing is read from them, so that a runaway answer costs no time. */
export const LONGEST_ANSWER = 4096;

/** The one value that all candidates agree on: null when there is none, or two that differ. */
export function onlyOne<T>(
  candidates: readonly Found<T>[],
  keyOf: (value: T) => string,
): Found<T> | null {
  const [first] = candidates;
  if (first === undefined) return null;
  const key = keyOf(first.value);
  return candidates.every(({ value }) => keyOf(value) === key) ? first : null;
}

/** Lower case without accents, for comparing words: `Février` as `fevrier`. */
export function plainWord(word: string): string {
  return word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
