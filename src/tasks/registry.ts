/**
 * Every task, described once: methods, command line, documentation and every other front are made from it. It loads
 * neither the addon nor sharp, and knows nothing of any front.
 */
import type { PictureInput } from '../engine/picture.js';
import { makeError } from '../errors.js';
import type { ImageInput } from '../image-input/source.js';
import type { Model } from '../model.js';
import { GENERATE_OPTIONS } from '../options/generate.js';
import type { Declarations, Input, Parsed } from '../options/option.js';
import {
  FIELDS,
  labels,
  optionalText,
  PHRASINGS,
  prompt,
  text,
} from '../options/task-arguments.js';
import {
  ASK_OPTIONS,
  CAPTION_OPTIONS,
  CLASSIFY_OPTIONS,
  COMPARE_OPTIONS,
  DETECT_OPTIONS,
  EXTRACT_OPTIONS,
  OCR_OPTIONS,
  REFER_OPTIONS,
  SEGMENT_OPTIONS,
  SWEEP_OPTIONS,
  VIDEO_TASK_OPTIONS,
} from '../options/tasks.js';
import type { DetectOptions, GenerateOptions } from '../options/types.js';
import type { classify } from './classify.js';
import type { DetectRun } from './detect.js';
import type { extract } from './extract.js';
import type { refer, segment } from './segment.js';
import type { sweep } from './sweep.js';
import type { ask, caption, compare, generate, ocr } from './text.js';
import type { video } from './video.js';

/** A function of a task as a method of the model. */
type Method<F> = F extends (model: Model, ...rest: infer P) => infer R ? (...rest: P) => R : never;

/** What runs the tasks: a PaliGemma, or something that passes each call on to one. */
export interface TaskMethods {
  caption: Method<typeof caption>;
  ask: Method<typeof ask>;
  ocr: Method<typeof ocr>;
  detect(
    image: PictureInput,
    labels: string | readonly string[],
    options?: DetectOptions,
  ): DetectRun;
  segment: Method<typeof segment>;
  refer: Method<typeof refer>;
  classify: Method<typeof classify>;
  extract: Method<typeof extract>;
  sweep: Method<typeof sweep>;
  video: Method<typeof video>;
  compare: Method<typeof compare>;
  generate(
    image: PictureInput | readonly PictureInput[],
    prompt: string,
    options?: GenerateOptions,
  ): ReturnType<typeof generate>;
}

export type TaskName = keyof TaskMethods;

interface Images {
  readonly one: readonly [PictureInput];
  readonly several: readonly [PictureInput, ...PictureInput[]];
  readonly two: readonly [PictureInput, PictureInput];
  readonly clip: readonly [ImageInput, ...ImageInput[]];
}

/** How many pictures one call takes. A clip is one file or its frames in order. */
export type ImageCount = keyof Images;

/** What a model file must have beyond what every task needs. */
export interface Needs {
  /** The mask codec: `model.info.hasMaskCodec`. */
  readonly maskCodec?: true;
  /** What the checkpoint must have been fine-tuned on, in words. */
  readonly fineTunedOn?: string;
}

/** What a task's results are: fronts choose columns and file formats by it (src/wire). */
export type AnswerKind = 'text' | 'detections' | 'segments' | 'labels' | 'fields' | 'phrasings';

interface Description<A extends Declarations, O extends Declarations> {
  /** A few words, after the name. */
  readonly summary: string;
  /** A sentence. */
  readonly description: string;
  /** Beside pictures and options; no name is an option's as well. */
  readonly arguments: A;
  readonly options: O;
  readonly answers: AnswerKind;
  readonly needs?: Needs;
  /** What a run streams: pieces of text, detections or segments. Nothing where it is left out. */
  readonly parts?: 'text' | 'detections' | 'segments';
}

/** A task as fronts see it. What `start` returns can be awaited; with `parts` it is a TaskRun. */
export interface Task<
  A extends Declarations = Declarations,
  O extends Declarations = Declarations,
  R = PromiseLike<object>,
> extends Description<A, O> {
  readonly images: ImageCount;
  /**
   * Starts it. The model checks the wording of arguments and all options. Throws ERR_OPTION_RANGE for another number of
   * pictures than `images` says; everything else rejects.
   */
  start(
    model: TaskMethods,
    images: readonly PictureInput[],
    args: Parsed<A>,
    options?: Input<O>,
  ): R;
}

function task<const I extends ImageCount, A extends Declarations, O extends Declarations, R>(
  images: I,
  {
    start,
    ...description
  }: Description<A, O> & {
    start(model: TaskMethods, images: Images[I], args: Parsed<A>, options?: Input<O>): R;
  },
): Task<A, O, R> {
  return {
    ...description,
    images,
    start: (model, given, args, options) => start(model, checked(images, given), args, options),
  };
}

const COUNTS: Readonly<Record<ImageCount, readonly [min: number, max: number, words: string]>> = {
  one: [1, 1, 'one picture'],
  several: [1, Number.POSITIVE_INFINITY, 'at least one picture'],
  two: [2, 2, 'two pictures'],
  clip: [1, Number.POSITIVE_INFINITY, 'a clip'],
};

function checked<I extends ImageCount>(kind: I, images: readonly PictureInput[]): Images[I] {
  const [min, max, expected] = COUNTS[kind];
  // The tuple type says what is checked here.
  if (images.length >= min && images.length <= max) return images as unknown as Images[I];
  const found = `a list of ${images.length}`;
  throw makeError('ERR_OPTION_RANGE', `images is ${found}, expected ${expected}`, {
    name: 'images',
    found,
    expected,
  });
}

