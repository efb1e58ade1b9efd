/** Answers in JSON, in the shapes that can be guaranteed: a task reads the values, and no model writes the JSON. */
import { makeError } from '../../../errors.js';
import { advisePrompt, type DetectResult } from '../../../index.js';
import type { ResultOf, TaskName } from '../../../tasks/registry.js';
import { RESPONSE_FORMAT } from './errors.js';

/** What an answer says: a text, or why there is none. */
export interface Reading {
  readonly content: string | null;
  readonly refusal: string | null;
}

/** How a schema is answered. */
export interface Plan {
  readonly task: TaskName;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly read: (result: object) => Reading;
}

type Schema = Readonly<Record<string, unknown>>;

const SHAPES =
  'an object of strings, numbers, integers, booleans and dates; one enum; { detections: [{ x_min, y_min, x_max, y_max, class_name, confidence }] }; or a list of strings';

/** Keywords that say nothing of a value. */
const WORDS = ['$schema', 'title', 'description', 'default'];

/**
 * The plan for `schema`. `text`: of the user; `labels`: of the request, if it has any. Throws ERR_REQUEST_FORMAT about
 * response_format for every other shape.
 */
export function planOf(schema: unknown, text: string, labels?: readonly string[]): Plan {
  const root = asSchema(schema);
  const choice = enumOf(root);
  if (choice !== undefined) return chosen(choice, text, (label) => label);
  if (isTexts(root)) return words((all) => all);
  const properties = propertiesOf(root);
  if (properties === undefined) throw unsupported();
  const [[name, only] = ['', {}], ...others] = Object.entries(properties);
  if (others.length === 0) {
    const one = asSchema(only);
    const boxes = name === 'detections' ? boxFieldsOf(one) : undefined;
    if (boxes !== undefined) return detections(boxes, text, labels);
    const among = enumOf(one);
    if (among !== undefined) return chosen(among, text, (label) => ({ [name]: label }));
    if (isTexts(one)) return words((all) => ({ [name]: all }));
  }
  return fields(properties, (root['required'] as readonly string[] | undefined) ?? [], text);
}

const reading = (value: unknown): Reading => ({ content: JSON.stringify(value), refusal: null });

function chosen(labels: readonly string[], text: string, wrap: (label: string) => unknown): Plan {
  return {
    task: 'classify',
    parameters: { labels, ...(text.trim() !== '' && { question: text }) },
    read: (result) => reading(wrap((result as ResultOf<'classify'>).label)),
  };
}

function words(wrap: (all: readonly string[]) => unknown): Plan {
  return {
    task: 'ocr',
    parameters: {},
    read: (result) => reading(wrap((result as ResultOf<'ocr'>).words.map((word) => word.text))),
  };
}

// --- boxes ----------------------------------------------------------------------------------------------------------

const BOX_FIELDS: Readonly<Record<string, string>> = {
  ...{ x_min: 'number', y_min: 'number', x_max: 'number', y_max: 'number' },
  ...{ class_name: 'string', confidence: 'number' },
};

/** The fields of each box that a list of them has; undefined for another list. */
function boxFieldsOf(
  list: Schema,
): { names: readonly string[]; labels?: readonly string[] } | undefined {
  if (list['type'] !== 'array' || !hasOnly(list, ['type', 'items'])) return undefined;
  const properties = propertiesOf(asSchema(list['items']));
  if (properties === undefined) return undefined;
  let labels: readonly string[] | undefined;
  for (const [name, given] of Object.entries(properties)) {
    const one = asSchema(given);
    const among = name === 'class_name' ? enumOf(one) : undefined;
    if (among !== undefined) labels = among;
    else if (one['type'] !== BOX_FIELDS[name] || !isWithinBounds(one)) return undefined;
  }
  return { names: Object.keys(properties), ...(labels && { labels }) };
}

/** Bounds may be named that every value keeps: edges and scores are from 0 to 1. */
function isWithinBounds(schema: Schema): boolean {
  const { type, minimum = 0, maximum = 1 } = schema;
  if (!hasOnly(schema, type === 'number' ? ['type', 'minimum', 'maximum'] : ['type'])) return false;
  return Number(minimum) <= 0 && Number(maximum) >= 1;
}

function detections(
  { names, labels: named }: { names: readonly string[]; labels?: readonly string[] },
  text: string,
  asked?: readonly string[],
): Plan {
  const labels = named ?? asked ?? labelsOf(text);
  return {
    task: 'detect',
    parameters: { labels },
    read: (result) => {
      const { detections: found, image } = result as DetectResult;
      const all = found.map(({ label, score, box }) => ({
        ...{ x_min: box.xmin / image.width, y_min: box.ymin / image.height },
        ...{ x_max: box.xmax / image.width, y_max: box.ymax / image.height },
        ...{ class_name: label, confidence: score },
      }));
      const kept = all.map((one) =>
        Object.fromEntries(Object.entries(one).filter(([name]) => names.includes(name))),
      );
      return reading({ detections: kept });
    },
  };
}

/** What is to be found, out of `detect cat ; dog` or a request that can be made into it. */
function labelsOf(text: string): readonly string[] {
  const prompts = [text, ...advisePrompt(text).suggestions.map(({ prompt }) => prompt)];
  const found = prompts.map((one) => /^detect (.+)$/.exec(one.trim())?.[1]).find((one) => one);
  if (found !== undefined) return found.split(';').map((label) => label.trim());
  throw makeError('ERR_REQUEST_FORMAT', 'the text does not say what to find', {
    ...{ name: 'prompt', found: 'another text', expected: 'detect NAME ; NAME' },
    hint: 'or name them as the enum of class_name, or in paligemma.labels',
  });
}

