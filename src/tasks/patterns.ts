/**
 * What an answer of each task looks like, as patterns for constrained decoding; their syntax is in
 * native/sampling/grammar.h. Source of the forms: spec section 6.4.
 */

/** One character of a word: none that is blank (all that `trim` takes away), controls the screen or separates instances. */
const LETTER =
  '[^\u0001- ;\\<\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]';
/** Words with single spaces between them. */
const LABEL = `${LETTER}+( ${LETTER}+)*`;
const BOX = '<loc>{4}';
const CODES = '<seg>{16}';

/** Text that stands for itself in a pattern. */
export function literal(text: string): string {
  return text.replace(/[\\<>()[\]{}|*+?.^]/g, '\\$&').replaceAll('\n', '\\n');
}

/** One of these texts. */
export function oneOfTexts(texts: readonly string[]): string {
  return `(${texts.map(literal).join('|')})`;
}

function instances(instance: string): string {
  return `(${instance}( ; ${instance})*)?`;
}

/** Any number of boxes; `labels` restricts what they are called. */
export function detectPattern(labels?: readonly string[]): string {
  return instances(`${BOX} ${labels ? oneOfTexts(labels) : LABEL}`);
}

/** Any number of boxes with masks. */
export function segmentPattern(labels?: readonly string[]): string {
  return instances(`${BOX}${CODES} ${labels ? oneOfTexts(labels) : LABEL}`);
}

/** One box with a mask, without a label, or none. */
export const REFER_PATTERN = `(${BOX}${CODES})?`;
