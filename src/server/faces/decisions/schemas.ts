/** What /openapi.json says of both routes of decisions. */
import type { JsonSchema } from '../../../options/json-schema.js';
import { array, count, json, object, orNull, text } from '../../schemas.js';
import type { PathItem } from '../../service.js';
import { ERROR } from '../openai/schemas.js';
import { LIMITS } from './texts.js';

const [, maxQuestions] = LIMITS.questions;

const probability: JsonSchema = { type: 'number', minimum: 0, maximum: 1 };
const list = (items: JsonSchema, [minItems, maxItems]: readonly [number, number]): JsonSchema => ({
  ...{ type: 'array', items, minItems, maxItems },
});

const edges = object({
  ...{ left: probability, top: probability, right: probability, bottom: probability },
});

/** How an answer came about. */
const said = (more: Readonly<Record<string, JsonSchema>>): JsonSchema =>
  object({ prompt: text, ...more }, ['prompt']);
const covered = {
  ...said({ coverage: probability }),
  description:
    'what was sent, and how probable it is that the model answers with one of the options at all',
};
const present = said({ presence: probability });

const paligemma: JsonSchema = object({
  timings: { type: 'object' },
  notes: array(text),
});

const usage = object({
  ...{ input_tokens: count, output_tokens: count, total_tokens: count },
  input_tokens_details: object({ cached_tokens: count, cache_write_tokens: count }),
  output_tokens_details: object({ reasoning_tokens: count }),
});

// --- OpenAI's -------------------------------------------------------------------------------------------------------

const instructions: JsonSchema = {
  anyOf: [text, array(object({ type: { const: 'input_text' }, text }))],
};
const value: JsonSchema = { type: ['string', 'boolean'] };

/** A question of the type, with what else it needs. */
const question = (type: string, more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => {
  const needed = { type: { const: type }, instructions, ...more };
  return object({ ...needed, name: orNull(text) }, Object.keys(needed));
};
const option = (name: string, schema: JsonSchema): JsonSchema =>
  object({ [name]: schema, description: orNull(text) }, [name]);

const request: JsonSchema = {
  ...object({
    input: { anyOf: [text, array({ type: 'object' })] },
    questions: list(
      {
        anyOf: [
          question('predicate'),
          question('choice', { choices: list(option('value', value), LIMITS.choices) }),
          question('score', { levels: list(option('label', text), LIMITS.levels) }),
          question('box'),
        ],
      },
      LIMITS.questions,
    ),
  }),
};

const named = (type: string, more: Readonly<Record<string, JsonSchema>>): JsonSchema =>
  object({ type: { const: type }, name: orNull(text), ...more });

const answers = array({
  anyOf: [
    named('predicate', { probability, paligemma: covered }),
    named('choice', {
      ...{ choice: value, confidence: probability, paligemma: covered },
      probabilities: array(object({ value, probability })),
    }),
    named('score', {
      ...{ score: { type: 'number' }, confidence: probability, paligemma: covered },
      probabilities: array(object({ value: count, label: text, probability })),
    }),
    named('box', { box: edges, confidence: probability, paligemma: present }),
    named('refusal', { paligemma: present }),
  ],
});

const pathOf = (head: object, content: object, answer: JsonSchema): PathItem => ({
  post: {
    ...head,
    tags: ['decisions'],
    requestBody: { required: true, content },
    responses: { 200: { description: 'the answers', content: json(answer) }, default: ERROR },
  },
});

const model = { model: orNull(text) };

export const decisionsPath: PathItem = pathOf(
  {
    ...{ operationId: 'createDecision', summary: 'decisions of OpenAI' },
    description: `Probabilities for 1 to ${maxQuestions} questions about a picture. Unknown fields are ignored.`,
  },
  json({ ...request, properties: { ...(request['properties'] as object), ...model } }),
  object({ model: text, answers, usage, paligemma }),
);

// --- System One -----------------------------------------------------------------------------------------------------

const content: JsonSchema = { type: ['string', 'object', 'array', 'null'] };
const record = (additionalProperties: JsonSchema): JsonSchema => ({
  type: 'object',
  additionalProperties,
});

const typed = (type: string, more: Readonly<Record<string, JsonSchema>>): JsonSchema =>
  object({ type: { const: type }, ...more });

/** With what it may have beside what it must have. */
const asked = (
  type: string,
  criteria?: JsonSchema,
  isNeeded = criteria !== undefined,
): JsonSchema => {
  const both = { type: { const: type }, ...(criteria && { criteria }) };
  return object({ ...both, instructions: content }, isNeeded ? Object.keys(both) : ['type']);
};

const asset: JsonSchema = {
  type: 'object',
  properties: {
    data_base64: { ...text, description: 'a picture in base64, or the id of an upload' },
    part: { ...text, description: 'the name of the part of the form that has it' },
  },
};

const systemOneRequest: JsonSchema = {
  ...object({
    assets: { ...record(asset), minProperties: 1 },
    questions: {
      ...record({
        anyOf: [
          asked('noul', record(content), false),
          asked('choice', record(content)),
          asked('score', { ...array(content), minItems: 1, maxItems: LIMITS.levels[1] }),
          asked('box'),
        ],
      }),
      ...{ minProperties: 1, maxProperties: maxQuestions },
    },
  }),
};

const systemOneAnswers = record({
  anyOf: [
    typed('noul', { noul: probability, paligemma: covered }),
    typed('choice', {
      ...{ choice: text, confidence: probability, paligemma: covered },
      probabilities: record(probability),
    }),
    typed('score', {
      ...{ score: { type: 'number' }, confidence: probability, paligemma: covered },
      ...{ legend: record(content), probabilities: record(probability) },
    }),
    typed('box', { box: edges, confidence: probability, paligemma: present }),
  ],
});

export const systemOnePath: PathItem = pathOf(
  {
    ...{ operationId: 'systemOne', summary: 'System One of TypeSafe' },
    description: `Probabilities for 1 to ${maxQuestions} questions about pictures. In a form, the JSON is the field request. Unknown fields are ignored.`,
  },
  {
    ...json({
      ...systemOneRequest,
      properties: { ...(systemOneRequest['properties'] as object), state: {}, ...model },
    }),
    'multipart/form-data': { schema: object({ request: text }) },
  },
  object({ model: text, answers: systemOneAnswers, usage, paligemma }),
);