/** In the order in which people read them. */
export const TASKS = {
  caption: task('one', {
    summary: 'describe pictures',
    description: 'Describes each picture in a sentence.',
    arguments: {},
    options: CAPTION_OPTIONS,
    answers: 'text',
    parts: 'text',
    start: (model, [image], _, options) => model.caption(image, options),
  }),
  ask: task('several', {
    summary: 'answer a question about pictures',
    description: 'Answers a question about each picture.',
    arguments: { question: text('what is asked about each picture') },
    options: ASK_OPTIONS,
    answers: 'text',
    parts: 'text',
    start: (model, images, { question }, options) => model.ask(images, question, options),
  }),
  ocr: task('one', {
    summary: 'read the text in pictures',
    description: 'Reads the text in each picture.',
    arguments: {},
    options: OCR_OPTIONS,
    answers: 'text',
    parts: 'text',
    start: (model, [image], _, options) => model.ocr(image, options),
  }),
  detect: task('one', {
    summary: 'find things in pictures',
    description: 'Finds things in each picture.',
    arguments: { labels: labels('what to find') },
    options: DETECT_OPTIONS,
    answers: 'detections',
    parts: 'detections',
    start: (model, [image], { labels }, options) => model.detect(image, labels, options),
  }),
  segment: task('one', {
    summary: 'outline things in pictures',
    description: 'Outlines things in each picture.',
    arguments: { labels: labels('what to outline') },
    options: SEGMENT_OPTIONS,
    answers: 'segments',
    needs: { maskCodec: true },
    parts: 'segments',
    start: (model, [image], { labels }, options) => model.segment(image, labels, options),
  }),
  refer: task('one', {
    summary: 'outline what a phrase speaks of',
    description: 'Outlines the one thing that a phrase speaks of.',
    arguments: { phrase: text('what to outline') },
    options: REFER_OPTIONS,
    answers: 'segments',
    needs: { maskCodec: true, fineTunedOn: 'RefCOCO' },
    parts: 'segments',
    start: (model, [image], { phrase }, options) => model.refer(image, phrase, options),
  }),
  classify: task('one', {
    summary: 'tell which label fits pictures best',
    description: 'Tells which of some labels answers a question about each picture best.',
    arguments: { labels: labels('the labels to choose from') },
    options: CLASSIFY_OPTIONS,
    answers: 'labels',
    start: (model, [image], { labels }, options) => model.classify(image, labels, options),
  }),
  extract: task('one', {
    summary: 'read typed fields of documents',
    description:
      'Reads typed values from each picture of a document; what cannot be read is null, with the answer of the model beside it.',
    arguments: { fields: FIELDS },
    options: EXTRACT_OPTIONS,
    answers: 'fields',
    start: (model, [image], { fields }, options) => model.extract(image, fields, options),
  }),
  sweep: task('one', {
    summary: 'compare phrasings of a prompt',
    description:
      'Sends several phrasings of one prompt about each picture and tells how far the answers agree.',
    arguments: { prompts: PHRASINGS },
    options: SWEEP_OPTIONS,
    answers: 'phrasings',
    start: (model, [image], { prompts }, options) => model.sweep(image, prompts, options),
  }),
  video: task('clip', {
    summary: 'describe clips, or answer a question about them',
    description:
      'Describes each clip, or answers a question about it: animated GIF and WebP, and video files when ffmpeg is installed.',
    arguments: { question: optionalText('what is asked about each clip') },
    options: VIDEO_TASK_OPTIONS,
    answers: 'text',
    needs: { fineTunedOn: 'video' },
    parts: 'text',
    start: (model, images, { question }, options) =>
      model.video(
        images.length === 1 ? images[0] : images,
        question === undefined ? 'caption' : { ask: question },
        options,
      ),
  }),
  compare: task('two', {
    summary: 'tell whether a statement about two pictures is true',
    description: 'Tells whether a statement about two pictures is true.',
    arguments: { statement: text('what may be true of them') },
    options: COMPARE_OPTIONS,
    answers: 'text',
    needs: { fineTunedOn: 'NLVR2' },
    parts: 'text',
    start: (model, images, { statement }, options) => model.compare(images, statement, options),
  }),
  generate: task('several', {
    summary: 'answer a prompt about pictures',
    description: 'Answers a prompt about each picture.',
    arguments: { prompt: prompt('what to do: "caption en", "detect cat", "ocr", …') },
    options: GENERATE_OPTIONS,
    answers: 'text',
    parts: 'text',
    start: (model, images, { prompt }, options) => model.generate(images, prompt, options),
  }),
} satisfies { readonly [N in TaskName]: Task };

/** What awaiting a task returns. */
export type ResultOf<N extends TaskName> = Awaited<ReturnType<(typeof TASKS)[N]['start']>>;

/** What the model must have, in a sentence; undefined where every model will do. */
export function needsText({ maskCodec, fineTunedOn }: Needs = {}): string | undefined {
  if (fineTunedOn !== undefined) {
    return `For checkpoints fine-tuned on ${fineTunedOn}${maskCodec ? ', with the mask codec' : ''}.`;
  }
  return maskCodec ? 'Needs a model file with the mask codec.' : undefined;
}
