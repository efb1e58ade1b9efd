/** Answers of any system, from a file: JSON lines, or a file of results as COCO's tools write it. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { unreadable } from '../datasets/faults.js';
import type { Dataset } from '../datasets/open.js';
import { makeError } from '../errors.js';
import { oneLine, showPath, showValue } from '../options/show.js';
import type { Rle } from '../results/rle.js';
import { readRle } from '../results/rle.js';
import { linesOf } from '../runs/lines.js';
import type { Answerer } from './answering.js';
import type { Given, Question, WrittenFinding } from './rows.js';
import { findingsOf, hasMasks, noDecoder } from './text-truths.js';

/** A line, as far as it has been looked at. */
interface Line {
  readonly answer?: string;
  readonly found?: readonly WrittenFinding[];
  readonly value?: unknown;
  readonly score?: number;
  readonly seconds?: number;
}

/**
 * Takes answers from a file of JSON lines, or from a COCO file of results. A line is `{"id", "answer", "score"?, "seconds"?}`,
 * with `"detections": [{"label", "bbox", "score"?, "segmentation"?}]` or `"value"` instead of `answer` where objects or documents
 * are judged; `id` is that of rows.jsonl, or the row's number from 0. Rejects for a row without one. Throws ERR_DATASET for a
 * line that is no answer, or one that comes twice.
 */
export async function readAnswers(file: string, dataset: Dataset): Promise<Answerer> {
  const answers = await (file.toLowerCase().endsWith('.json')
    ? readCocoResults(file, dataset)
    : readLines(file));
  return async (question, signal) => {
    const { id, index } = question;
    const line = answers.get(id) ?? answers.get(String(index));
    if (line !== undefined) return givenOf(line, question, signal);
    throw makeError('ERR_DATASET', `${showPath(file)} has no answer to ${id}`, {
      ...{ name: id, found: 'no answer', expected: 'an answer to every row' },
    });
  };
}

