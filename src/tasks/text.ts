/** Tasks whose answer is text: caption, ask, ocr, compare, and the raw prompt. */

import type { PictureInput } from '../engine/picture.js';
import { makeError } from '../errors.js';
import type { Model } from '../model.js';
import { asList } from '../options/arguments.js';
import { parseGenerateOptions } from '../options/generate.js';
import { parseOptions, pick } from '../options/option.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import {
  ANSWER_OPTIONS,
  ASK_OPTIONS,
  CAPTION_OPTIONS,
  COMPARE_OPTIONS,
  OCR_OPTIONS,
} from '../options/tasks.js';
import type {
  AskOptions,
  CaptionOptions,
  CompareOptions,
  GenerateOptions,
  OcrOptions,
} from '../options/types.js';
import type { Piece, Prediction, Timings, Usage } from '../prediction.js';
import { Prompt } from '../prompt.js';
import type { ImageSize } from '../results/types.js';
import { FIELD_PATTERNS } from './fields/patterns.js';
import { languageCode } from './labels.js';
import { oneOfTexts } from './patterns.js';
import { questionPrompt, statementPrompt } from './prompt-input.js';
import { PROMPTS } from './prompts.js';
import { answerScore, jointProbability, textScore } from './scores.js';
import { TaskRun } from './task-run.js';

/** What every result of one answer holds. */
export interface TaskResult {
  /** What was sent to the model. */
  readonly prompt: string;
  /** What the model generated, word for word. */
  readonly raw: string;
  readonly finishReason: Prediction['finishReason'];
  /** Of the upright original; of the first picture when there are several. */
  readonly image: ImageSize;
  readonly usage: Usage;
  readonly timings: Timings;
}

export interface TextResult extends TaskResult {
  readonly text: string;
  /** 0 to 1. Captions and raw prompts: geometric mean of the token probabilities; answers: their product. */
  readonly score: number;
}

export interface Word {
  readonly text: string;
  /** The probability of its tokens, 0 to 1. */
  readonly score: number;
}

export interface OcrResult extends TextResult {
  /** Cut at white space. */
  readonly words: readonly Word[];
}

export interface YesNo extends TextResult {
  /** undefined when the model answered neither. */
  readonly answer: boolean | undefined;
}

/** The common part of a result. */
export function taskResult(prediction: Prediction): TaskResult {
  const { prompt, text: raw, finishReason, images, usage, timings } = prediction;
  const image = images[0] ?? { width: 0, height: 0 };
  return { prompt, raw, finishReason, image, usage, timings };
}

export type TextRun<R extends TextResult = TextResult> = TaskRun<R, Piece>;

/** Runs a prompt; the parts are the pieces of text. */
function textRun<R extends TextResult>(
  model: Model,
  image: PictureInput | readonly PictureInput[],
  prompt: string | Prompt,
  options: GenerateOptions,
  toResult: (prediction: Prediction, pieces: readonly Piece[]) => R,
): TextRun<R> {
  // Here, so that what is wrong with the call throws before anything runs.
  return new TaskRun(options.signal, async (emit, signal) => {
    const pieces: Piece[] = [];
    const stream = model.stream(image, prompt, { ...options, signal });
    for await (const piece of stream) {
      pieces.push(piece);
      emit(piece);
    }
    return toResult(await stream.result, pieces);
  });
}

export function generate(
  model: Model,
  image: PictureInput | readonly PictureInput[],
  prompt: string | Prompt,
  options?: GenerateOptions,
): TextRun<TextResult & Pick<Prediction, 'tokens' | 'logprobs' | 'topLogprobs'>> {
  return textRun(model, image, prompt, parseGenerateOptions(options, 'generate'), (prediction) => {
    const { text, tokens, logprobs, topLogprobs } = prediction;
    const score = textScore(prediction);
    const more = topLogprobs && { topLogprobs };
    return { ...taskResult(prediction), text, score, tokens, logprobs, ...more };
  });
}

