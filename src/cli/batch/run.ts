/** Runs a task over pictures, several at once, and hands what came of each to a printer and to the folder of --annotate. */
import path from 'node:path';
import { MAX_FILE_BYTES } from '../../image-input/source.js';
import type { ImageInput } from '../../index.js';
import type { AnnotationFormat } from '../../options/annotate.js';
import { oneLine } from '../../options/show.js';
import type { Journal } from '../../runs/journal.js';
import { pool } from '../../runs/pool.js';
import { errorJson } from '../../wire/errors.js';
import { type Outcome, pictureName } from '../../wire/formats.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode, isUsage } from '../exit-codes.js';
import type { Output } from '../output.js';
import { checkPicture } from './arguments.js';
import { extensionFor, ownFormat } from './drawings.js';
import type { Input } from './inputs.js';
import type { LeftOut } from './left-out.js';
import type { PictureFiles } from './picture-files.js';
import type { Printer } from './printers.js';
import type { PictureTask } from './task.js';

export interface Plan<R extends object> {
  /** Beside the progress bar. */
  readonly label: string;
  /** A list where it is known how many there are. */
  readonly inputs: readonly Input[] | AsyncIterable<Input>;
  readonly task: PictureTask<R>;
  /** Repeated in the JSON of every picture. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly printer: Printer;
  /** What is remarkable about an answer goes to stderr: the format has no place for it. */
  readonly hasRemarks: boolean;
  /** Answers are printed as they come; only with `atOnce` 1. */
  readonly streams: boolean;
  readonly atOnce: number;
  /** Knows what an earlier run has done. */
  readonly journal: Journal<PictureRow> | undefined;
  /** Folders with a file for each picture. */
  readonly folders: readonly PictureFiles[];
  readonly annotations: PictureFiles | undefined;
  /** Of drawn pictures; left out, that of each picture. */
  readonly drawingFormat: AnnotationFormat | undefined;
  /** Complete when the inputs have ended. */
  readonly leftOut: LeftOut;
  /** Files that were left out are a failure. */
  readonly isStrict: boolean;
}

/** What JSON holds of one picture, beside the task's own fields. */
export interface PictureRow extends Pick<Input, 'image' | 'page'> {
  readonly error?: unknown;
}

/** One picture may be written in several ways; the same from one folder. */
export function pictureKey({ image, page }: Pick<Input, 'image' | 'page'>): string {
  return page === undefined ? path.resolve(image) : `${path.resolve(image)}\0${page}`;
}

/**
 * Runs all of them. A picture that fails is reported and does not stop the others. Throws when the outcome cannot be written, and ERR_OPTION_… when
 * the task refuses what it was asked: it would say so of every picture.
 */
export async function runPictures<R extends object>(
  context: Context,
  plan: Plan<R>,
): Promise<ExitCode> {
  const { output, signal } = context;
  const { printer, leftOut } = plan;
  const total = Array.isArray(plan.inputs) ? plan.inputs.length : undefined;
  const tally = { answered: 0, failed: 0, before: 0 };
  const state = () => {
    const { answered, failed, before } = tally;
    return { done: answered + failed + before, failed, before, total };
  };
  // A bar would be drawn over answers that are still growing; a single picture needs none.
  const bar = plan.streams || total === 1 ? undefined : output.count(plan.label);
  const runOne = (input: Input): Promise<Outcome> => answer(context, plan, input);
  const inputs = remaining(plan, () => tally.before++);
  const { atOnce } = plan;
  bar?.update(state());
  try {
    for await (const outcome of pool(inputs, { atOnce, order: printer.order }, runOne)) {
      const isFailure = 'error' in outcome;
      if (isFailure && isUsage(outcome.error)) throw outcome.error;
      // What an interruption cuts off is counted below, not reported one by one.
      const isAborted = isFailure && signal.aborted;
      if (!isAborted || printer.hasAborted) await printer.outcome(outcome);
      if (!isFailure) remark(output, plan, outcome);
      else if (!isAborted) output.error(outcome.error, pictureName(outcome));
      if (isFailure) tally.failed++;
      else tally.answered++;
      bar?.update(state());
    }
    bar?.done();
    await printer.end(leftOut.size > 0 ? { leftOut: leftOut.kinds() } : {});
  } finally {
    bar?.done();
  }
  const done = tally.answered + tally.before;
  if (leftOut.size > 0) output.note(`note: ${leftOut.text()}`);
  if (signal.aborted && !output.isClosed) {
    output.note(`interrupted: ${done}${total === undefined ? '' : ` of ${total}`} answered`);
  } else if (printer.where !== undefined) {
    output.note(summary(plan.label, tally, printer.where));
  }
  if (tally.failed > 0) return done === 0 ? EXIT.failure : EXIT.someFailed;
  return plan.isStrict && leftOut.size > 0 ? EXIT.someFailed : EXIT.ok;
}

