/** What rows of every kind have in common for a reader: something that is there, and something that was found or answered. */
import { indentedJson } from '../../datasets/json-text.js';
import { jsonText } from '../../wire/json.js';
import type { EvaluatedRow, WrittenFinding, WrittenObject } from '../rows.js';

/** A thing in a picture, of either side. */
export type Thing = Pick<WrittenObject, 'label' | 'bbox' | 'rle'> &
  Partial<Pick<WrittenFinding, 'score'>>;

/** Of things that are drawn, not of texts. */
export const isOfThings = ({ objects, reference }: EvaluatedRow): boolean =>
  objects !== undefined || reference !== undefined;

export const thereIn = ({ objects, reference }: EvaluatedRow): readonly Thing[] =>
  objects ?? (reference === undefined ? [] : [{ label: 'the one that is meant', ...reference }]);

export const foundIn = ({ found = [] }: EvaluatedRow): readonly Thing[] => found;

/** Documents as indented text, so that their lines can be compared. */
export const truthsIn = ({ truths, document }: EvaluatedRow): readonly string[] =>
  document === undefined ? (truths ?? []) : (truths?.map(indentedJson) ?? [jsonText(document, 2)]);

export function answerIn({ answer, value, document }: EvaluatedRow): string {
  if (answer === undefined) return value === undefined ? '' : jsonText(value, 2);
  return document === undefined ? answer : indentedJson(answer);
}
