/** What /openapi.json says of these routes: the fields that mean something here, and the answers. */
import { type JsonSchema, jsonSchema } from '../../../options/json-schema.js';
import type { Declarations } from '../../../options/option.js';
import { array, count, inPath, json, object, orNull, text } from '../../schemas.js';
import type { PathItem } from '../../service.js';
import { CHAT_FIELDS, EXTENSION, RESPONSES_FIELDS } from './fields.js';

export const ERROR = {
  description: 'a failure',
  content: json(
    object({
      error: object({ message: text, type: text, param: orNull(text), code: text }),
    }),
  ),
};

/** Fields that may be null, as clients send those that they have no value for. */
function fieldsOf(declarations: Declarations): Readonly<Record<string, JsonSchema>> {
  const { properties } = jsonSchema(declarations) as {
    readonly properties: Readonly<Record<string, JsonSchema>>;
  };
  return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, orNull(one)]));
}

const extension: JsonSchema = {
  type: 'object',
  description: 'of this server: a task in place of the raw answer, its arguments and options',
  properties: { ...fieldsOf(EXTENSION), options: { type: 'object' } },
};

/** `known`: the fields; all others are ignored. */
const requestOf = (known: Readonly<Record<string, JsonSchema>>, required: string): JsonSchema =>
  object({ ...known, paligemma: orNull(extension) }, [required]);

const messages: JsonSchema = {
  type: 'array',
  minItems: 1,
  items: object({ role: text, content: {} }, ['role']),
};

const answers = (schema: JsonSchema, description: string): PathItem => ({
  200: {
    description,
    content: { ...json(schema), 'text/event-stream': { schema: text } },
  },
  default: ERROR,
});

/** A route that asks the model; `request` and `responses`: what is sent and what is answered. */
const asking = (head: object, request: JsonSchema, responses: PathItem): PathItem => ({
  post: {
    ...head,
    description:
      'The answer of the model to the last message of the user, which needs a picture. Unknown fields are ignored.',
    tags: ['openai'],
    requestBody: { required: true, content: json(request) },
    responses,
  },
});

const entry: JsonSchema = object({
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

export const chatPath = asking(
  { operationId: 'createChatCompletion', summary: 'chat completions of OpenAI' },
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
  answers(completion, 'the completion, or its chunks'),
);

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

export const responsesPath = asking(
  { operationId: 'createResponse', summary: 'responses of OpenAI, without state' },
  requestOf(
    {
      input: messages,
      ...fieldsOf(RESPONSES_FIELDS),
      text: orNull({ type: 'object' }),
      include: orNull(array(text)),
    },
    'input',
  ),
  answers(response, 'the response, or its events'),
);

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
    ...inPath({ model: text }),
    responses: { 200: { description: 'the model', content: json(model) }, default: ERROR },
  },
};
