/** class PaliGemma: a model with its tasks as methods. What each task does is in src/tasks. */
import { atCaller } from './caller.js';
import type { PictureInput } from './engine/picture.js';
import type { VideoInput } from './image-input/video.js';
import { Model, type ModelInfo } from './model.js';
import { parseOptions } from './options/option.js';
import { DETECT_OPTIONS } from './options/tasks.js';
import type {
  AskOptions,
  CaptionOptions,
  ClassifyOptions,
  CompareOptions,
  DetectOptions,
  ExtractOptions,
  GenerateOptions,
  OcrOptions,
  ReferOptions,
  SegmentOptions,
  SweepOptions,
  VideoTaskOptions,
} from './options/types.js';
import type { Prompt } from './prompt.js';
import { type ClassifyResult, classify } from './tasks/classify.js';
import { type DetectRun, detect } from './tasks/detect.js';
import { type ExtractResult, type ExtractSchema, extract } from './tasks/extract.js';
import type { LabelOf } from './tasks/labels.js';
import { wholePrompt } from './tasks/prompt-input.js';
import type { TaskMethods } from './tasks/registry.js';
import { refer, type SegmentRun, segment } from './tasks/segment.js';
import { detectRobust, type SweepResult, sweep } from './tasks/sweep.js';
import { attempt } from './tasks/task-run.js';
import {
  ask,
  caption,
  compare,
  generate,
  type OcrResult,
  ocr,
  type TextRun,
  type YesNo,
} from './tasks/text.js';
import { type VideoResult, type VideoTask, video } from './tasks/video.js';

/** The option `extra` by itself, so that its value says which labels there may be. */
interface Extra<E extends boolean | undefined> {
  readonly extra?: E;
}

/** Labels of what is found when `L` is asked for: with `extra` whatever the model says. */
type Found<L extends string, E> = [E] extends [false | undefined] ? LabelOf<L> : string;

/**
 * A loaded PaliGemma. Every task can be awaited for its result or looped over for its parts. Calls about one picture
 * share its encoding.
 *
 * All tasks throw `ERR_IMAGE_*`, `ERR_PROMPT_TOO_LONG`, `ERR_OPTION_*`, `ERR_DISPOSED`, and reject with `signal.reason`
 * when aborted.
 *
 * @example
 * const model = await PaliGemma.load('paligemma-3b-mix-224-q8_0.gguf');
 * const { detections } = await model.detect('street.jpg', ['car', 'bicycle']);
 * await model.dispose();
 */
export class PaliGemma extends Model implements TaskMethods {
  /** Describes the picture. Parts: pieces of text. */
  caption(image: PictureInput, options?: CaptionOptions): TextRun {
    return attempt(PaliGemma.prototype.caption, () => caption(this, image, options));
  }

  /** Answers a question about one picture or several. Parts: pieces of text. */
  ask(
    image: PictureInput | readonly PictureInput[],
    question: string,
    options?: AskOptions,
  ): TextRun {
    return attempt(PaliGemma.prototype.ask, () => ask(this, image, question, options));
  }

  /** Reads the text in the picture. Parts: pieces of text. */
  ocr(image: PictureInput, options?: OcrOptions): TextRun<OcrResult> {
    return attempt(PaliGemma.prototype.ocr, () => ocr(this, image, options));
  }

  /**
   * Finds everything that one of the labels names. Parts: detections, as soon as the model has generated them; the result may
   * hold fewer, as duplicates are known at the end only. Each has the label that it was asked for by, also where the model
   * says `Cats` for `cat`; with `extra` others as well.
   */
  detect<const L extends string, E extends boolean | undefined = false>(
    image: PictureInput,
    labels: L | readonly L[],
    options?: DetectOptions & Extra<E>,
  ): DetectRun<Found<L, E>> {
    return attempt(PaliGemma.prototype.detect, () => {
      const o = parseOptions('detect', DETECT_OPTIONS, options);
      const run = (o.robust ? detectRobust : detect)(this, image, labels, o);
      // Without `extra` the labels of a result are those that were asked for (src/tasks/labels.ts).
      return run as DetectRun<Found<L, E>>;
    });
  }