// --- fields ---------------------------------------------------------------------------------------------------------

interface FieldShape {
  readonly type: 'text' | 'number' | 'integer' | 'boolean' | 'date';
  readonly isNullable: boolean;
  readonly question: string | undefined;
}

/** By what a request says, which may also be the name of a property of all objects. */
const FIELD_TYPES: ReadonlyMap<unknown, FieldShape['type']> = new Map<string, FieldShape['type']>([
  ['string', 'text'],
  ['number', 'number'],
  ['integer', 'integer'],
  ['boolean', 'boolean'],
]);

function fields(properties: Schema, required: readonly string[], text: string): Plan {
  const names = Object.keys(properties);
  const shapes = Object.entries(properties).map(
    ([name, given]) => [name, fieldOf(asSchema(given))] as const,
  );
  // The text asks for a single field; for several, each is asked by itself.
  const asked = names.length === 1 && text.trim().endsWith('?') ? text.trim() : undefined;
  const spec = shapes.map(([name, { type, question = asked }]) => [
    name,
    question === undefined ? type : { type, question },
  ]);
  return {
    task: 'extract',
    parameters: { fields: Object.fromEntries(spec) as object },
    read: (result) => {
      const values: Record<string, unknown> = {};
      for (const [name, { type, isNullable }] of shapes) {
        const field = (result as ResultOf<'extract'>).fields[name];
        if (field === undefined) continue;
        const { value, raw } = field;
        if (value !== null || isNullable) values[name] = value;
        else if (type === 'text' && required.includes(name)) values[name] = raw;
        else if (required.includes(name)) {
          const refusal = `${name} cannot be read as ${type}: the model answered "${raw}"`;
          return { content: null, refusal };
        }
      }
      return reading(values);
    },
  };
}

function fieldOf(given: Schema): FieldShape {
  const { schema, isNullable } = withoutNull(given);
  const { type, format, description } = { ...given, ...schema };
  const isDate = type === 'string' && format === 'date';
  const known = FIELD_TYPES.get(type);
  const isPlain = hasOnly(schema, isDate ? ['type', 'format'] : ['type']);
  if (known === undefined || !isPlain) throw unsupported();
  const isQuestion = typeof description === 'string' && description.trim().endsWith('?');
  return {
    ...{ type: isDate ? 'date' : known, isNullable },
    question: isQuestion ? description.trim() : undefined,
  };
}

/** Null may be one of two types, or one of two schemas. */
function withoutNull(given: Schema): { schema: Schema; isNullable: boolean } {
  const { type, anyOf, ...rest } = given;
  const [first, second, ...others] = [type ?? anyOf].flat() as unknown[];
  const isNull = (one: unknown): boolean =>
    one === 'null' || (typeof one === 'object' && asSchema(one)['type'] === 'null');
  const value = isNull(first) ? second : first;
  const isEither = isNull(first) !== isNull(second) && others.length === 0;
  if (value === undefined || !isEither) return { schema: given, isNullable: false };
  const schema =
    typeof value === 'string' ? { ...rest, type: value } : { ...rest, ...asSchema(value) };
  return { schema, isNullable: true };
}

// --- schemas --------------------------------------------------------------------------------------------------------

function asSchema(given: unknown): Schema {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given as Schema;
  throw unsupported();
}

const hasOnly = (schema: Schema, keywords: readonly string[]): boolean =>
  Object.keys(schema).every((key) => keywords.includes(key) || WORDS.includes(key));

/** The values of an enum of strings; of a constant, which libraries write for an enum of one, that value. */
function enumOf(schema: Schema): readonly string[] | undefined {
  const { type = 'string', const: only, enum: values = only === undefined ? [] : [only] } = schema;
  const known = ['type', only === undefined ? 'enum' : 'const'];
  if (type !== 'string' || !Array.isArray(values) || !hasOnly(schema, known)) return undefined;
  return values.length > 0 && values.every((one) => typeof one === 'string') ? values : undefined;
}

const isTexts = (schema: Schema): boolean =>
  schema['type'] === 'array' &&
  hasOnly(schema, ['type', 'items']) &&
  asSchema(schema['items'])['type'] === 'string' &&
  hasOnly(asSchema(schema['items']), ['type']);

/** Of an object with named properties only. */
function propertiesOf(schema: Schema): Schema | undefined {
  const known = ['type', 'properties', 'required', 'additionalProperties'];
  if (schema['type'] !== 'object' || !hasOnly(schema, known)) return undefined;
  const properties = asSchema(schema['properties'] ?? {});
  const required: unknown = schema['required'] ?? [];
  const names = Object.keys(properties);
  const isWhole = Array.isArray(required) && required.every((one) => names.includes(String(one)));
  return names.length > 0 && isWhole ? properties : undefined;
}

function unsupported(): Error {
  return makeError('ERR_REQUEST_FORMAT', `this shape cannot be guaranteed, expected ${SHAPES}`, {
    ...{ name: RESPONSE_FORMAT, found: 'another schema', expected: SHAPES },
  });
}

/** The schema of `{ type: "json_schema", … }`; undefined where text is asked for. */
export function schemaOf(format: unknown): unknown {
  if (format === undefined || format === null) return undefined;
  const { type, json_schema, schema } = asSchema(format);
  if (type === 'text') return undefined;
  if (type !== 'json_schema') throw unsupported();
  // In an object of its own in one API, beside the type in the other.
  return json_schema === undefined ? (schema ?? {}) : (asSchema(json_schema)['schema'] ?? {});
}
