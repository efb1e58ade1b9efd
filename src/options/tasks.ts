/** Options of the task methods. What they do is in src/tasks. */
import { SAMPLING_OPTIONS } from './generate.js';
import { ENCODE_OPTIONS, PIXEL_OPTIONS } from './image.js';
import { MAX_PART_LENGTH } from './limits.js';
import { boolean, integer, number, oneOf, SIGNAL_OPTIONS, string } from './option.js';
import { FRAME_COUNTS, FRAME_OPTIONS } from './video.js';

/** How long a caption should be: alt text, COCO style, or a paragraph. `short` and `long` are known to pt checkpoints. */
const CAPTION_LENGTHS = ['short', 'medium', 'long'] as const;
export type CaptionLength = (typeof CAPTION_LENGTHS)[number];

/** What every task takes that generates text about pictures. */
export const ANSWER_OPTIONS = { ...SAMPLING_OPTIONS, ...ENCODE_OPTIONS };

/** The same for tasks about clips, whose frames are chosen by options of their own. */
const CLIP_OPTIONS = { ...SAMPLING_OPTIONS, ...PIXEL_OPTIONS, ...SIGNAL_OPTIONS };

const language = string({
  placeholder: 'code',
  default: 'en',
  minLength: 2,
  // A code has two or three letters; the name of a language is answered with its code.
  maxLength: 64,
  examples: ['en', 'de', 'es'],
  doc: 'language code as the prompt names it',
});

const constrained = boolean({
  default: true,
  doc: 'let the model generate only what has the form of an answer',
});

export const CAPTION_OPTIONS = {
  language,
  length: oneOf(CAPTION_LENGTHS, {
    default: 'medium',
    doc: 'alt text, a sentence, or a paragraph; mix checkpoints know the sentence best',
  }),
  ...ANSWER_OPTIONS,
};

export const OCR_OPTIONS = ANSWER_OPTIONS;

export const ANSWER_KINDS = [
  'text',
  'yes-no',
  'number',
  'integer',
  'currency',
  'date',
  'time',
] as const;

export const ASK_OPTIONS = {
  language,
  bare: boolean({
    default: false,
    doc: 'send the question alone, as checkpoints for documents and charts expect it',
  }),
  kind: oneOf(ANSWER_KINDS, {
    default: 'text',
    doc: 'what the answer may look like; anything but "text" keeps the model to that form',
  }),
  ...ANSWER_OPTIONS,
};

/**
 * The default has the best F1 of detect with the demo model, on as many labels that are in the picture as labels that
 * are not (bench/quality/presence.mjs).
 */
const minPresence = number({
  default: 0.8,
  min: 0,
  max: 1,
  doc: 'in a constrained answer, look for a box where the probability that there is one is at least this',
});

export const BOXES_OPTIONS = {
  constrained,
  minPresence,
  restrictLabels: boolean({
    default: false,
    doc: 'let the model generate only the labels that were asked for',
  }),
  minScore: number({
    default: 0,
    min: 0,
    max: 1,
    doc: 'leave out what scores below this',
  }),
  duplicateIou: number({
    default: 0.7,
    min: 0,
    aboveMin: true,
    max: 1,
    doc: 'of two boxes with one label that overlap more than this, keep the better one; 1 keeps both',
  }),
  expectedBox: boolean({
    default: false,
    doc: 'place each edge at the mean of the probabilities around it instead of the generated token',
  }),
  extra: boolean({
    default: false,
    doc: 'also return what the model calls by labels that were not asked for',
  }),
};

export const DETECT_OPTIONS = {
  ...BOXES_OPTIONS,
  robust: boolean({
    default: false,
    doc: 'ask with singular, plural and article variants as well and keep what most agree on',
  }),
  ...ANSWER_OPTIONS,
};

export const SEGMENT_OPTIONS = { ...BOXES_OPTIONS, ...ANSWER_OPTIONS };

export const REFER_OPTIONS = {
  constrained,
  minPresence,
  expectedBox: BOXES_OPTIONS.expectedBox,
  ...ANSWER_OPTIONS,
};

export const COMPARE_OPTIONS = ANSWER_OPTIONS;

export const VIDEO_TASK_OPTIONS = {
  language,
  bare: ASK_OPTIONS.bare,
  ...FRAME_OPTIONS,
  count: integer({
    ...FRAME_COUNTS,
    default: undefined,
    doc: 'how many frames to take; left out, 16 or as many as the context holds, whichever is less; a shorter clip is repeated from its start',
  }),
  ...CLIP_OPTIONS,
};

export const SWEEP_OPTIONS = ANSWER_OPTIONS;

/** What a field of a document may be. */
export const FIELD_TYPES = [
  'text',
  'number',
  'integer',
  'currency',
  'date',
  'time',
  'boolean',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** Which comes first where both could. */
const DATE_ORDERS = ['day-first', 'month-first'] as const;

export const EXTRACT_OPTIONS = {
  language,
  bare: ASK_OPTIONS.bare,
  dateOrder: oneOf(DATE_ORDERS, {
    default: undefined,
    doc: 'read 04/05/2024 as 4 May (day-first) or April 5 (month-first); left out, such a date is null',
  }),
  locale: string({
    placeholder: 'code',
    default: undefined,
    minLength: 2,
    maxLength: 35,
    examples: ['en-US', 'de-DE'],
    doc: 'how numbers are written where the document comes from',
  }),
  ...ANSWER_OPTIONS,
};

export const CLASSIFY_OPTIONS = {
  language,
  question: string({
    default: 'What objects are in the image?',
    minLength: 1,
    maxLength: MAX_PART_LENGTH,
    doc: 'the question that the labels answer',
  }),
  variants: boolean({
    default: true,
    doc: 'count singular, plural and a capital first letter of a label as that label',
  }),
  bare: ASK_OPTIONS.bare,
  ...ENCODE_OPTIONS,
};
