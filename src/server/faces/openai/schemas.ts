/** What /openapi.json says of these routes: the fields that mean something here, and the answers. */
import { jsonSchema } from '../../../options/json-schema.js';
import type { Declarations } from '../../../options/option.js';
import type { PathItem } from '../../service.js';
import { CHAT_FIELDS, EXTENSION, RESPONSES_FIELDS } from './fields.js';

export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: 'string' };
export const count: Schema = { type: 'integer', minimum: 0 };
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const array = (items: Schema): Schema => ({ type: 'array', items });

/** Every one of `properties`. */
export const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

export const json = (schema: Schema) => ({ 'application/json': { schema } });

export const ERROR = {
  description: 'a failure',
  content: json(
    object({
      error: object({ message: text, type: text, param: orNull(text), code: text }),
    }),
  ),
};

/** Fields that may be null, as clients send those that they have no value for. */
function fieldsOf(declarations: Declarations): Readonly<Record<string, Schema>> {
  const { properties } = jsonSchema(declarations) as {
    readonly properties: Readonly<Record<string, Schema>>;
  };
  return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, orNull(one)]));
}

const extension: Schema = {
  type: 'object',
  description: 'of this server: a task in place of the raw answer, its arguments and options',
  properties: { ...fieldsOf(EXTENSION), options: { type: 'object' } },
};

/** `known`: the fields; all others are ignored. */
const requestOf = (known: Readonly<Record<string, Schema>>, required: string): Schema => ({
  type: 'object',
  properties: { ...known, paligemma: orNull(extension) },
  required: [required],
});

const messages: Schema = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    properties: { role: text, content: {} },
    required: ['role'],
  },
};

const answers = (schema: Schema, description: string): PathItem => ({
  200: {
    description,
    content: { ...json(schema), 'text/event-stream': { schema: text } },
  },
  default: ERROR,
});

const entry: Schema = object({
  token: text,
  logprob: { type: 'number' },
  bytes: orNull(array(count)),
});

const completion = object({
  ...{ id: text, object: { const: 'chat.completion' }, created: count, model: text },
  system_fingerprint: text,
  choices: array(
    object({
      index: count,
      message: object({ role: text, content: orNull(text), refusal: orNull(text) }),
      logprobs: orNull(object({ content: array(entry), refusal: { type: 'null' } })),
      finish_reason: { enum: ['stop', 'length'] },
    }),
  ),
  usage: object({
    ...{ prompt_tokens: count, completion_tokens: count, total_tokens: count },
    prompt_tokens_details: object({ cached_tokens: count }),
  }),
  paligemma: { type: 'object', description: 'the result of the task, and notes' },
});

export const chatPath: PathItem = {
  post: {
    operationId: 'createChatCompletion',
    summary: 'chat completions of OpenAI',
    description:
      'The answer of the model to the last message of the user, which needs a picture. Unknown fields are ignored.',
    tags: ['openai'],
    requestBody: {
      required: true,
      content: json(
        requestOf(
          {
            messages,
            ...fieldsOf(CHAT_FIELDS),
            stop: orNull({ anyOf: [text, array(text)] }),
            response_format: orNull({ type: 'object' }),
            stream_options: orNull({ type: 'object' }),
          },
          'messages',
        ),
      ),
    },
    responses: answers(completion, 'the completion, or its chunks'),
  },
};

const response = object({
  ...{ id: text, object: { const: 'response' }, created_at: count, model: text },
  status: { enum: ['completed', 'incomplete'] },
  error: { type: 'null' },
  incomplete_details: orNull(object({ reason: text })),
  output: array(
    object({
      ...{ type: { const: 'message' }, id: text, role: text, status: text },
      content: array({
        anyOf: [
          object({
            ...{ type: { const: 'output_text' }, text, annotations: array({}) },
            logprobs: array(entry),
          }),
          object({ type: { const: 'refusal' }, refusal: text }),
        ],
      }),
    }),
  ),
  usage: object({ input_tokens: count, output_tokens: count, total_tokens: count }),
  paligemma: { type: 'object', description: 'the result of the task, and notes' },
});

export const responsesPath: PathItem = {
  post: {
    operationId: 'createResponse',
    summary: 'responses of OpenAI, without state',
    description:
      'The answer of the model to the last message of the user, which needs a picture. Unknown fields are ignored.',
    tags: ['openai'],
    requestBody: {
      required: true,
      content: json(
        requestOf(
          {
            input: messages,
            ...fieldsOf(RESPONSES_FIELDS),
            text: orNull({ type: 'object' }),
            include: orNull(array(text)),
          },
          'input',
        ),
      ),
    },
    responses: answers(response, 'the response, or its events'),
  },
};

const model = object({
  ...{ id: text, object: { const: 'model' }, created: count, owned_by: text },
  paligemma: { type: 'object' },
});

export const modelsPath: PathItem = {
  get: {
    ...{ operationId: 'listModels', summary: 'the models by their aliases', tags: ['openai'] },
    responses: {
      200: {
        description: 'all models',
        content: json(object({ object: { const: 'list' }, data: array(model) })),
      },
      default: ERROR,
    },
  },
};

export const modelPath: PathItem = {
  get: {
    ...{ operationId: 'retrieveModel', summary: 'one model', tags: ['openai'] },
    parameters: [{ name: 'model', in: 'path', required: true, schema: text }],
    responses: { 200: { description: 'the model', content: json(model) }, default: ERROR },
  },
};
