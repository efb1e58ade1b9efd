/** The typed routes in terms of schemas: what a request may have, and what /openapi.json says of it. */
import { ANNOTATION_FORMATS } from '../../options/annotate.js';
import { jsonSchema } from '../../options/json-schema.js';
import { type Declarations, oneOf, string } from '../../options/option.js';
import { needsText, TASKS, type Task, type TaskName } from '../../tasks/registry.js';
import { ERROR_SCHEMA, RESULT_SCHEMAS } from '../../wire/result-schemas.js';
import { array, binary, json, text } from '../schemas.js';
import type { PathItem } from '../service.js';

/** `generate` is the exact prompt, which the API calls predict. */
const PATHS: Readonly<Partial<Record<TaskName, string>>> = { generate: 'predict' };

export const pathOf = (task: TaskName): string => `/v1/${PATHS[task] ?? task}`;

/** Beside the arguments and options of a task. */
const COMMON = {
  model: string<string, undefined>({
    default: undefined,
    minLength: 1,
    maxLength: 64,
    doc: 'alias of the model; left out, the first one',
  }),
};
const DRAWN = {
  annotate: oneOf(ANNOTATION_FORMATS, {
    default: undefined,
    doc: 'answer with the picture, the result drawn in, in this format',
  }),
};

/** What a request may have beside its pictures; what JSON cannot hold is none of it. */
export function parametersOf(task: Task): Declarations {
  const all = {
    ...COMMON,
    // An answer about two pictures belongs to neither.
    ...(task.images !== 'two' && DRAWN),
    ...task.arguments,
    ...task.options,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, { kind }]) => kind !== 'signal' && kind !== 'function'),
  );
}

/** Parameters that were checked, as the task takes them. */
export function splitParameters(task: Task, checked: object) {
  const among = (declarations: Declarations): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      Object.entries(checked).filter(([name]) => Object.hasOwn(declarations, name)),
    );
  return { args: among(task.arguments), options: among(task.options) };
}

/** What errorBody of the face returns. */
export const TYPED_ERROR = {
  type: 'object',
  properties: {
    error: {
      ...ERROR_SCHEMA,
      properties: {
        ...(ERROR_SCHEMA['properties'] as object),
        subject: { type: 'string', description: 'the option or field that it is about' },
        retryable: { type: 'boolean', description: 'whether the same request may succeed later' },
        requestId: text,
      },
      required: ['code', 'message', 'retryable', 'requestId'],
    },
  },
  required: ['error'],
  additionalProperties: false,
};

/** Several pictures are a list of data URLs. */
function requestSchema(task: Task): Readonly<Record<string, unknown>> {
  const schema = jsonSchema(parametersOf(task)) as {
    readonly properties: object;
    readonly required?: readonly string[];
  };
  const picture = { type: 'string', description: 'a data URL, or the id of an upload' };
  const isOne = task.images === 'one';
  const field = isOne
    ? { image: picture }
    : { images: { type: 'array', items: picture, minItems: task.images === 'two' ? 2 : 1 } };
  return {
    ...schema,
    properties: { ...field, ...schema.properties },
    required: [isOne ? 'image' : 'images', ...(schema.required ?? [])],
  };
}

export function pathItem(name: TaskName): PathItem {
  const task: Task = TASKS[name];
  const schema = requestSchema(task);
  const uploaded = { type: 'string', description: 'the id of an upload, in place of a body' };
  const isOne = task.images === 'one';
  const named = {
    [isOne ? 'image' : 'images']: isOne ? uploaded : array(uploaded),
    ...(jsonSchema(parametersOf(task))['properties'] as object),
  };
  const parameters = Object.entries(named).map(([parameter, one]) => ({
    ...{ name: parameter, in: 'query', schema: one as object },
  }));
  return {
    post: {
      operationId: name,
      summary: task.summary,
      description: [task.description, needsText(task.needs)].filter(Boolean).join(' '),
      tags: ['tasks'],
      parameters,
      requestBody: {
        content: {
          ...json(schema),
          'multipart/form-data': { schema: { type: 'object' } },
          'image/*': binary,
          'application/octet-stream': binary,
        },
      },
      responses: {
        200: {
          description: 'the result; parts as they come; or the picture with the result drawn in',
          content: {
            ...json(RESULT_SCHEMAS[name]),
            'text/event-stream': { schema: text },
            ...(task.images !== 'two' && { 'image/*': binary }),
          },
        },
        default: { description: 'a failure', content: json(TYPED_ERROR) },
      },
    },
  };
}
