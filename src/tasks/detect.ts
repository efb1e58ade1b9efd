/** Where things are: boxes for labels. */
import type { PictureInput } from '../engine/picture.js';
import { type Model, sendNote } from '../model.js';
import { type Parsed, pick } from '../options/option.js';
import { ANSWER_OPTIONS, type DETECT_OPTIONS } from '../options/tasks.js';
import type { GenerateOptions } from '../options/types.js';
import type { Prompt } from '../prompt.js';
import {
  type DetectedObject,
  emptyBox,
  hasArea,
  isWanted,
  type LabelPresence,
  labelPresences,
  selectDetections,
  toDetection,
} from './boxes.js';
import { BOX_TOKENS, type Dropped, type Instance, InstanceParser } from './instances.js';
import { askedFor } from './labels.js';
import { detectPattern } from './patterns.js';
import { capitalNote, labelsPrompt } from './prompt-input.js';
import { TaskRun } from './task-run.js';
import { type TaskResult, taskResult } from './text.js';

/** How an answer became a list of objects. */
export interface BoxesResult<L extends string = string> extends TaskResult {
  /** What was asked for. */
  readonly labels: readonly L[];
  /** Of each of these labels how probable it is that it is in the picture, found or not. */
  readonly presence: readonly LabelPresence<L>[];
  /** Objects that were cut off by `maxTokens`. */
  readonly incomplete: number;
  /** Generated text that is not an object. */
  readonly dropped: readonly Dropped[];
  /** Left out because a better box with the same label was in the same place. */
  readonly duplicates: number;
  /** Left out because of `minScore`. */
  readonly belowMinScore: number;
  /** Left out because their label was not asked for; 0 with `extra`. */
  readonly unasked: number;
}

export interface DetectResult<L extends string = string> extends BoxesResult<L> {
  readonly detections: readonly DetectedObject<L>[];
}

export type DetectRun<L extends string = string> = TaskRun<DetectResult<L>, DetectedObject<L>>;

export function detect(
  model: Model,
  image: PictureInput,
  labels: string | readonly string[],
  o: Parsed<typeof DETECT_OPTIONS>,
): DetectRun {
  const { list, prompt } = labelsPrompt('detect', labels, model.info.name);
  return detectLabels(model, image, list, prompt, o, () => noteCapitals(model, list, prompt));
}

/** For when nothing was found. */
export function noteCapitals(model: Model, labels: readonly string[], prompt: Prompt): void {
  const note = capitalNote(labels, prompt);
  if (note !== undefined) sendNote(model, note);
}

/** As `detect`, with a prompt that is made already. `onNothing` is called where nothing was found. */
export function detectLabels(
  model: Model,
  image: PictureInput,
  list: readonly string[],
  prompt: Prompt,
  o: Parsed<typeof DETECT_OPTIONS>,
  onNothing?: () => void,
): DetectRun {
  const form = constraints(o, detectPattern(o.restrictLabels ? list : undefined));
  const labelFor = askedFor(list);
  return new TaskRun(o.signal, async (emit, signal) => {
    const all: DetectedObject[] = [];
    const { endPresence, ...said } = await readInstances(
      model,
      image,
      prompt.drafting({ labels: list, after: BOX_TOKENS }),
      { ...pick(ANSWER_OPTIONS, o), ...form, signal },
      (instance, size) => {
        const detection = toDetection(instance, size, o.expectedBox, labelFor);
        if (!hasArea(detection.box)) return emptyBox(instance);
        all.push(detection);
        if (isWanted(detection, o)) emit(detection);
        return undefined;
      },
    );
    const presence = labelPresences(list, all, endPresence);
    const { kept, ...left } = selectDetections(all, o);
    if (kept.length === 0) onNothing?.();
    return { ...said, labels: list, detections: kept, presence, ...left };
  });
}

/**
 * What keeps an answer to its form and asks for each box whether it is there. Nothing for an unconstrained one, which is
 * the reference's greedy answer, word for word.
 */
export function constraints(
  { constrained, minPresence }: { readonly constrained: boolean; readonly minPresence: number },
  pattern: string,
): Pick<GenerateOptions, 'pattern' | 'minPresence'> {
  return constrained ? { pattern, minPresence } : {};
}

/**
 * Runs a prompt whose answer is instances. `take` gets each as soon as it is whole; what it returns is reported as
 * dropped.
 */
export async function readInstances(
  model: Model,
  image: PictureInput,
  prompt: Prompt,
  options: Parameters<Model['stream']>[2],
  take: (instance: Instance, size: { width: number; height: number }) => Dropped | undefined,
): Promise<
  TaskResult & { incomplete: number; dropped: Dropped[]; endPresence: number | undefined }
> {
  const stream = model.stream(image, prompt, {
    ...options,
    locProbabilities: true,
    stopAtRepetition: true,
  });
  const parser = new InstanceParser();
  const takeAll = (instances: readonly Instance[]): void => {
    const size = stream.images[0] ?? { width: 0, height: 0 };
    for (const instance of instances) {
      const refused = take(instance, size);
      if (refused) parser.dropped.push(refused);
    }
  };
  for await (const piece of stream) takeAll(parser.push(piece));
  const prediction = await stream.result;
  takeAll(parser.end(prediction.finishReason === 'length'));
  const incomplete = parser.dropped.filter(({ reason }) => reason === 'incomplete').length;
  const { endPresence } = prediction;
  return { ...taskResult(prediction), incomplete, dropped: parser.dropped, endPresence };
}
