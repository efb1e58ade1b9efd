/**
 * JSON Schema 2020-12 of what each task returns, as `taskJson` and `jsonText` send it. The compiler compares the fields
 * with those of the results' types.
 */
import type {
  BoxesSweep,
  ClassifyResult,
  ConsensusDetection,
  DetectResult,
  Dropped,
  ImageSize,
  LabelPresence,
  LabelProbability,
  OcrResult,
  RobustResult,
  SegmentedObject,
  SegmentResult,
  TaskResult,
  TextResult,
  TextSweep,
  Timings,
  TokenLogprob,
  Usage,
  VideoResult,
  Word,
  YesNo,
} from '../index.js';
import type { JsonSchema } from '../options/json-schema.js';
import { FIELD_TYPES } from '../options/tasks.js';
import type { MaskJson } from '../results/mask.js';
import type { Box } from '../results/types.js';
import type { ResultOf, TaskName } from '../tasks/registry.js';

/** A field that is left out where there is nothing to say. */
class Optional {
  constructor(readonly schema: JsonSchema) {}
}

type Properties<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Optional : JsonSchema;
};

/** A result as it is sent: `image` names the file there. */
type Sent<T> = Omit<T, 'image'> & { readonly size: ImageSize };

function object<T>(properties: Properties<T>): JsonSchema {
  const all = Object.entries<JsonSchema | Optional>(properties);
  return {
    type: 'object',
    properties: Object.fromEntries(
      all.map(([name, one]) => [name, one instanceof Optional ? one.schema : one]),
    ),
    required: all.filter(([, one]) => !(one instanceof Optional)).map(([name]) => name),
    additionalProperties: false,
  };
}

const described = (schema: JsonSchema, description: string): JsonSchema => ({
  ...schema,
  description,
});
const optional = (schema: JsonSchema): Optional => new Optional(schema);
const array = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const oneOf = (values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });

const string: JsonSchema = { type: 'string' };
const boolean: JsonSchema = { type: 'boolean' };
const number: JsonSchema = { type: 'number' };
const count: JsonSchema = { type: 'integer', minimum: 0 };
const ms: JsonSchema = { type: 'number', minimum: 0, description: 'milliseconds' };
const probability: JsonSchema = { type: 'number', minimum: 0, maximum: 1 };
const score = described(probability, 'how likely the answer is right');
/** JSON has no infinity: the logarithm of 0 is text. */
const logprob: JsonSchema = {
  anyOf: [number, { const: '-Infinity' }],
  description: 'natural logarithm of a probability',
};

const size = described(
  object<ImageSize>({ width: count, height: count }),
  'of the upright original in pixels',
);
const box = described(
  object<Box>({ xmin: number, ymin: number, xmax: number, ymax: number }),
  'edges in pixels of the upright original',
);
const usage = object<Usage>({
  promptTokens: count,
  imageTokens: count,
  completionTokens: count,
  cachedImages: count,
});
const timings = object<Timings>({
  prepareMs: ms,
  queueMs: ms,
  encodeMs: ms,
  prefillMs: ms,
  decodeMs: ms,
  totalMs: ms,
  encodings: count,
});

const taskResult: Properties<Sent<TaskResult>> = {
  prompt: described(string, 'what was sent to the model'),
  raw: described(string, 'what the model generated, word for word'),
  finishReason: oneOf(['stop', 'length', 'repetition']),
  size,
  usage,
  timings,
};

const textResult: Properties<Sent<TextResult>> = { ...taskResult, text: string, score };

const detection: Properties<Omit<ConsensusDetection, 'support'>> = {
  label: string,
  score,
  box,
  labelScore: probability,
  boxScore: probability,
  presence: optional(described(probability, 'that there is a box at all')),
  asked: described(boolean, 'whether its label is one of those asked for'),
};
const support = described(count, 'phrasings that found it');

const boxesResult = {
  ...taskResult,
  labels: array(string),
  presence: array(object<LabelPresence>({ label: string, presence: optional(probability) })),
  incomplete: count,
  dropped: array(
    object<Dropped>({
      text: string,
      reason: oneOf(['incomplete', 'malformed', 'text', 'emptyBox']),
    }),
  ),
  duplicates: count,
  belowMinScore: count,
  unasked: count,
};

