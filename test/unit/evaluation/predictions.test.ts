/** Answers from a file: how rows are named, and what is no file of answers. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Dataset, openDataset } from '../../../src/datasets/open.js';
import { readAnswers } from '../../../src/evaluation/predictions.js';
import type { Question } from '../../../src/evaluation/rows.js';
import { folderWith } from '../../support/folder.js';

function fileWith(text: string): string {
  const file = path.join(folderWith({}), 'answers.jsonl');
  writeFileSync(file, text);
  return file;
}

const question = (index: number): Question => ({
  ...{ index, id: `rows.jsonl:${index + 1}`, image: 'a.png', fields: {} },
  ...{ truth: { truths: ['x'] }, request: { kind: 'prompt', prompt: 'ocr' } },
});

const { signal } = new AbortController();
/** What is read of it, is read of COCO's files alone. */
const NO_COCO: Dataset = {
  ...{ path: 'rows.jsonl', format: 'jsonl' as const, sources: [] },
  async *rows() {},
  digest: async () => '',
};

it('rows have their names or their numbers; lines may be empty, and end as on Windows', async () => {
  const file = fileWith(
    '\ufeff{"id":"rows.jsonl:1","answer":""}\r\n\r\n{"id":1,"answer":"b","seconds":0.25}',
  );
  const answer = await readAnswers(file, NO_COCO);
  expect(await answer(question(0), signal)).toEqual({ answer: '' });
  expect(await answer(question(1), signal)).toEqual({ answer: 'b', seconds: 0.25 });
  await expect(answer(question(2), signal)).rejects.toMatchObject({
    code: 'ERR_DATASET',
    message: expect.stringContaining('has no answer to rows.jsonl:3'),
  });
});

it.each([
  ['{', 1, 'no JSON'],
  ['{"id":"a","answer":"b"}\n[]', 2, 'without an id'],
  ['null', 1, 'without an id'],
  ['{"id":"a"}', 1, 'without an answer'],
  ['{"id":"a","answer":5}', 1, 'without a text as answer'],
  ['{"id":"a","answer":"b","seconds":"1"}', 1, 'with "1" as seconds'],
  ['{"id":"a","answer":"b"}\n{"id":"a","answer":"c"}', 2, '"a" again'],
  ['{"id":"a","answer":"b","score":-1}', 1, 'with -1 as score'],
  ['{"id":"a","detections":{}}', 1, 'without an array as detections'],
])('%j is refused at line %i', async (text, line, words) => {
  const file = fileWith(text);
  await expect(readAnswers(file, NO_COCO)).rejects.toMatchObject({
    code: 'ERR_DATASET',
    message: expect.stringContaining(`${file}:${line} is ${words}`),
  });
});

it('a file that is not there is reported', async () => {
  await expect(readAnswers('/nowhere.jsonl', NO_COCO)).rejects.toMatchObject({
    code: 'ERR_DATASET',
  });
});

const CATS = {
  images: [
    { id: 7, file_name: 'a.png', width: 40, height: 20 },
    { id: 3, file_name: 'b.png', width: 40, height: 20 },
  ],
  annotations: [{ id: 1, image_id: 3, category_id: 2, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0 }],
  categories: [{ id: 2, name: 'cat' }],
};

const objects = (index: number): Question => ({
  ...question(index),
  truth: { size: { width: 40, height: 20 }, objects: [] },
});

it('objects are detections, or a text of loc tokens', async () => {
  const file = fileWith(
    `{"id":0,"detections":[{"label":"cat","bbox":[1,2,3,4],"score":0.5}]}
{"id":1,"answer":"<loc0000><loc0000><loc1023><loc1023> cat"}
{"id":2,"answer":"no idea"}
{"id":3,"value":1}`,
  );
  const answer = await readAnswers(file, NO_COCO);
  const found = [{ label: 'cat', bbox: [1, 2, 3, 4], score: 0.5 }];
  expect(await answer(objects(0), signal)).toEqual({ found });
  expect((await answer(objects(1), signal)).found).toEqual([
    { label: 'cat', bbox: [0, 0, 40, 20], score: 1 },
  ]);
  expect((await answer(objects(2), signal)).found).toEqual([]);
  await expect(answer(objects(3), signal)).rejects.toThrow('has value, expected detections');
  await expect(answer(question(0), signal)).rejects.toThrow('has found, expected an answer');
});

it('documents are values, or texts of JSON', async () => {
  const file = fileWith(
    '{"id":0,"value":{"a":1}}\n{"id":1,"answer":"{\\"a\\":2}"}\n{"id":2,"answer":"{"}',
  );
  const answer = await readAnswers(file, NO_COCO);
  const document = (index: number): Question => ({ ...question(index), truth: { document: {} } });
  expect((await answer(document(0), signal)).value).toEqual({ a: 1 });
  expect((await answer(document(1), signal)).value).toEqual({ a: 2 });
  expect((await answer(document(2), signal)).value).toBe('{');
});

describe('a COCO file of results', () => {
  async function read(results: unknown) {
    const folder = folderWith({});
    const [truths, file] = ['truths.json', 'results.json'].map((name) =>
      path.join(folder, name),
    ) as [string, string];
    writeFileSync(truths, JSON.stringify(CATS));
    writeFileSync(file, JSON.stringify(results));
    return readAnswers(file, await openDataset(truths));
  }

  it('has ids of pictures and categories; pictures without a result have found nothing', async () => {
    const answer = await read([{ image_id: 3, category_id: 2, bbox: [1, 2, 3, 4], score: 0.9 }]);
    expect((await answer(objects(0), signal)).found).toEqual([]);
    expect((await answer(objects(1), signal)).found).toEqual([
      { label: 'cat', bbox: [1, 2, 3, 4], score: 0.9 },
    ]);
  });

  it.each([
    [{}, 'no array of results'],
    [[{ image_id: 4, category_id: 2, bbox: [1, 2, 3, 4] }], 'image_id 4, which no picture has'],
    [[{ image_id: 3, category_id: 9, bbox: [1, 2, 3, 4] }], 'category_id 9, which no category'],
    [[{ image_id: 3, category_id: 2, bbox: [1, 2, 3] }], 'as bbox, which is x, y, width, height'],
    [[{ image_id: 3, category_id: 2, bbox: [1, 2, 3, 4], score: 'x' }], 'with "x" as score'],
  ])('%j is refused', async (results, words) => {
    await expect(read(results)).rejects.toMatchObject({
      code: 'ERR_DATASET',
      message: expect.stringContaining(words),
    });
  });

  it('is for a data set of COCO', async () => {
    const file = path.join(folderWith({}), 'results.json');
    writeFileSync(file, '[]');
    await expect(readAnswers(file, NO_COCO)).rejects.toThrow(
      'image ids, and is for a data set in jsonl',
    );
  });
});
