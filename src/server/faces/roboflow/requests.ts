/** Fields of requests, each declared once: what is checked and what /openapi.json says come from here. */
import { makeError } from '../../../errors.js';
import { MAX_CONTEXT_LENGTH, MAX_PROMPT_LENGTH } from '../../../options/limits.js';
import {
  boolean,
  type Declarations,
  integer,
  list,
  number,
  oneOf,
  type Parsed,
  parseOptions,
  string,
} from '../../../options/option.js';
import { TASKS } from '../../../tasks/registry.js';
import { base64Text, type Sender } from '../../pictures.js';
import type { SentPicture, Service } from '../../service.js';

type Body = Readonly<Record<string, unknown>>;

export const MODEL_FIELDS = {
  model_id: string<string, undefined>({
    default: undefined,
    minLength: 1,
    maxLength: 10_000,
    doc: 'alias of the model, then the task and labels where they are needed: paligemma, paligemma/detect, paligemma/classify/cat,dog; left out, the first one',
  }),
};

const READING_FIELDS = {
  disable_preproc_auto_orient: boolean({
    default: false,
    doc: 'read the picture as it is stored, not upright',
  }),
};

/** Of an answer whose length a request does not limit. */
export const USUAL_TOKENS = 400;

export const LMM_FIELDS = {
  ...MODEL_FIELDS,
  prompt: string<string, undefined>({
    default: undefined,
    minLength: 1,
    maxLength: MAX_PROMPT_LENGTH,
    doc: 'what the model is asked, as it was trained: detect cat ; dog',
  }),
  max_new_tokens: integer({
    default: undefined,
    min: 1,
    max: MAX_CONTEXT_LENGTH,
    unit: 'tokens',
    doc: `longest answer; left out, ${USUAL_TOKENS}`,
  }),
  ...READING_FIELDS,
};

const DRAWING_FIELDS = {
  visualize_predictions: boolean({
    default: false,
    doc: 'add the picture with the answer drawn in, as JPEG in base64',
  }),
  visualization_labels: boolean({ default: false, doc: 'write the labels in it' }),
  visualization_stroke_width: integer({
    default: 1,
    min: 1,
    max: 1000,
    unit: 'pixels',
    doc: 'width of its lines',
  }),
};

const VISION_FIELDS = {
  ...MODEL_FIELDS,
  class_filter: list<undefined>({
    ...TASKS.detect.arguments.labels,
    default: undefined,
    doc: 'the labels to look for; left out, those in model_id',
  }),
  // Not Roboflow's 0.4, which belongs to other scores.
  confidence: number({ default: 0, min: 0, max: 1, doc: 'leave out what scores below this' }),
  ...READING_FIELDS,
  ...DRAWING_FIELDS,
};

const BOXES_FIELDS = {
  ...VISION_FIELDS,
  iou_threshold: number<undefined>({
    default: undefined,
    min: 0,
    max: 1,
    doc: 'of two boxes with one label that overlap more than this, keep the better one; left out, 0.7',
  }),
  max_detections: integer({
    default: 300,
    min: 1,
    max: 100_000,
    doc: 'keep so many of the best',
  }),
};

/** What is read of a request for each task; whatever else clients send is theirs. */
export const FIELDS = {
  detect: BOXES_FIELDS,
  segment: {
    ...BOXES_FIELDS,
    response_mask_format: oneOf(['polygon', 'rle'], {
      default: 'polygon',
      doc: 'masks as one outline each, or exactly, as run-length code',
    }),
  },
  classify: VISION_FIELDS,
};

/** Fields as they are declared. Unknown ones and null are what clients send for nothing. */
export function fieldsOf<D extends Declarations>(owner: string, declarations: D, body: Body) {
  const given = Object.entries(body).filter(
    ([name, value]) =>
      Object.hasOwn(declarations, name) &&
      value !== null &&
      // Their thresholds for their models.
      !(name === 'confidence' && (value === 'best' || value === 'default')),
  );
  return parseOptions(owner, declarations, Object.fromEntries(given)) as Parsed<D>;
}

/** What to look for, from the field or from the name of the model. */
export function labelsOf(
  filter: readonly string[] | undefined,
  named: readonly string[] | undefined,
): readonly string[] {
  const labels = filter ?? named;
  // As the results have them.
  if (labels !== undefined) return labels.map((label) => label.trim());
  throw makeError('ERR_OPTION_TYPE', 'class_filter is missing', {
    ...{ name: 'class_filter', found: 'none', expected: 'the labels to look for' },
    hint: 'name them in class_filter, or in model_id: paligemma/classify/cat,dog',
  });
}

/** Whether a value is a picture, or a list of them, and no other parameter. */
export function isImage(value: unknown): boolean {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  const { type, value: data } = (first ?? {}) as {
    readonly type?: unknown;
    readonly value?: unknown;
  };
  return data !== undefined && ['base64', 'url', 'numpy'].includes(String(type));
}

/** The pictures of the field `image`, or of those in `named`: one or a list of `{ type, value }`. */
export async function picturesOf(
  service: Service,
  image: unknown,
  sender: Sender,
  named?: readonly string[],
): Promise<SentPicture[]> {
  const list: readonly unknown[] = Array.isArray(image) ? image : [image];
  if (image === undefined || image === null || list.length === 0) throw badImage('none');
  const own = list.map((_, i) => (Array.isArray(image) ? `image[${i}].value` : 'image.value'));
  return service.pictures.fromTexts(list.map(textOf), sender, named ?? own);
}

/** As the texts that every face reads. */
function textOf(image: unknown): string {
  const { type, value } = (image ?? {}) as { readonly type?: unknown; readonly value?: unknown };
  // Arrays of numpy come pickled, and reading that runs what is in it.
  if (type === 'numpy') throw badImage('of type "numpy"');
  if (typeof value !== 'string') throw badImage('without a text as its value');
  const text = type === 'base64' ? base64Text(value) : value;
  if (type !== 'base64' && type !== 'url') throw badImage('of another type');
  if (text !== undefined) return text;
  throw badImage('empty');
}

function badImage(found: string): Error {
  const expected = '{"type":"base64","value":"…"}';
  return makeError('ERR_REQUEST_FORMAT', `the picture is ${found}, expected ${expected}`, {
    ...{ name: 'image', found, expected },
  });
}