const mask = object<MaskJson>({
  width: count,
  height: count,
  box,
  image: size,
  area: described(count, 'pixels inside'),
  rle: described(
    object<MaskJson['rle']>({
      size: { type: 'array', prefixItems: [count, count], minItems: 2, maxItems: 2 },
      counts: string,
    }),
    "COCO's compressed run-length code over the whole picture",
  ),
});

const segments = object<Sent<SegmentResult>>({
  ...boxesResult,
  segments: array(object<SegmentedObject>({ ...detection, mask, maskScore: probability })),
});

const fieldValues: Readonly<Record<(typeof FIELD_TYPES)[number], JsonSchema>> = {
  text: string,
  number,
  integer: { type: 'integer' },
  currency: object<{ amount: number; currency: string | null }>({
    amount: number,
    currency: { type: ['string', 'null'] },
  }),
  date: described(string, 'YYYY-MM-DD'),
  time: described(string, 'HH:MM or HH:MM:SS'),
  boolean,
};

const field = object<ResultOf<'extract'>['fields'][string]>({
  value: {
    anyOf: [{ type: 'null' }, ...FIELD_TYPES.map((type) => fieldValues[type])],
    description: 'of the type that was asked for; null when it cannot be read',
  },
  raw: string,
  score,
  prompt: string,
});

const sweep: JsonSchema = {
  oneOf: [
    object<TextSweep>({
      kind: { const: 'text' },
      consensus: string,
      agreement: probability,
      phrasings: array(
        object<TextSweep['phrasings'][number]>({ prompt: string, text: string, score }),
      ),
    }),
    object<BoxesSweep>({
      kind: { const: 'boxes' },
      consensus: array(object<ConsensusDetection>({ ...detection, support })),
      agreement: probability,
      phrasings: array(
        object<BoxesSweep['phrasings'][number]>({
          prompt: string,
          raw: string,
          detections: array(object(detection)),
          score,
        }),
      ),
    }),
  ],
};

/** Of each task. */
export const RESULT_SCHEMAS: Readonly<Record<TaskName, JsonSchema>> = {
  caption: object(textResult),
  ask: object(textResult),
  ocr: object<Sent<OcrResult>>({
    ...textResult,
    words: array(object<Word>({ text: string, score: probability })),
  }),
  detect: object<Sent<DetectResult> & Partial<Pick<RobustResult, 'agreement' | 'prompts'>>>({
    ...boxesResult,
    detections: array(
      object<Omit<ConsensusDetection, 'support'> & { support?: number }>({
        ...detection,
        support: optional(support),
      }),
    ),
    agreement: optional(described(probability, 'of the phrasings, with robust')),
    prompts: optional(described(array(string), 'all that were sent, with robust')),
  }),
  segment: segments,
  refer: segments,
  classify: object<Sent<ClassifyResult>>({
    prompt: string,
    label: described(string, 'the most probable one'),
    score: described(number, 'its probability among the labels'),
    distribution: array(object<LabelProbability>({ label: string, probability: number, logprob })),
    coverage: described(probability, 'that the model answers with one of the labels at all'),
    size,
    usage,
    timings,
  }),
  extract: object<Sent<ResultOf<'extract'>>>({
    fields: { type: 'object', additionalProperties: field },
    size,
    usage,
    timings,
  }),
  sweep,
  video: object<Sent<VideoResult>>({
    ...textResult,
    frames: described(count, 'pictures that were sent'),
  }),
  compare: object<Sent<YesNo>>({
    ...textResult,
    answer: optional(described(boolean, 'left out when the model answered neither')),
  }),
  generate: object<Sent<ResultOf<'generate'>>>({
    ...textResult,
    tokens: array(count),
    logprobs: array(logprob),
    topLogprobs: optional(array(array(object<TokenLogprob>({ token: count, logprob })))),
  }),
};

/** What `errorJson` sends. */
export const ERROR_SCHEMA = object<{ code: string; message: string }>({
  code: described(string, 'stable: one of docs/errors.md, or the code of the system'),
  message: string,
});
