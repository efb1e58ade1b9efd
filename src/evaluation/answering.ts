/** Asks a model the questions of a data set. */
import type { RowRequest } from '../datasets/rows.js';
import { makeError } from '../errors.js';
import type {
  DetectResult,
  PaliGemma,
  Picture,
  PictureInput,
  SegmentResult,
  TextResult,
} from '../index.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { isSegment } from '../results/mask.js';
import type { Detection, ImageSize } from '../results/types.js';
import { TASKS, type Task } from '../tasks/registry.js';
import type { Given, Question, Truth, WrittenFinding } from './rows.js';
import { findingsOf, hasMasks, type MaskDecoder } from './text-truths.js';

/** Answers a question, or rejects with why it cannot. */
export type Answerer = (question: Question, signal: AbortSignal) => Promise<Given>;

export interface AskingOptions {
  readonly task: EvaluatedTask;
  readonly maxTokens: number | undefined;
  /** Keep answers of objects to their form. */
  readonly constrained: boolean;
  /** The picture of the last question may be that of the next, and is prepared once. */
  readonly keepsPictures: boolean;
}

type CallOptions = Readonly<Record<string, unknown>> & { readonly signal: AbortSignal };

/** The model's own mask codec, which fine-tuning leaves as it is. */
export const maskDecoder =
  (model: PaliGemma): MaskDecoder =>
  (codes, signal) =>
    model.decodeMasks(codes, { signal });

/**
 * Asks a model. Rows with a prompt are sent as they are; others are asked with the method of their task. Where objects are
 * judged, `detect cat ; dog` is asked with the method as well, since it has scores.
 */
export function modelAnswerer(
  model: PaliGemma,
  { task, maxTokens, constrained, keepsPictures }: AskingOptions,
): Answerer {
  let last: { readonly image: string; readonly picture: Promise<Picture> } | undefined;
  const pictureOf = (image: string): string | Promise<Picture> => {
    if (!keepsPictures) return image;
    if (last?.image !== image) {
      last = { image, picture: model.prepare(image) };
      // Each question about it says why it failed.
      last.picture.catch(() => {});
    }
    return last.picture;
  };
  return async (question, signal) => {
    const options = { signal, ...(maxTokens !== undefined && { maxTokens }) };
    const request = requestOf(question.request, task);
    const begin = performance.now();
    const picture = await pictureOf(question.image);
    const answer = await call(model, { ...question, picture }, request, options, constrained);
    return { ...answer, seconds: (performance.now() - begin) / 1000 };
  };
}

type Request =
  | RowRequest
  | {
      readonly kind: 'task';
      readonly task: 'segment';
      readonly arguments: { readonly labels: readonly string[] };
    };

/** What is judged decides how objects are asked for. */
function requestOf(request: RowRequest, task: EvaluatedTask): Request {
  if (task !== 'detect' && task !== 'segment') return request;
  const labels =
    request.kind === 'prompt'
      ? /^(?:detect|segment) (.+)$/s.exec(request.prompt)?.[1]?.split(' ; ')
      : request.task === 'detect'
        ? [request.arguments.labels].flat()
        : undefined;
  return labels ? { kind: 'task', task, arguments: { labels } } : request;
}

async function call(
  model: PaliGemma,
  { picture, truth, id }: Question & { readonly picture: PictureInput },
  request: Request,
  options: CallOptions,
  constrained: boolean,
): Promise<Given> {
  const start = (name: keyof typeof TASKS, args: object, more: object = {}) =>
    (TASKS[name] as Task).start(model, [picture], args as never, { ...options, ...more });
  if (request.kind === 'prompt') {
    const result = (await start('generate', { prompt: request.prompt })) as TextResult;
    if (!('objects' in truth || 'reference' in truth)) return textAnswer(result);
    checkSize(result.image, truth, id);
    const decodeMasks = hasMasks(truth) ? maskDecoder(model) : undefined;
    const isCut = result.finishReason === 'length';
    const reading = { decodeMasks, signal: options.signal, isCut };
    return { ...textAnswer(result), ...(await findingsOf(result.text, result.image, reading)) };
  }
  const { task, arguments: args } = request;
  switch (task) {
    case 'detect':
      return found((await start(task, args, { constrained })) as DetectResult, truth, id);
    case 'segment':
    case 'refer':
      return found((await start(task, args, { constrained })) as SegmentResult, truth, id);
    case 'classify': {
      const { maxTokens: _, ...rest } = options;
      const result = TASKS.classify.start(model, [picture], args as never, rest);
      const { label, score, prompt } = await result;
      return { answer: label, score, prompt };
    }
    case 'extract': {
      const { fields, usage } = await TASKS.extract.start(model, [picture], args as never, options);
      const all = Object.entries(fields);
      return {
        value: Object.fromEntries(all.map(([name, { value }]) => [name, value])),
        readings: Object.fromEntries(
          all.map(([name, { value: _, ...reading }]) => [name, reading]),
        ),
        tokens: usage.completionTokens,
      };
    }
    default:
      return textAnswer((await start(task, args)) as TextResult);
  }
}

function textAnswer({ text, score, prompt, usage }: TextResult): Given {
  return { answer: text, score, prompt, tokens: usage.completionTokens };
}

/** Boxes are compared in pixels of one picture. Throws ERR_DATASET where the data set has those of another size. */
function checkSize(real: ImageSize, truth: Truth, id: string): void {
  if (!('size' in truth)) return;
  const { width, height } = truth.size;
  if (real.width === width && real.height === height) return;
  const [found, expected] = [`${real.width} x ${real.height} pixels`, `${width} x ${height}`];
  const message = `the picture of ${id} is ${found}, not ${expected} as the data set says`;
  throw makeError('ERR_DATASET', message, { name: id, found, expected });
}

function found(result: DetectResult | SegmentResult, truth: Truth, id: string): Given {
  checkSize(result.image, truth, id);
  const { raw, prompt, usage, dropped } = result;
  const all = 'segments' in result ? result.segments : result.detections;
  return {
    ...{ answer: raw, found: all.map(written), prompt, tokens: usage.completionTokens },
    ...(dropped.length > 0 && { dropped: dropped.map(({ text }) => text) }),
  };
}

function written(detection: Detection): WrittenFinding {
  const { label, score, box } = detection;
  const { xmin, ymin, xmax, ymax } = box;
  const bbox = [xmin, ymin, xmax - xmin, ymax - ymin] as const;
  return { label, bbox, score, ...(isSegment(detection) && { rle: detection.mask.toRle() }) };
}
