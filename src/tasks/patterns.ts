/**
 * What an answer of each task looks like, as patterns for constrained decoding; their syntax is in
 * native/sampling/grammar.h. Source of the forms: spec section 6.4.
 */

/** Words with single spaces between them, without what separates instances. */
const LABEL = '[^ ;\\<\\n]+( [^ ;\\<\\n]+)*';
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

/** One box with a mask, without a label. */
export const REFER_PATTERN = `${BOX}${CODES}`;
