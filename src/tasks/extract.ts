/** Several typed values from one document: a question per field, and a reader that never makes a value up. */

import { allOrNone } from '../abort.js';
import type { PictureInput } from '../engine/picture.js';
import { makeError } from '../errors.js';
import type { Model } from '../model.js';
import { ENCODE_OPTIONS } from '../options/image.js';
import { nearest } from '../options/nearest.js';
import { parseOptions, pick } from '../options/option.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import { FIELDS } from '../options/task-arguments.js';
import { EXTRACT_OPTIONS, FIELD_TYPES, type FieldType } from '../options/tasks.js';
import type { ExtractOptions } from '../options/types.js';
import { type Timings, total, type Usage } from '../prediction.js';
import type { ImageSize } from '../results/types.js';
import { parseBoolean } from './fields/boolean.js';
import { type Money, parseCurrency } from './fields/currency.js';
import { parseDate } from './fields/date.js';
import { parseInteger, parseNumber } from './fields/number.js';
import { parseTime } from './fields/time.js';
import { promptText } from './labels.js';
import { questionPrompt } from './prompt-input.js';
import { ask } from './text.js';

/** What to read, by name: its type, and the question when "what is the NAME?" does not ask for it. */
export type FieldSpec =
  | FieldType
  | { readonly type: FieldType; readonly question?: string | undefined };
export type ExtractSchema = Readonly<Record<string, FieldSpec>>;

interface FieldValues {
  readonly text: string;
  readonly number: number;
  readonly integer: number;
  /** The currency is null when the answer does not name it. */
  readonly currency: Money;
  /** `2024-12-31`. */
  readonly date: string;
  /** `14:05` or `14:05:30`. */
  readonly time: string;
  readonly boolean: boolean;
}

type TypeOf<S extends FieldSpec> = S extends FieldType
  ? S
  : S extends { readonly type: infer T extends FieldType }
    ? T
    : never;

export interface Field<T> {
  /** null when the answer is not of the type, or names two values. */
  readonly value: T | null;
  /** What the model generated. */
  readonly raw: string;
  /** The probability of exactly this answer, 0 to 1. */
  readonly score: number;
  readonly prompt: string;
}

export interface ExtractResult<S extends ExtractSchema> {
  readonly fields: { readonly [K in keyof S]: Field<FieldValues[TypeOf<S[K]>]> };
  readonly image: ImageSize;
  /** Of all questions together. */
  readonly usage: Usage;
  readonly timings: Timings;
}

export async function extract<const S extends ExtractSchema>(
  model: Model,
  image: PictureInput,
  schema: S,
  options?: ExtractOptions,
): Promise<ExtractResult<S>> {
  const o = parseOptions('extract', EXTRACT_OPTIONS, options);
  const { dateOrder, locale, ...asking } = o;
  const dayFirst = dateOrder === undefined ? undefined : dateOrder === 'day-first';
  const questions = Object.entries(fieldsOf(schema)).map(([name, spec]) => toQuestion(name, spec));
  const picture = await model.prepare(image, pick(ENCODE_OPTIONS, o));
  const answers = await allOrNone(o.signal, (signal) =>
    questions.map(async ({ name, type, question }) => {
      const answer = await ask(model, picture, question, { ...asking, kind: 'text', signal });
      return { name, type, answer };
    }),
  );
  const fields = answers.map(({ name, type, answer }) => {
    const { text: raw, score, prompt } = answer;
    return [name, { value: readField(type, raw, { dayFirst, locale }), raw, score, prompt }];
  });
  return {
    // One entry per key of S, each read by the type it names.
    fields: Object.fromEntries(fields) as ExtractResult<S>['fields'],
    image: { width: picture.width, height: picture.height },
    usage: total(answers.map(({ answer }) => answer.usage)),
    timings: total(answers.map(({ answer }) => answer.timings)),
  };
}

function fieldsOf(given: ExtractSchema): ExtractSchema {
  const schema = reading('schema', 'an object of fields', () =>
    typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given } : given,
  );
  const { minCount, maxCount } = FIELDS;
  const isObject = typeof schema === 'object' && schema !== null && !Array.isArray(schema);
  const count = isObject ? Object.keys(schema).length : 0;
  if (count >= minCount && count <= maxCount) return schema;
  const found = isObject ? `an object with ${count} fields` : showValue(schema);
  throw makeError(
    isObject ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE',
    `schema is ${found}, expected an object with ${minCount} to ${maxCount} fields`,
    { name: 'schema', found, expected: `an object with ${minCount} to ${maxCount} fields` },
  );
}

function toQuestion(name: string, spec: FieldSpec) {
  // Spread, as null and undefined cannot be taken apart.
  const own = reading(`field ${showValue(name)}`, 'its type, or an object', () =>
    typeof spec === 'string' ? { type: spec, question: undefined } : { ...spec },
  );
  const { type, question } = own;
  const isObject = typeof spec === 'object' && spec !== null;
  const typo = isObject
    ? Object.keys(own).find((key) => key !== 'type' && key !== 'question')
    : undefined;
  if (typo !== undefined) {
    const meant = nearest(typo, ['type', 'question']);
    throw makeError(
      'ERR_OPTION_UNKNOWN',
      `field ${showValue(name)} has no ${showValue(typo)}, expected type and question`,
      {
        name,
        found: showValue(typo),
        expected: 'type and question',
        hint: meant === undefined ? 'it has type and question' : `did you mean ${meant}?`,
      },
    );
  }
  if (!(FIELD_TYPES as readonly unknown[]).includes(type)) {
    const expected = `one of ${FIELD_TYPES.map((one) => `"${one}"`).join(', ')}`;
    // Anything that is no object is what was taken for a type.
    const found = showValue(isObject ? type : spec);
    throw makeError(
      typeof type === 'string' ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE',
      `type of field ${showValue(name)} is ${found}, expected ${expected}`,
      {
        name,
        found,
        expected,
      },
    );
  }
  if (name.trim() === '') {
    throw makeError(
      'ERR_OPTION_RANGE',
      `name of a field is ${showValue(name)}, expected text that is not empty`,
      { name: 'schema', found: showValue(name), expected: 'a name for each field' },
    );
  }
  // Refused before any is asked; notes about it come when it is.
  if (question !== undefined) questionPrompt(question, { language: 'en', bare: true }, 1);
  if (question !== undefined) return { name, type, question };
  // invoiceNumber, invoice_number -> invoice number
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase();
  return { name, type, question: `what is the ${promptText('field', words)}?` };
}

/** Answers that say there is none: VizWiz and ST-VQA trained the first. */
const NO_ANSWERS = ['', 'unanswerable', 'none', 'n/a', 'not answerable', 'unknown'];

function readField(
  type: FieldType,
  raw: string,
  {
    dayFirst,
    locale,
  }: { readonly dayFirst: boolean | undefined; readonly locale: string | undefined },
): FieldValues[FieldType] | null {
  switch (type) {
    case 'text':
      return NO_ANSWERS.includes(raw.toLowerCase()) ? null : raw;
    case 'number':
      return parseNumber(raw, { locale })?.value ?? null;
    case 'integer':
      return parseInteger(raw, { locale })?.value ?? null;
    case 'currency':
      return parseCurrency(raw, { locale })?.value ?? null;
    case 'date':
      return parseDate(raw, { dayFirst })?.value ?? null;
    case 'time':
      return parseTime(raw)?.value ?? null;
    case 'boolean':
      return parseBoolean(raw)?.value ?? null;
  }
}