  /** As `detect`, with masks. Throws `ERR_MODEL_TENSOR_MISSING` when the file has no mask codec. */
  segment<const L extends string, E extends boolean | undefined = false>(
    image: PictureInput,
    labels: L | readonly L[],
    options?: SegmentOptions & Extra<E>,
  ): SegmentRun<Found<L, E>> {
    return attempt(
      PaliGemma.prototype.segment,
      () => segment(this, image, labels, options) as SegmentRun<Found<L, E>>,
    );
  }

  /** Box and mask of the one object that a phrase speaks of; for checkpoints trained on RefCOCO. */
  refer(image: PictureInput, phrase: string, options?: ReferOptions): SegmentRun {
    return attempt(PaliGemma.prototype.refer, () => refer(this, image, phrase, options));
  }

  /** Is a statement about two pictures true? For checkpoints trained on NLVR2. Parts: pieces of text. */
  compare(
    images: readonly [PictureInput, PictureInput],
    statement: string,
    options?: CompareOptions,
  ): TextRun<YesNo> {
    return attempt(PaliGemma.prototype.compare, () => compare(this, images, statement, options));
  }

  /**
   * Which of the labels answers the question best, and how probable each is. One label alone has the probability 1;
   * `coverage` says how probable it is among all answers.
   */
  classify<const L extends string>(
    image: PictureInput,
    labels: L | readonly L[],
    options?: ClassifyOptions,
  ): Promise<ClassifyResult<LabelOf<L>>> {
    // Its labels are those that were given.
    return atCaller(
      PaliGemma.prototype.classify,
      () => classify(this, image, labels, options) as Promise<ClassifyResult<LabelOf<L>>>,
    );
  }

  /**
   * Asks in several phrasings, over one encoding of the picture: how far they agree, what each says, and the consensus.
   * Prompts that all begin with `detect` give boxes.
   */
  sweep(
    image: PictureInput,
    prompts: readonly string[],
    options?: SweepOptions,
  ): Promise<SweepResult> {
    return atCaller(PaliGemma.prototype.sweep, () => sweep(this, image, prompts, options));
  }

  /**
   * Reads several typed values from one document, each with its raw text and score. What cannot be read is null.
   *
   * @example
   * const { fields } = await model.extract('receipt.jpg', { total: 'currency', date: 'date' });
   */
  extract<const S extends ExtractSchema>(
    image: PictureInput,
    schema: S,
    options?: ExtractOptions,
  ): Promise<ExtractResult<S>> {
    return atCaller(PaliGemma.prototype.extract, () => extract(this, image, schema, options));
  }

  /**
   * Describes a clip, or answers a question about it. `source`: pictures in order, an animated GIF or WebP, or a video
   * file, for which `ffmpeg` must be installed. For checkpoints fine-tuned on video. Parts: pieces of text.
   *
   * @example
   * const { text } = await model.video('door.mp4', { ask: 'does anybody come in?' });
   */
  video(source: VideoInput, task?: VideoTask, options?: VideoTaskOptions): TextRun<VideoResult> {
    return attempt(PaliGemma.prototype.video, () => video(this, source, task, options));
  }

  /** Sends a prompt as it is: for checkpoints with prompts of their own. Parts: pieces of text. */
  generate(
    image: PictureInput | readonly PictureInput[],
    prompt: string,
    options?: GenerateOptions,
  ): ReturnType<typeof generate> {
    return attempt(PaliGemma.prototype.generate, () => generate(this, image, prompt, options));
  }

  protected override promptOf(text: string, pictures: number, { name }: ModelInfo): Prompt {
    return wholePrompt(text, pictures, name);
  }
}
