/** Checks of what callers want found: labels, phrases, questions. The forms of prompts are in prompts.ts. */
import { makeError } from '../errors.js';
import { MAX_PART_LENGTH } from '../options/limits.js';
import { nearest } from '../options/nearest.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import { LABEL_LIMITS } from '../options/task-arguments.js';
import type { RemedyName } from '../remedies.js';
import { LANGUAGES, slipOf } from './advisor/languages.js';
import { labelVariants } from './label-variants.js';

/**
 * One label or several, trimmed, each once. Throws ERR_OPTION_TYPE and ERR_OPTION_RANGE for what cannot be one: empty, with
 * a line break, with ";" (which separates labels), with a loc or seg token.
 */
export function labelList(labels: string | readonly string[]): readonly string[] {
  const { minCount, maxCount } = LABEL_LIMITS;
  const given = labelsGiven(labels);
  if (given.length < minCount || given.length > maxCount) {
    throw range('labels', `a list of ${given.length}`, `${minCount} to ${maxCount} labels`);
  }
  return [...new Set(given.map((label) => labelText(label)))];
}

/** One label or several, as a list of our own; what each is, is not looked at. */
export function labelsGiven(labels: unknown): readonly unknown[] {
  return reading('labels', 'a label or a list of labels', () =>
    Array.isArray(labels) ? [...(labels as readonly unknown[])] : [labels],
  );
}

function labelText(value: unknown): string {
  const label = promptText('label', value, LABEL_LIMITS.maxLength);
  if (label.includes(';')) {
    throw range('label', showValue(label), 'text without ";", which separates labels', {
      remedy: 'separate-labels',
    });
  }
  return label;
}

/**
 * Text that becomes part of a prompt, trimmed. Control tokens spelled in it are ordinary text; loc and seg tokens would be
 * taken for themselves and are refused, and so are line breaks, which end a prompt.
 */
export function promptText(name: string, value: unknown, maxLength = MAX_PART_LENGTH): string {
  if (typeof value !== 'string') {
    const found = showValue(value);
    throw makeError('ERR_OPTION_TYPE', `${name} is ${found}, expected a string`, {
      name,
      found,
      expected: 'a string',
    });
  }
  const text = value.trim();
  if (text === '') throw range(name, showValue(value), 'text that is not empty');
  if (text.length > maxLength) {
    throw range(name, `${text.length} characters long`, `at most ${maxLength} characters`);
  }
  if (/[\r\n\u2028\u2029\0]/.test(text)) throw range(name, showValue(text), 'one line of text');
  if (/<(loc\d{4}|seg\d{3})>/.test(text)) {
    throw range(name, showValue(text), 'text without loc and seg tokens');
  }
  return text;
}

/**
 * Which of the labels asked for is meant by one that the model generated; undefined for none. Letter case, number and
 * articles do not count, unless they tell two of the labels apart.
 */
export function askedFor<L extends string>(labels: readonly L[]): (said: string) => L | undefined {
  const key = (label: string): string => label.trim().replace(/\s+/g, ' ').toLowerCase();
  const meant = new Map<string, L>();
  const add = (said: string, label: L): void => {
    if (!meant.has(said)) meant.set(said, label);
  };
  for (const label of labels) add(label, label);
  for (const label of labels) add(key(label), label);
  for (const label of labels) {
    for (const variant of labelVariants(label)) add(key(variant), label);
  }
  return (said) => meant.get(said) ?? meant.get(key(said));
}

/**
 * The labels that results have when `L` are asked for: the same ones, but any text for a label that is not sent as it is
 * written (with space around it, the word detect or segment before it, or a sign of what other runtimes write).
 */
export type LabelOf<L extends string> = L extends unknown
  ? Lowercase<L> extends
      | `${Space}${string}`
      | `${string}${Space}`
      | `${'detect' | 'segment'}${Space | ','}${string}`
      | `${string}${'<' | '[' | '{' | '#' | ':'}${string}`
    ? string
    : L
  : never;

type Space = ' ' | '\t' | '\n' | '\r' | '\v' | '\f' | '\u00a0' | '\ufeff';

/** A language as prompts name it. Throws ERR_OPTION_RANGE with the code for what people write instead: `german`, `deu`. */
export function languageCode(value: string): string {
  const code = LANGUAGES.has(value) ? value : slipOf(value);
  if (code === value) return value;
  const near = code ?? slipOf(nearest(value, LANGUAGES.values()) ?? '');
  // Checkpoints of others may have been trained with more languages.
  if (code === undefined && /^[a-z]{2,3}$/.test(value)) return value;
  const expected = near === undefined ? 'a code of two or three lower-case letters' : `"${near}"`;
  throw range('language', showValue(value), expected, {
    hint: `trained codes: ${[...LANGUAGES.keys()].join(', ')}`,
  });
}

function range(
  name: string,
  found: string,
  expected: string,
  facts: { remedy?: RemedyName; hint?: string } = {},
) {
  return makeError('ERR_OPTION_RANGE', `${name} is ${found}, expected ${expected}`, {
    name,
    found,
    expected,
    ...facts,
  });
}
