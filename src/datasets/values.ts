/** Values by name, as files have them. */
import type { RowFields } from './rows.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Texts, numbers and truth values of an entry, without those called `used`. */
export function plainFields(fields: Fields, used: readonly string[]): RowFields {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) =>
        !used.includes(name) && ['string', 'number', 'boolean'].includes(typeof value),
    ),
  ) as RowFields;
}

/**
 * All that people gave, equal ones too, as metrics count them; the usual one first. `entries`: texts, or objects with an
 * `answer`.
 */
export function givenAnswers(entries: unknown, usual: unknown): string[] {
  const list = Array.isArray(entries) ? entries : [];
  const given = list
    .map((one) => textOrWhole((one as Fields | null)?.['answer'] ?? one))
    .filter((one) => one !== undefined);
  const first = textOrWhole(usual);
  if (first === undefined) return given;
  const at = given.indexOf(first);
  // The usual answer of VQA may be written otherwise than people wrote it.
  if (at < 0 && given.length > 0) return given;
  return [first, ...given.filter((_, i) => i !== at)];
}

/** Labels and answers may be whole numbers. */
export function textOrWhole(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