export function caption(model: Model, image: PictureInput, options?: CaptionOptions): TextRun {
  const o = parseOptions('caption', CAPTION_OPTIONS, options);
  const prompt = new Prompt(PROMPTS.caption(languageCode(o.language), o.length));
  return textRun(model, image, prompt, pick(ANSWER_OPTIONS, o), captionOf);
}

/** A caption: any of many good ones, so that its length should not count. */
export function captionOf(prediction: Prediction): TextResult {
  const text = prediction.text.trim();
  return { ...taskResult(prediction), text, score: textScore(prediction) };
}

/** Patterns of the kinds of answer that are not free text. */
const KIND_PATTERNS = { ...FIELD_PATTERNS, 'yes-no': oneOfTexts(['yes', 'no']) };

export function ask(
  model: Model,
  image: PictureInput | readonly PictureInput[],
  question: string,
  options?: AskOptions,
): TextRun {
  const o = parseOptions('ask', ASK_OPTIONS, options);
  const prompt = questionPrompt(question, o, asList(image).length);
  const pattern = o.kind === 'text' ? undefined : KIND_PATTERNS[o.kind];
  return textRun(model, image, prompt, { ...pick(ANSWER_OPTIONS, o), pattern }, answerOf);
}

/** An answer: one is right. */
export function answerOf(prediction: Prediction): TextResult {
  const text = prediction.text.trim();
  return { ...taskResult(prediction), text, score: answerScore(prediction) };
}

export function ocr(model: Model, image: PictureInput, options?: OcrOptions): TextRun<OcrResult> {
  const o = parseOptions('ocr', OCR_OPTIONS, options);
  const prompt = new Prompt(PROMPTS.ocr());
  return textRun(model, image, prompt, pick(ANSWER_OPTIONS, o), (prediction, pieces) => ({
    ...answerOf(prediction),
    words: wordsOf(pieces),
  }));
}

/** Cut at white space; a token that spans two words counts for both. */
function wordsOf(pieces: readonly Piece[]): Word[] {
  const words: { text: string; pieces: Piece[] }[] = [];
  let current: { text: string; pieces: Piece[] } | undefined;
  for (const piece of pieces) {
    piece.text.split(/(\s+)/).forEach((part) => {
      if (part === '') return;
      if (/^\s+$/.test(part)) {
        current = undefined;
        return;
      }
      if (current === undefined) {
        current = { text: '', pieces: [] };
        words.push(current);
      }
      current.text += part;
      current.pieces.push(piece);
    });
    // A byte of a character that is not whole yet belongs to the word as well.
    if (piece.text === '') current?.pieces.push(piece);
  }
  return words.map(({ text, pieces: own }) => ({ text, score: jointProbability(own) }));
}

export function compare(
  model: Model,
  images: readonly [PictureInput, PictureInput],
  statement: string,
  options?: CompareOptions,
): TextRun<YesNo> {
  const o = parseOptions('compare', COMPARE_OPTIONS, options);
  const pair = reading('images', 'two pictures', (): readonly PictureInput[] | undefined =>
    Array.isArray(images) ? [...(images as readonly PictureInput[])] : undefined,
  );
  if (pair?.length !== 2) {
    const found = pair === undefined ? showValue(images) : `a list of ${pair.length}`;
    throw makeError(
      pair ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE',
      `images is ${found}, expected two pictures`,
      {
        name: 'images',
        found,
        expected: 'two pictures',
      },
    );
  }
  return textRun(model, pair, statementPrompt(statement), pick(ANSWER_OPTIONS, o), (prediction) => {
    const result = answerOf(prediction);
    const said = result.text.toLowerCase();
    const answer = ['true', 'yes'].includes(said)
      ? true
      : ['false', 'no'].includes(said)
        ? false
        : undefined;
    return { ...result, answer };
  });
}