/** Says on stderr what is remarkable about an answer. */
function remark<R extends object>(
  output: Output,
  { task, hasRemarks }: Plan<R>,
  outcome: Outcome & { readonly result: object },
): void {
  if (!hasRemarks) return;
  // The outcome is one of this task.
  for (const text of task.remarks?.(outcome.result as R) ?? []) {
    output.note(`${oneLine(pictureName(outcome))}: ${text}`);
  }
}

/** `predict: 60 answered (23 of them before), 2 failed: results.jsonl`. */
function summary(
  label: string,
  { answered, failed, before }: { answered: number; failed: number; before: number },
  file: string,
): string {
  const earlier = before > 0 ? ` (${before} of them before)` : '';
  return `${label}: ${answered + before} answered${earlier}, ${failed} failed: ${file}`;
}

/** What is left to do: without what a run before has done. */
async function* remaining<R extends object>(
  { inputs, journal, folders }: Plan<R>,
  onDone: () => void,
): AsyncGenerator<Input, void> {
  for await (const input of inputs) {
    // In order, and for those that are done too: names stay the same when a run is continued.
    if (input.error === undefined) for (const folder of folders) folder.reserve(input);
    if (input.error === undefined && journal?.skip(pictureKey(input))) onDone();
    else yield input;
  }
}

/** Never rejects: a failure of one picture is its outcome. */
async function answer<R extends object>(
  context: Context,
  { label, task, annotations, drawingFormat, streams, printer }: Plan<R>,
  input: Input,
): Promise<Outcome> {
  const { signal } = context;
  const { image, page } = input;
  const named = { image, ...(page !== undefined && { page }) };
  try {
    signal.throwIfAborted();
    if (input.error !== undefined) throw input.error;
    if (!input.isStdin) {
      checkPicture(image, `| paligemma ${label} -`);
      await annotations?.check(image);
    }
    const picture: ImageInput =
      input.picture ?? (input.isStdin ? await context.readStdin(MAX_FILE_BYTES) : image);
    const format =
      annotations && task.annotate && (drawingFormat ?? (await ownFormat(image, picture)));
    // Before there is an answer that would be lost.
    if (format) await annotations?.checkFree(input, extensionFor(format, image));
    let result: R;
    if (streams && task.stream !== undefined) {
      const stream = task.stream(picture, signal);
      for await (const piece of stream) await printer.piece?.(named, piece);
      result = await stream.result;
    } else {
      result = await task.run(picture, signal);
    }
    if (format && annotations && task.annotate) {
      const data = await task.annotate(picture, result, format);
      const left = await annotations.write(input, { data, extension: extensionFor(format, image) });
      if (left !== undefined) context.output.note(`note: ${left} exists and stays as it is`);
    }
    return { ...named, result };
  } catch (error) {
    return { ...named, error };
  }
}

/** One picture in JSON, failed or not. */
export function outcomeJson<R extends object>(
  { task, settings }: Pick<Plan<R>, 'task' | 'settings'>,
  outcome: Outcome,
): PictureRow {
  const { image, page } = outcome;
  const named = { image, ...(page !== undefined && { page }) };
  if ('error' in outcome) return { ...named, ...settings, error: errorJson(outcome.error, 'cli') };
  return { ...named, ...settings, ...task.json(outcome.result as R) };
}
