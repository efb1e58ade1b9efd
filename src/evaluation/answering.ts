/** Where answers come from: a model that is asked now, or a file of answers of any system. */
import { createReadStream } from 'node:fs';
import { unreadable } from '../datasets/faults.js';
import type { RowRequest } from '../datasets/rows.js';
import { makeError } from '../errors.js';
import type { PaliGemma } from '../index.js';
import { showPath, showValue } from '../options/show.js';
import { linesOf } from '../runs/lines.js';
import { TASKS, type Task } from '../tasks/registry.js';
import type { Question } from './rows.js';

export interface Given {
  readonly answer: string;
  readonly prompt?: string;
  readonly seconds?: number;
  readonly tokens?: number;
}

/** Answers a question, or rejects with why it cannot. */
export type Answerer = (question: Question, signal: AbortSignal) => Promise<Given>;

interface TextResult {
  readonly text: string;
  readonly prompt: string;
  readonly usage: { readonly completionTokens: number };
}

/** Asks a model. Rows with a prompt are sent as they are; others are asked with the method of their task. */
export function modelAnswerer(model: PaliGemma, maxTokens: number | undefined): Answerer {
  return async ({ image, request }, signal) => {
    const options = { signal, ...(maxTokens !== undefined && { maxTokens }) };
    const begin = performance.now();
    const result = (await ask(model, image, request, options)) as TextResult;
    return {
      answer: result.text,
      prompt: result.prompt,
      seconds: (performance.now() - begin) / 1000,
      tokens: result.usage.completionTokens,
    };
  };
}

function ask(
  model: PaliGemma,
  image: string,
  request: RowRequest,
  options: Readonly<Record<string, unknown>>,
): PromiseLike<object> {
  if (request.kind === 'prompt') return model.predict(image, request.prompt, options);
  const task: Task = TASKS[request.task];
  return task.start(model, [image], request.arguments, options);
}

/**
 * Takes answers from a file of JSON lines, `{"id", "answer", "seconds"?}`; `id` is that of rows.jsonl, or the row's
 * number from 0. Rejects for a row without one. Throws ERR_DATASET for a line that is no answer, or one that comes twice.
 */
export async function readAnswers(file: string): Promise<Answerer> {
  const answers = new Map<string, Given>();
  let number = 0;
  for await (const { bytes } of linesOf(chunksOf(file))) {
    number++;
    const text = bytes
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trim();
    if (text === '') continue;
    const { id, given } = answerOf(text, `${showPath(file)}:${number}`);
    if (answers.has(id)) throw badAnswer(`${showPath(file)}:${number}`, `${showValue(id)} again`);
    answers.set(id, given);
  }
  return async ({ id, index }) => {
    const given = answers.get(id) ?? answers.get(String(index));
    if (given !== undefined) return given;
    throw makeError('ERR_DATASET', `${showPath(file)} has no answer to ${id}`, {
      ...{ name: id, found: 'no answer', expected: 'an answer to every row' },
    });
  };
}

/** Of a file; rejects with ERR_DATASET where it cannot be read. */
export async function* chunksOf(file: string): AsyncGenerator<Buffer, void> {
  try {
    yield* createReadStream(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function answerOf(text: string, place: string): { readonly id: string; readonly given: Given } {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    throw badAnswer(place, 'no JSON');
  }
  const { id, answer, seconds } = (line ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' && typeof id !== 'number') throw badAnswer(place, 'without an id');
  if (typeof answer !== 'string') throw badAnswer(place, 'without a text as answer');
  if (seconds !== undefined && typeof seconds !== 'number') {
    throw badAnswer(place, `with ${showValue(seconds)} as seconds`);
  }
  return { id: String(id), given: { answer, ...(seconds !== undefined && { seconds }) } };
}

function badAnswer(place: string, found: string): Error {
  const expected = '{"id": …, "answer": "…"}, each id once';
  return makeError('ERR_DATASET', `${place} is ${found}, expected ${expected}`, {
    ...{ name: place, found, expected },
  });
}
