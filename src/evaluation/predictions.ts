/** Answers of any system, from a file: JSON lines, or a file of results as COCO's tools write it. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { unreadable } from '../datasets/faults.js';
import { memberText } from '../datasets/json-text.js';
import type { Dataset } from '../datasets/open.js';
import { checkStart, noJson } from '../datasets/texts.js';
import type { Fields } from '../datasets/values.js';
import { makeError } from '../errors.js';
import { oneLine, showPath, showValue } from '../options/show.js';
import { linesOf } from '../runs/lines.js';
import type { Answerer } from './answering.js';
import { readCocoResults, readShape } from './coco-results.js';
import { idOf } from './questions.js';
import type { Given, Question, WrittenFinding } from './rows.js';
import { findingsOf, hasMasks, noDecoder } from './text-truths.js';

/** A line, as far as it has been looked at. */
interface Line {
  readonly answer?: string;
  readonly found?: readonly WrittenFinding[];
  readonly value?: unknown;
  /** `value` as the file has it. */
  readonly valueText?: string | undefined;
  readonly score?: number;
  readonly seconds?: number;
  /** In place of all of these: why the system has no answer. */
  readonly error?: string;
}

export interface StoredAnswers {
  readonly answerer: Answerer;
  /** 16 hexadecimal digits of all bytes of the file: people edit single lines of it. */
  readonly fingerprint: string;
}

/**
 * Takes answers from a file of JSON lines, or from a COCO file of results. A line is `{"id", "answer", "score"?, "seconds"?}`,
 * with `"detections": [{"label", "bbox", "score"?, "segmentation"?}]` or `"value"` instead of `answer` where objects or documents
 * are judged, and `"error"` where there is none; `id` is that of rows.jsonl, or the row's number from 0. The answerer rejects for
 * a row without an answer. Throws
 * ERR_DATASET for a line that is no answer, one to a row that is not there, or the second to one row. The file is read
 * once from its beginning to its end, so it may be a pipe.
 */
export async function readAnswers(
  file: string,
  dataset: Dataset,
  signal?: AbortSignal,
): Promise<StoredAnswers> {
  const hash = createHash('sha256');
  async function* chunks(): AsyncGenerator<Buffer, void> {
    for await (const chunk of chunksOf(file)) {
      signal?.throwIfAborted();
      hash.update(chunk);
      yield chunk;
    }
  }
  let answers: ReadonlyMap<number, Line>;
  if (file.toLowerCase().endsWith('.json')) {
    const parts: Buffer[] = [];
    for await (const chunk of chunks()) parts.push(chunk);
    const results = await readCocoResults(Buffer.concat(parts), file, dataset);
    answers = new Map([...results].map(([row, found]) => [row, { found }]));
  } else {
    answers = await byRow(await readLines(file, chunks()), file, dataset, signal);
  }
  const answerer: Answerer = async (question, until) => {
    const { id, index } = question;
    const line = answers.get(index);
    if (line?.error !== undefined) {
      throw makeError('ERR_SYSTEM', line.error, {
        name: id,
        found: 'an error',
        expected: 'an answer',
      });
    }
    if (line !== undefined) return givenOf(line, question, until);
    throw makeError('ERR_DATASET', `${showPath(file)} has no answer to ${id}`, {
      ...{ name: id, found: 'no answer', expected: 'an answer to every row' },
    });
  };
  return { answerer, fingerprint: hash.digest('hex').slice(0, 16) };
}

/** Throws ERR_DATASET where the line has no answer of the kind that is judged. */
async function givenOf(
  { valueText, ...line }: Line,
  { id, truth }: Question,
  signal: AbortSignal,
): Promise<Given> {
  const wrong = (found: string, expected: string): Error =>
    makeError('ERR_DATASET', `the answer to ${id} has ${found}, expected ${expected}`, {
      ...{ name: id, found, expected },
    });
  const said = Object.keys(line).join(', ') || 'nothing';
  if ('objects' in truth || 'reference' in truth) {
    const { width, height } = truth.size;
    for (const { rle } of line.found ?? []) {
      if (rle === undefined || (rle.size[0] === height && rle.size[1] === width)) continue;
      const found = `a mask of ${rle.size[1]} x ${rle.size[0]} pixels`;
      throw wrong(found, `${width} x ${height}, those of the picture`);
    }
    if (line.found !== undefined) return line;
    if (line.answer === undefined) throw wrong(said, 'detections, or an answer with loc tokens');
    const decodeMasks = hasMasks(truth) ? noDecoder(`the answer to ${id}`) : undefined;
    return { ...line, ...(await findingsOf(line.answer, truth.size, { decodeMasks, signal })) };
  }
  if ('document' in truth) {
    if (valueText !== undefined) return { ...line, answer: valueText };
    if (line.answer !== undefined) return { ...line, value: parsed(line.answer) };
    throw wrong(said, 'a value');
  }
  if (line.answer === undefined) throw wrong(said, 'an answer');
  return line;
}

/** The text itself where it is no JSON: it is compared as such. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

interface NumberedLine {
  readonly id: string;
  /** Of the file, from 1. */
  readonly number: number;
  readonly line: Line;
}

async function readLines(file: string, chunks: AsyncIterable<Buffer>): Promise<NumberedLine[]> {
  const lines: NumberedLine[] = [];
  let number = 0;
  for await (const { bytes } of linesOf(chunks)) {
    if (++number === 1) checkStart(bytes, file);
    const place = `${showPath(file)}:${number}`;
    if (!isUtf8(bytes)) throw badAnswer(place, 'not UTF-8', 'UTF-8 text');
    const text = bytes
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trim();
    if (text !== '') lines.push({ number, ...lineOf(text, place) });
  }
  return lines;
}

