/** Labels and class numbers, for the formats that have numbers. */
import { makeError } from '../../errors.js';
import { reading } from '../../options/read.js';
import { showValue } from '../../options/show.js';
import { badDocument, list } from '../reading.js';

/** Label to number, and back. */
export interface ClassIndex {
  /** Throws `ERR_OPTION_RANGE` for a label that is not in the list. */
  idOf(label: string): number;
  /** Throws `ERR_OPTION_RANGE` for a number that has no label. `where`: what has the number, for the error. */
  labelOf(id: number, where?: string): string;
}

/**
 * @param name what the caller calls the list, for errors
 * @throws `ERR_OPTION_RANGE` when a label or a number is there twice or a number is no integer of 0 or more
 */
export function classIndex(
  entries: Iterable<readonly [id: number, label: unknown]>,
  name: string,
): ClassIndex {
  const ids = new Map<string, number>();
  const labels = new Map<number, string>();
  for (const [id, label] of entries) {
    if (typeof label !== 'string' || !Number.isInteger(id) || id < 0) {
      throw range(name, `${showValue(label)} as class ${id}`, 'text as class 0 or more');
    }
    if (ids.has(label)) throw range(name, `${showValue(label)} twice`, 'each label once');
    if (labels.has(id)) throw range(name, `class ${id} twice`, 'each number once');
    ids.set(label, id);
    labels.set(id, label);
  }
  return {
    idOf(label) {
      const id = ids.get(label);
      if (id !== undefined) return id;
      throw range(
        name,
        `the label ${showValue(label)}`,
        `one of ${some([...ids.keys()])}`,
        `add it to ${name}, or leave such detections out`,
      );
    },
    labelOf(id, where) {
      const label = labels.get(id);
      if (label !== undefined) return label;
      const known = some([...labels.keys()]);
      if (where === undefined) throw range(name, `class ${id}`, `one of ${known}`);
      throw badDocument('ERR_OPTION_RANGE', where, `${id}`, `one of ${name}: ${known}`);
    },
  };
}

/** The classes of a list of labels, numbered by their places. */
export function classesOf(labels: unknown): ClassIndex {
  const own = reading('classes', 'an array of labels', () => [...list(labels, 'classes')]);
  return classIndex(own.entries(), 'classes');
}

/** Labels in the order of their first appearance. */
export function labelsOf(detections: Iterable<{ readonly label: string }>): string[] {
  return [...new Set(Array.from(detections, ({ label }) => label))];
}

function some(values: readonly unknown[]): string {
  if (values.length === 0) return 'none: the list is empty';
  const shown = values.slice(0, 8).map((value) => showValue(value));
  return shown.join(', ') + (values.length > 8 ? `, … (${values.length})` : '');
}

function range(name: string, found: string, expected: string, hint?: string): Error {
  return makeError('ERR_OPTION_RANGE', `${name}: found ${found}, expected ${expected}`, {
    name,
    found,
    expected,
    ...(hint === undefined ? {} : { hint }),
  });
}
