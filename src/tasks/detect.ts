/** Where things are: boxes for labels. */
import type { Model, PictureInput } from '../model.js';
import type { Parsed } from '../options/option.js';
import { type DETECT_OPTIONS, speaking } from '../options/tasks.js';
import type { Prompt } from '../prompt.js';
import { type DetectedObject, emptyBox, hasArea, selectDetections, toDetection } from './boxes.js';
import { BOX_TOKENS, type Dropped, type Instance, InstanceParser } from './instances.js';
import { detectPattern } from './patterns.js';
import { labelsPrompt } from './prompt-input.js';
import { TaskRun } from './task-run.js';
import { type TaskResult, taskResult } from './text.js';

/** How an answer became a list of objects. */
export interface BoxesResult extends TaskResult {
  /** What was asked for. */
  readonly labels: readonly string[];
  /** Objects that were cut off by `maxTokens`. */
  readonly incomplete: number;
  /** Everything that was said and is no object. */
  readonly dropped: readonly Dropped[];
  /** Left out because a better box with the same label was in the same place. */
  readonly duplicates: number;
  /** Left out because of `minScore`. */
  readonly belowMinScore: number;
}

export interface DetectResult extends BoxesResult {
  readonly detections: readonly DetectedObject[];
}

export type DetectRun = TaskRun<DetectResult, DetectedObject>;

export function detect(
  model: Model,
  image: PictureInput,
  labels: string | readonly string[],
  o: Parsed<typeof DETECT_OPTIONS>,
): DetectRun {
  const { list, prompt } = labelsPrompt('detect', labels);
  return detectLabels(model, image, list, prompt, o);
}

/** As `detect`, with a prompt that is made already. */
export function detectLabels(
  model: Model,
  image: PictureInput,
  list: readonly string[],
  prompt: Prompt,
  o: Parsed<typeof DETECT_OPTIONS>,
): DetectRun {
  const pattern = o.constrained ? detectPattern(o.restrictLabels ? list : undefined) : undefined;
  return new TaskRun(o.signal, async (emit, signal) => {
    const all: DetectedObject[] = [];
    const said = await readInstances(
      model,
      image,
      prompt,
      { ...speaking(o), pattern, signal, draftLabels: list.join(';'), draftAfter: BOX_TOKENS },
      (instance, size) => {
        const detection = toDetection(instance, size, o.expectedBox);
        if (!hasArea(detection.box)) return emptyBox(instance);
        all.push(detection);
        if (detection.score >= o.minScore) emit(detection);
        return undefined;
      },
    );
    const { kept, ...left } = selectDetections(all, o);
    return { ...said, labels: list, detections: kept, ...left };
  });
}

/**
 * Runs a prompt whose answer is instances. `take` gets each as soon as it is whole; what it gives back is reported as
 * dropped.
 */
export async function readInstances(
  model: Model,
  image: PictureInput,
  prompt: Prompt,
  options: Parameters<Model['stream']>[2],
  take: (instance: Instance, size: { width: number; height: number }) => Dropped | undefined,
): Promise<TaskResult & { incomplete: number; dropped: Dropped[] }> {
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
  return { ...taskResult(prediction), incomplete, dropped: parser.dropped };
}