/** Throws ERR_DATASET for an answer to no row, and for the second one to a row, whatever it is called there. */
async function byRow(
  lines: readonly NumberedLine[],
  file: string,
  dataset: Dataset,
  signal?: AbortSignal,
): Promise<Map<number, Line>> {
  const { ids, fault } = await rowsOf(dataset, signal);
  const rowOf = (id: string): number | undefined =>
    ids.get(id) ?? (/^(?:0|[1-9]\d*)$/.test(id) && Number(id) < ids.size ? Number(id) : undefined);
  const answers = new Map<number, NumberedLine>();
  const unknown: NumberedLine[] = [];
  for (const one of lines) {
    const { id, number, line } = one;
    const row = rowOf(id);
    if (row === undefined) {
      unknown.push(one);
      continue;
    }
    const before = answers.get(row);
    if (before !== undefined) {
      const found = `a second answer to one row, ${showValue(id)}, after ${showValue(before.id)} in line ${before.number}`;
      throw badAnswer(`${showPath(file)}:${number}`, found, 'each row once');
    }
    answers.set(row, { id, number, line });
  }
  const [first] = unknown;
  // Without rows it is the data set that is wrong, which evaluate() says.
  if (first !== undefined && ids.size > 0) {
    // It may be the one that cannot be read.
    if (fault !== undefined) throw fault;
    throw noSuchRow(first, unknown.length, { file, dataset, ids });
  }
  return new Map([...answers].map(([row, { line }]) => [row, line]));
}

/** Numbers of rows by their ids. Pictures are not written. `fault`: the first row that cannot be read, which may not be judged. */
async function rowsOf(
  dataset: Dataset,
  signal: AbortSignal | undefined,
): Promise<{ readonly ids: ReadonlyMap<string, number>; readonly fault: Error | undefined }> {
  const ids = new Map<string, number>();
  let fault: Error | undefined;
  const onBadRow = (error: Error): void => {
    fault ??= error;
  };
  for (const source of dataset.sources) {
    for await (const { place } of source.rows({ signal, onBadRow })) {
      ids.set(idOf(dataset, place), ids.size);
    }
  }
  return { ids, fault };
}

function noSuchRow(
  { id, number }: NumberedLine,
  count: number,
  {
    file,
    dataset,
    ids,
  }: {
    readonly file: string;
    readonly dataset: Dataset;
    readonly ids: ReadonlyMap<string, number>;
  },
): Error {
  const [example] = ids.keys();
  const more = count === 1 ? '' : `, the first of ${count}`;
  const found = `an answer to ${showValue(id)}, which is no row of ${showPath(dataset.path)}${more}`;
  const expected = `the id of a row, such as ${showValue(example)}, or its number, 0 to ${ids.size - 1}`;
  return badAnswer(`${showPath(file)}:${number}`, found, expected);
}

/** Of a file; rejects with ERR_DATASET where it cannot be read. */
export async function* chunksOf(file: string): AsyncGenerator<Buffer, void> {
  try {
    yield* createReadStream(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function lineOf(text: string, place: string): Pick<NumberedLine, 'id' | 'line'> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw badAnswer(place, noJson(text));
  }
  const { id, answer, detections, value, score, seconds, error } = (given ?? {}) as Fields;
  if (typeof id !== 'string' && typeof id !== 'number') throw badAnswer(place, 'without an id');
  if (answer === undefined && detections === undefined && value === undefined) {
    if (error === undefined) throw badAnswer(place, 'without an answer');
    return { id: String(id), line: { error: errorText(error) } };
  }
  if (answer !== undefined && typeof answer !== 'string') {
    throw badAnswer(place, 'without a text as answer');
  }
  for (const [name, number, most] of [
    ['score', score, 1],
    ['seconds', seconds, Number.MAX_VALUE],
  ] as const) {
    if (number === undefined) continue;
    if (typeof number === 'number' && number >= 0 && number <= most) continue;
    const range = name === 'score' ? ', which is 0 to 1' : '';
    throw badAnswer(place, `with ${showValue(number)} as ${name}${range}`);
  }
  return {
    id: String(id),
    line: {
      ...(answer !== undefined && { answer }),
      ...(detections !== undefined && { found: foundOf(detections, place) }),
      ...(value !== undefined && { value, valueText: memberText(text, 'value') }),
      ...(score !== undefined && { score: score as number }),
      ...(seconds !== undefined && { seconds: seconds as number }),
    },
  };
}

/** What a system says of a row that it could not answer: a text, or an object with one, as rows.jsonl has it. */
function errorText(error: unknown): string {
  const { message = error } = (error ?? {}) as Fields;
  return typeof message === 'string' && message.trim() !== '' ? oneLine(message) : showValue(error);
}

function foundOf(detections: unknown, place: string): WrittenFinding[] {
  if (!Array.isArray(detections)) throw badAnswer(place, 'without an array as detections');
  return detections.map((one: unknown, i) => {
    const refuse = (found: string): Error => badAnswer(`${place}, detections[${i}]`, found);
    const { label, ...rest } = (one ?? {}) as Fields;
    if (typeof label !== 'string') throw refuse('without a label');
    return { label, ...readShape(rest, refuse) };
  });
}

const ANSWER = '{"id": …, "answer": "…"}, each id once; or "detections", or "value"';

function badAnswer(place: string, found: string, expected = ANSWER): Error {
  return makeError('ERR_DATASET', `${oneLine(place)} is ${found}, expected ${expected}`, {
    ...{ name: place, found, expected },
  });
}
