/** The routes in terms of OpenAPI. */
import { type JsonSchema, jsonSchema } from '../../../options/json-schema.js';
import type { Declarations } from '../../../options/option.js';
import { array, inPath, json, object, text } from '../../schemas.js';
import type { PathItem } from '../../service.js';
import { FIELDS, LMM_FIELDS, MODEL_FIELDS } from './requests.js';
import { WORKFLOW_NAMES, WORKSPACE } from './workflows.js';

const [integer, number] = [{ type: 'integer' }, { type: 'number' }];

const IMAGE = {
  ...object({ type: { enum: ['base64', 'url'] }, value: text }),
  description: 'a picture in base64, or its address where the server fetches them',
};

/** Beside the declared fields, which may be null: a picture or several, a key, and what is ignored. */
function requestOf(declarations: Declarations, extra: object = {}): JsonSchema {
  const { properties } = jsonSchema(declarations) as { readonly properties: object };
  const nullable = Object.entries(properties).map(([name, schema]) => {
    const words = name === 'confidence' ? [{ enum: ['best', 'default'] }] : [];
    return [name, { anyOf: [schema as object, ...words, { type: 'null' }] }];
  });
  const key = { type: ['string', 'null'], description: 'as in the header authorization' };
  return {
    ...object({ ...extra, api_key: key, ...Object.fromEntries(nullable) }, Object.keys(extra)),
    additionalProperties: true,
  };
}

const PICTURES = { image: { anyOf: [IMAGE, { ...array(IMAGE), minItems: 1 }] } };

const size = object({ width: integer, height: integer });
const head = { inference_id: text, time: { ...number, description: 'seconds' }, image: size };

const box = {
  ...{ x: number, y: number, width: number, height: number, confidence: number },
  ...{ class: text, class_id: integer, detection_id: text },
};
const mask = {
  points: array(object({ x: number, y: number })),
  rle: object({ size: array(integer), counts: text }),
  mask_format: { enum: ['polygon', 'rle'] },
};

const drawn = { visualization: { ...text, description: 'JPEG in base64' } };

function answerOf(properties: object): JsonSchema {
  const one = object({ ...head, ...properties, ...drawn }, Object.keys({ ...head, ...properties }));
  return { anyOf: [one, array(one)] };
}

const boxes = (one: JsonSchema): JsonSchema => answerOf({ predictions: array(one) });

const ANSWERS = {
  detect: boxes(object(box)),
  segment: boxes(object({ ...box, ...mask }, [...Object.keys(box), 'mask_format'])),
  classify: answerOf({
    predictions: array(object({ class: text, class_id: integer, confidence: number })),
    ...{ top: text, confidence: number },
  }),
};

const REGISTRY = object({
  models: array(
    object({
      ...{ model_id: text, task_type: text },
      ...{ request_aliases: array(text), request_paths: array(text) },
    }),
  ),
  total_vram_bytes: integer,
});

const ERROR = object({ message: text, code: text, detail: array({ type: 'object' }) }, [
  'message',
  'code',
]);

function operation(summary: string, answer: JsonSchema, request?: JsonSchema, more: object = {}) {
  return {
    ...{ summary, tags: ['roboflow'] },
    ...(request && { requestBody: { required: true, content: json(request) } }),
    responses: {
      200: { description: 'the answer', content: json(answer) },
      default: { description: 'a failure', content: json(ERROR) },
    },
    ...more,
  };
}

const lmm = (more?: object): PathItem => ({
  post: operation(
    'answer a prompt with the raw text of the model',
    answerOf({ response: text }),
    requestOf(LMM_FIELDS, { ...PICTURES, prompt: text }),
    more,
  ),
});

const vision = (task: keyof typeof FIELDS, summary: string): PathItem => ({
  post: operation(summary, ANSWERS[task], requestOf(FIELDS[task], PICTURES)),
});

const workflow = (more?: object): PathItem => ({
  post: operation(
    'run a task as a workflow; others are answered with 501',
    object({ outputs: array({ type: 'object' }) }),
    { ...object({ inputs: { type: 'object' } }, []), additionalProperties: true },
    more,
  ),
});
const named = workflow(inPath({ workspace: { enum: [WORKSPACE] }, id: { enum: WORKFLOW_NAMES } }));

export const PATHS: Readonly<Record<string, PathItem>> = {
  '/info': {
    get: operation(
      'what server this is',
      object({ name: text, version: text, uuid: text }),
      undefined,
      { security: [] },
    ),
  },
  '/model/registry': { get: operation('the models that are loaded', REGISTRY) },
  '/model/add': { post: operation('load a model', REGISTRY, requestOf(MODEL_FIELDS)) },
  '/model/remove': {
    post: operation(
      'free a model until it is asked for',
      REGISTRY,
      requestOf(MODEL_FIELDS, { model_id: text }),
    ),
  },
  '/model/clear': { post: operation('free all models until they are asked for', REGISTRY) },
  '/infer/lmm': lmm(),
  '/infer/lmm/{model_id}': lmm(inPath({ model_id: text })),
  '/infer/object_detection': vision('detect', 'find things in pictures'),
  '/infer/instance_segmentation': vision('segment', 'outline things in pictures'),
  '/infer/classification': vision('classify', 'tell which label fits pictures best'),
  '/{workspace}/workflows/{id}': named,
  '/infer/workflows/{workspace}/{id}': named,
  '/workflows/run': workflow(),
  '/infer/workflows': workflow(),
};
