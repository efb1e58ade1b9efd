/** Rows whose answer is a document of JSON: `fields`, or Donut's `ground_truth`. */
import { LABEL_LIMITS } from '../options/task-arguments.js';
import type { FieldType } from '../options/tasks.js';
import { badRow, shownOr } from './faults.js';
import { memberText } from './json-text.js';
import { DOCUMENT_PROMPT } from './prompts.js';
import type { DocumentValue, Place, Row, RowRequest } from './rows.js';
import type { Fields } from './values.js';

/** Deeper ones are refused: what reads them may call itself for each level. */
const DEEPEST = 100;
/** What `extract` takes. */
const MOST_FIELDS = 200;

/** `value`: the document, or its text. `source`: the JSON in which it is written as `name`. */
export function documentRow(
  value: unknown,
  name: string,
  place: Place,
  source?: string,
): Pick<Row, 'request' | 'expected'> {
  const read = typeof value === 'string' ? parse(value, name, place) : value;
  const isDonut = name === 'ground_truth';
  const document = isDonut ? (read as Fields | null)?.['gt_parse'] : read;
  const subject = isDonut ? `${name}.gt_parse` : name;
  if (typeof document !== 'object' || document === null) {
    throw badRow(place, subject, shownOr(document), 'an object or an array');
  }
  check(document, subject, place);
  const known = document as DocumentValue & object;
  const written =
    typeof value === 'string' ? value : source === undefined ? source : memberText(source, name);
  const text = isDonut && written !== undefined ? memberText(written, 'gt_parse') : written;
  return { request: requestOf(known), expected: { kind: 'document', value: known, text } };
}

function parse(text: string, name: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badRow(place, name, 'no JSON', 'JSON', cause);
  }
}

function check(document: object, subject: string, place: Place): void {
  // A list of what is left, as a document may be too deep for calls.
  const left: { readonly value: unknown; readonly depth: number }[] = [
    { value: document, depth: 1 },
  ];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    const { value, depth } = one;
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw badRow(place, subject, 'with a number beyond 1.8e308', 'smaller numbers');
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth > DEEPEST) {
      throw badRow(place, subject, `deeper than ${DEEPEST} levels`, `at most ${DEEPEST}`);
    }
    for (const inner of Object.values(value)) left.push({ value: inner, depth: depth + 1 });
  }
}

/** Values by name are asked for one by one, as `extract` does; other documents as one, which takes a model trained for it. */
function requestOf(document: DocumentValue & object): RowRequest {
  const entries = Array.isArray(document) ? [] : Object.entries(document);
  const isFlat = entries.every(
    ([name, value]) =>
      (typeof value !== 'object' || value === null) &&
      name.length >= LABEL_LIMITS.minLength &&
      name.length <= LABEL_LIMITS.maxLength,
  );
  if (entries.length === 0 || entries.length > MOST_FIELDS || !isFlat) {
    return { kind: 'prompt', prompt: DOCUMENT_PROMPT };
  }
  const fields = Object.fromEntries(entries.map(([name, value]) => [name, typeOf(value)]));
  return { kind: 'task', task: 'extract', arguments: { fields } };
}

function typeOf(value: unknown): FieldType {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value !== 'string') return 'text';
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return 'date';
  return /^\d{2}:\d{2}(:\d{2})?$/.test(value) ? 'time' : 'text';
}
