/** Tasks about a clip: its frames are pictures of one prompt, in order (spec section 4.4). */
import { makeError } from '../errors.js';
import { type VideoInput, videoFrames } from '../image-input/video.js';
import type { Model } from '../model.js';
import { SAMPLING_OPTIONS } from '../options/generate.js';
import { PIXEL_OPTIONS } from '../options/image.js';
import { parseOptions, pick } from '../options/option.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import { VIDEO_TASK_OPTIONS } from '../options/tasks.js';
import type { VideoTaskOptions } from '../options/types.js';
import { FRAME_OPTIONS, USUAL_FRAMES } from '../options/video.js';
import { Prompt } from '../prompt.js';
import { languageCode, promptText } from './labels.js';
import { stripMarkers } from './markers.js';
import { questionPrompt } from './prompt-input.js';
import { PROMPTS } from './prompts.js';
import { TaskRun } from './task-run.js';
import { answerOf, captionOf, type TextResult, type TextRun } from './text.js';

/** What is wanted of a clip. */
export type VideoTask = 'caption' | { readonly ask: string };

export interface VideoResult extends TextResult {
  /** Pictures that were sent, repeats of a short clip included. */
  readonly frames: number;
}

export function video(
  model: Model,
  source: VideoInput,
  task: VideoTask = 'caption',
  options?: VideoTaskOptions,
): TextRun<VideoResult> {
  const o = parseOptions('video', VIDEO_TASK_OPTIONS, options);
  const { language, bare } = o;
  const question = questionOf(task);
  languageCode(language);
  return new TaskRun(o.signal, async (emit, signal) => {
    const pixels = pick(PIXEL_OPTIONS, o);
    const count = o.count ?? fittingFrames(model, question ?? '', language, o.maxTokens);
    const choice = { ...pick(FRAME_OPTIONS, o), count };
    const frames = await videoFrames(source, { ...choice, ...pixels, signal });
    const prompt =
      question === undefined
        ? new Prompt(PROMPTS.caption(language, 'medium'))
        : questionPrompt(question, { language, bare }, frames.length, 'ask');
    const stream = model.stream(frames, prompt, {
      ...pick(SAMPLING_OPTIONS, o),
      ...pixels,
      signal,
    });
    for await (const piece of stream) emit(piece);
    const toResult = question === undefined ? captionOf : answerOf;
    return { ...toResult(await stream.result), frames: frames.length };
  });
}

/** Answers about clips were trained with at most so many tokens (spec section 6.2). */
const USUAL_ANSWER = 64;

/** The usual number of frames, or what the context holds beside the prompt and an answer; at least one. */
function fittingFrames(
  model: Model,
  question: string,
  language: string,
  maxTokens: number = USUAL_ANSWER,
): number {
  const { contextLength, imageTokenCount } = model.info;
  // BOS and the line break at the end are not counted by tokenize.
  const prompt = model.tokenize(PROMPTS.answer(language, question)).length + 2;
  const fitting = Math.floor((contextLength - prompt - maxTokens) / imageTokenCount);
  return Math.max(1, Math.min(USUAL_FRAMES, fitting));
}

function questionOf(task: VideoTask): string | undefined {
  if (task === 'caption') return undefined;
  if (typeof task === 'object' && task !== null) {
    const ask = reading('task', '"caption" or { ask: question }', () => task.ask);
    // Refused before frames are made; how many pictures a placeholder may stand for is known after that.
    promptText('ask', typeof ask === 'string' ? stripMarkers(ask).text : ask);
    return ask;
  }
  const found = showValue(task);
  throw makeError('ERR_OPTION_TYPE', `task is ${found}, expected "caption" or { ask: question }`, {
    name: 'task',
    found,
    expected: '"caption" or { ask: question }',
  });
}