/** Throws ERR_DATASET where the line has no answer of the kind that is judged. */
async function givenOf(line: Line, { id, truth }: Question, signal: AbortSignal): Promise<Given> {
  const wrong = (expected: string): Error => {
    const found = Object.keys(line).join(', ') || 'nothing';
    return makeError('ERR_DATASET', `the answer to ${id} has ${found}, expected ${expected}`, {
      ...{ name: id, found, expected },
    });
  };
  if ('objects' in truth || 'reference' in truth) {
    if (line.found !== undefined) return line;
    if (line.answer === undefined) throw wrong('detections, or an answer with loc tokens');
    const decodeMasks = hasMasks(truth) ? noDecoder(`the answer to ${id}`) : undefined;
    const found = await findingsOf(line.answer, truth.size, { decodeMasks, signal });
    // An answer that is no list of objects finds none.
    return { ...line, found: found ?? [] };
  }
  if ('document' in truth) {
    if (line.value !== undefined) return line;
    if (line.answer !== undefined) return { ...line, value: parsed(line.answer) };
    throw wrong('a value');
  }
  if (line.answer === undefined) throw wrong('an answer');
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

async function readLines(file: string): Promise<Map<string, Line>> {
  const answers = new Map<string, Line>();
  let number = 0;
  for await (const { bytes } of linesOf(chunksOf(file))) {
    number++;
    const text = bytes
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trim();
    if (text === '') continue;
    const place = `${showPath(file)}:${number}`;
    const { id, line } = lineOf(text, place);
    if (answers.has(id)) throw badAnswer(place, `${showValue(id)} again`);
    answers.set(id, line);
  }
  return answers;
}

/** Of a file; rejects with ERR_DATASET where it cannot be read. */
export async function* chunksOf(file: string): AsyncGenerator<Buffer, void> {
  try {
    yield* createReadStream(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function lineOf(text: string, place: string): { readonly id: string; readonly line: Line } {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw badAnswer(place, 'no JSON');
  }
  const { id, answer, detections, value, score, seconds } = (given ?? {}) as Fields;
  if (typeof id !== 'string' && typeof id !== 'number') throw badAnswer(place, 'without an id');
  if (answer === undefined && detections === undefined && value === undefined) {
    throw badAnswer(place, 'without an answer');
  }
  if (answer !== undefined && typeof answer !== 'string') {
    throw badAnswer(place, 'without a text as answer');
  }
  for (const [name, number] of Object.entries({ score, seconds })) {
    if (number === undefined || (typeof number === 'number' && number >= 0)) continue;
    throw badAnswer(place, `with ${showValue(number)} as ${name}`);
  }
  return {
    id: String(id),
    line: {
      ...(answer !== undefined && { answer }),
      ...(detections !== undefined && { found: foundOf(detections, place) }),
      ...(value !== undefined && { value }),
      ...(score !== undefined && { score: score as number }),
      ...(seconds !== undefined && { seconds: seconds as number }),
    },
  };
}

function foundOf(detections: unknown, place: string): WrittenFinding[] {
  if (!Array.isArray(detections)) throw badAnswer(place, 'without an array as detections');
  return detections.map((one: unknown, i) => {
    const { label, ...rest } = (one ?? {}) as Fields;
    if (typeof label !== 'string') throw badAnswer(place, `without a label in detections[${i}]`);
    return { label, ...shapeOf(rest, `${place}, detections[${i}]`) };
  });
}

/** As COCO writes boxes, scores and masks. */
function shapeOf(entry: Fields, place: string): Omit<WrittenFinding, 'label'> {
  const { bbox, score = 1, segmentation } = entry;
  const isBox = Array.isArray(bbox) && bbox.length === 4 && bbox.every(Number.isFinite);
  if (!isBox)
    throw badAnswer(place, `with ${showValue(bbox)} as bbox, which is x, y, width, height`);
  if (typeof score !== 'number' || Number.isNaN(score)) {
    throw badAnswer(place, `with ${showValue(score)} as score`);
  }
  const box = bbox as unknown as WrittenFinding['bbox'];
  if (segmentation === undefined) return { bbox: box, score };
  readRle(segmentation);
  return { bbox: box, score, rle: segmentation as Rle };
}

/** By the rows' ids; pictures without a result have found nothing. */
async function readCocoResults(file: string, dataset: Dataset): Promise<Map<string, Line>> {
  const results = await readJson(file);
  if (!Array.isArray(results)) throw badAnswer(showPath(file), 'no array of results');
  const [source, more] = dataset.sources;
  if (dataset.format !== 'coco' || source === undefined || more !== undefined) {
    const found = `a data set in ${dataset.format}, of ${dataset.sources.length} files`;
    throw makeError('ERR_DATASET', `${showPath(file)} has COCO's image ids, and is for ${found}`, {
      ...{ name: file, found, expected: 'one COCO file of annotations' },
      hint: 'write answers as JSON lines with "id" and "detections"',
    });
  }
  const { images, categories } = (await readJson(source.file)) as {
    readonly images: readonly { readonly id: number }[];
    readonly categories: readonly { readonly id: number; readonly name: string }[];
  };
  const labels = new Map(categories.map(({ id, name }) => [id, name]));
  const rows = new Map(images.map(({ id }, i) => [id, i]));
  const found = new Map<number, WrittenFinding[]>(images.map(({ id }) => [id, []]));
  for (const [i, one] of (results as (Fields | null)[]).entries()) {
    const place = `${showPath(file)}: [${i}]`;
    const { image_id: image, category_id: category, ...rest } = one ?? {};
    const own = found.get(image as number);
    if (own === undefined)
      throw badAnswer(place, `with image_id ${showValue(image)}, which no picture has`);
    const label = labels.get(category as number);
    if (label === undefined) {
      throw badAnswer(place, `with category_id ${showValue(category)}, which no category has`);
    }
    own.push({ label, ...shapeOf(rest, place) });
  }
  return new Map([...found].map(([id, own]) => [String(rows.get(id)), { found: own }]));
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw badAnswer(showPath(file), 'no JSON');
  }
}

function badAnswer(place: string, found: string): Error {
  const expected = '{"id": …, "answer": "…"}, each id once; or "detections", or "value"';
  return makeError('ERR_DATASET', `${oneLine(place)} is ${found}, expected ${expected}`, {
    ...{ name: place, found, expected },
  });
}
