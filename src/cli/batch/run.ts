/** Runs a task over pictures and says what came of each: on stdout, in the file of --output, in the folder of --annotate. */
import path from 'node:path';
import { MAX_FILE_BYTES } from '../../image-input/source.js';
import type { ImageInput } from '../../index.js';
import type { Journal } from '../../runs/journal.js';
import { pool } from '../../runs/pool.js';
import { errorJson } from '../../wire/errors.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode, isUsage } from '../exit-codes.js';
import type { Annotations } from './annotations.js';
import { checkPicture } from './arguments.js';
import { type Input, STDIN } from './inputs.js';
import type { LeftOut } from './left-out.js';
import type { PictureTask, TaskPiece } from './task.js';

export interface Plan<R> {
  /** Beside the progress bar. */
  readonly label: string;
  /** The model's file, as `--json` repeats it. */
  readonly model: string;
  /** A list where it is known how many there are. */
  readonly inputs: readonly Input[] | AsyncIterable<Input>;
  /** Answers have the picture's name before them. */
  readonly isMany: boolean;
  readonly task: PictureTask<R>;
  /** Repeated in the JSON of every picture. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly format: 'text' | 'json' | 'jsonl';
  /** Answers are printed as they come; only with `atOnce` 1. */
  readonly streams: boolean;
  readonly atOnce: number;
  /** Where lines go instead of stdout. */
  readonly journal: Journal<PictureRow> | undefined;
  readonly annotations: Annotations | undefined;
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

/** What came of one picture. */
type Outcome<R> = Pick<Input, 'image' | 'page'> &
  ({ readonly result: R } | { readonly error: unknown });

/** The picture in messages and before answers: `scan.tif`, `scan.tif page 2`. */
function nameOf({ image, page }: Pick<Input, 'image' | 'page'>): string {
  return page === undefined ? image : `${image} page ${page}`;
}

/** What its drawing is named after: `scan.tif`, `scan-page2.tif`. */
function drawingOf({ image, page }: Pick<Input, 'image' | 'page'>): string {
  if (page === undefined) return image;
  const { dir, name, ext } = path.parse(image === STDIN ? 'stdin' : image);
  return path.join(dir, `${name}-page${page}${ext}`);
}

/**
 * Runs all of them. A picture that fails is reported and does not stop the others. Text and `--json` are in the order of
 * the pictures; lines of JSON come as each is finished. Throws when the outcome cannot be written, and ERR_OPTION_… when
 * the task refuses what it was asked: it would say so of every picture.
 */
export async function runPictures<R>(context: Context, plan: Plan<R>): Promise<ExitCode> {
  const { output, signal } = context;
  const { journal } = plan;
  const total = Array.isArray(plan.inputs) ? plan.inputs.length : undefined;
  const tally = { answered: 0, failed: 0, before: 0 };
  const state = () => {
    const { answered, failed, before } = tally;
    return { done: answered + failed + before, failed, before, total };
  };
  const outcomes: Outcome<R>[] = [];
  const print = printer(context, plan);
  // A bar would be drawn over answers that are still growing; a single picture needs none.
  const bar = plan.streams || total === 1 ? undefined : output.count(plan.label);
  const runOne = (input: Input): Promise<Outcome<R>> => answer(context, plan, input, print.piece);
  const inputs = remaining(plan, () => tally.before++);
  const order = plan.format === 'jsonl' || journal !== undefined ? 'finished' : 'items';
  bar?.update(state());
  try {
    for await (const outcome of pool(inputs, { atOnce: plan.atOnce, order }, runOne)) {
      const isFailure = 'error' in outcome;
      if (isFailure && isUsage(outcome.error)) throw outcome.error;
      // What an interruption cuts off is counted below, not reported one by one.
      if (!(isFailure && signal.aborted)) {
        if (journal === undefined) await print.outcome(outcome);
        else await journal.add(outcomeJson(plan, outcome));
        if (isFailure) output.error(outcome.error, nameOf(outcome));
      }
      if (isFailure) tally.failed++;
      else tally.answered++;
      if (plan.format === 'json') outcomes.push(outcome);
      bar?.update(state());
    }
    await print.end();
  } finally {
    bar?.done();
  }
  const done = tally.answered + tally.before;
  const { leftOut } = plan;
  if (leftOut.size > 0) output.note(`note: ${leftOut.text()}`);
  if (signal.aborted && !output.isClosed) {
    output.note(`interrupted: ${done}${total === undefined ? '' : ` of ${total}`} answered`);
  } else if (journal !== undefined) {
    output.note(summary(plan.label, tally, journal.name));
  }
  if (plan.format === 'json') {
    const results = outcomes.map((outcome) => outcomeJson(plan, outcome));
    const more = leftOut.size > 0 && { leftOut: leftOut.kinds() };
    await output.json({ model: plan.model, results, ...more }, 2);
  }
  if (tally.failed > 0) return done === 0 ? EXIT.failure : EXIT.someFailed;
  return plan.isStrict && leftOut.size > 0 ? EXIT.someFailed : EXIT.ok;
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
async function* remaining<R>(
  { inputs, journal, annotations }: Plan<R>,
  onDone: () => void,
): AsyncGenerator<Input, void> {
  for await (const input of inputs) {
    // In order, and for those that are done too: names stay the same when a run is continued.
    if (input.error === undefined) annotations?.reserve(drawingOf(input));
    if (input.error === undefined && journal?.skip(pictureKey(input))) onDone();
    else yield input;
  }
}

/** Never rejects: a failure of one picture is its outcome. */
async function answer<R>(
  context: Context,
  { label, task, annotations, streams }: Plan<R>,
  input: Input,
  onPiece: Printer<R>['piece'],
): Promise<Outcome<R>> {
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
    let result: R;
    if (streams && task.stream !== undefined) {
      const stream = task.stream(picture, signal);
      for await (const piece of stream) await onPiece(named, piece);
      result = await stream.result;
    } else {
      result = await task.run(picture, signal);
    }
    if (annotations !== undefined && task.annotate !== undefined) {
      await annotations.write(drawingOf(input), await task.annotate(picture, result));
    }
    return { ...named, result };
  } catch (error) {
    return { ...named, error };
  }
}

interface Printer<R> {
  piece(picture: Pick<Input, 'image' | 'page'>, piece: TaskPiece): Promise<void>;
  outcome(outcome: Outcome<R>): Promise<void>;
  /** Ends a line that an interruption left open. */
  end(): Promise<void>;
}

function printer<R>({ output }: Context, plan: Plan<R>): Printer<R> {
  let isLineOpen = false;
  const lead = (picture: Pick<Input, 'image' | 'page'>): string =>
    plan.isMany ? `${nameOf(picture)}: ` : '';
  return {
    async piece(picture, piece) {
      if (plan.format === 'jsonl') {
        await output.json({ event: 'piece', ...picture, ...piece });
        return;
      }
      await output.data(isLineOpen ? piece.text : lead(picture) + piece.text);
      isLineOpen = true;
    },
    async outcome(outcome) {
      // All of them at the end.
      if (plan.format === 'json') return;
      if (plan.format === 'jsonl') {
        const event = 'error' in outcome ? 'error' : 'result';
        await output.json({ ...(plan.streams && { event }), ...outcomeJson(plan, outcome) });
        return;
      }
      if ('result' in outcome && !isLineOpen) {
        await output.data(`${lead(outcome)}${plan.task.text(outcome.result)}\n`);
      }
      await this.end();
    },
    async end() {
      if (isLineOpen) await output.data('\n');
      isLineOpen = false;
    },
  };
}

function outcomeJson<R>({ task, settings }: Plan<R>, outcome: Outcome<R>): PictureRow {
  const { image, page } = outcome;
  const named = { image, ...(page !== undefined && { page }) };
  if ('error' in outcome) return { ...named, ...settings, error: errorJson(outcome.error, 'cli') };
  return { ...named, ...settings, ...task.json(outcome.result) };
}
