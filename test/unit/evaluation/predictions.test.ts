/** Answers from a file: how rows are named, and what is no file of answers. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Dataset, openDataset } from '../../../src/datasets/open.js';
import { readAnswers } from '../../../src/evaluation/predictions.js';
import type { Question } from '../../../src/evaluation/rows.js';
import { folderWith } from '../../support/folder.js';
import { NAMED_PIPES } from '../../support/needs.js';

function fileWith(text: string | Uint8Array, name = 'answers.jsonl'): string {
  const file = path.join(folderWith({}), name);
  writeFileSync(file, text);
  return file;
}

const question = (index: number): Question => ({
  ...{ index, id: `rows.jsonl:${index + 1}`, image: 'a.png', fields: {} },
  ...{ truth: { truths: ['x'] }, request: { kind: 'prompt', prompt: 'ocr' } },
});

const { signal } = new AbortController();

/** Four rows, of pictures that are not there. */
const dataset = (lines = 4): Promise<Dataset> => {
  const row = '{"image":"a.png","prefix":"ocr","suffix":"x"}\n';
  return openDataset(path.join(folderWith({ 'rows.jsonl': row.repeat(lines) }), 'rows.jsonl'));
};

async function answererOf(text: string | Uint8Array) {
  return (await readAnswers(fileWith(text), await dataset())).answerer;
}

it('rows have their names or their numbers; lines may be empty, and end as on Windows', async () => {
  const answer = await answererOf(
    '\ufeff{"id":"rows.jsonl:1","answer":""}\r\n\r\n{"id":1,"answer":"b","seconds":0.25}',
  );
  expect(await answer(question(0), signal)).toEqual({ answer: '' });
  expect(await answer(question(1), signal)).toEqual({ answer: 'b', seconds: 0.25 });
  await expect(answer(question(2), signal)).rejects.toMatchObject({
    code: 'ERR_DATASET',
    message: expect.stringContaining('has no answer to rows.jsonl:3'),
  });
});

it('a system may say why it has no answer, as rows of a run do', async () => {
  const answer = await answererOf(
    '{"id":0,"error":"out\\nof memory"}\n{"id":1,"error":{"code":"ERR_X","message":"no such file"}}\n{"id":2,"error":5}',
  );
  for (const [i, message] of ['out\\nof memory', 'no such file', '5'].entries()) {
    await expect(answer(question(i), signal)).rejects.toMatchObject({
      code: 'ERR_SYSTEM',
      message,
    });
  }
});

it('each byte of the file is in its fingerprint', async () => {
  const lines = Array.from({ length: 4 }, (_, id) => JSON.stringify({ id, answer: `${id}` }));
  const bytes = Buffer.from(lines.join('\n').padEnd(600_000));
  const data = await dataset();
  const of = async (all: Uint8Array) => (await readAnswers(fileWith(all), data)).fingerprint;
  const digits = new Set([await of(bytes)]);
  const answers = lines.map((_, i) => bytes.indexOf(`"answer":"${i}"`) + 10);
  for (const at of [...answers, 300_000, 599_999]) {
    const changed = Buffer.from(bytes);
    changed[at] = at > 1000 ? 9 : 0x78;
    digits.add(await of(changed));
  }
  expect([...digits].every((one) => /^[0-9a-f]{16}$/.test(one))).toBe(true);
  expect(digits.size).toBe(7);
});

it('the file may be a pipe', NAMED_PIPES, async () => {
  const pipe = path.join(folderWith({}), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const text = '{"id":0,"answer":"a"}\n';
  const [{ answerer, fingerprint }] = await Promise.all([
    readAnswers(pipe, await dataset()),
    writeFile(pipe, text),
  ]);
  expect(await answerer(question(0), signal)).toEqual({ answer: 'a' });
  const same = await readAnswers(fileWith(text), await dataset());
  expect(fingerprint).toBe(same.fingerprint);
});

describe('answers belong to rows', () => {
  it.each([
    ['{"id":"rows.jsonl:5","answer":"b"}', 1, '"rows.jsonl:5", which is no row of'],
    ['{"id":0,"answer":"b"}\n{"id":4,"answer":"b"}', 2, '"4", which is no row of'],
    ['{"id":-1,"answer":"b"}', 1, '"-1", which'],
    ['{"id":1.5,"answer":"b"}', 1, '"1.5", which'],
    ['{"id":"01","answer":"b"}', 1, '"01", which'],
    ['{"id":"a","answer":"b"}\n{"id":"b","answer":"b"}', 1, 'the first of 2'],
  ])('%j: to none, in line %i', async (text, line, words) => {
    const file = fileWith(text);
    await expect(readAnswers(file, await dataset())).rejects.toMatchObject({
      code: 'ERR_DATASET',
      found: expect.stringContaining(words),
      message: expect.stringMatching(
        new RegExp(`:${line} is an answer to .*such as "rows.jsonl:1", or its number, 0 to 3`),
      ),
    });
  });

  it.each([
    ['0', '0'],
    ['"rows.jsonl:1"', '"rows.jsonl:1"'],
    ['0', '"rows.jsonl:1"'],
    ['"rows.jsonl:1"', '0'],
    ['0', '"0"'],
  ])('%s and %s are one row, which is answered once', async (first, second) => {
    const line = (id: string) => `{"id":${id},"answer":"b"}`;
    const file = fileWith([line(first), line('1'), line(second)].join('\n'));
    await expect(readAnswers(file, await dataset())).rejects.toMatchObject({
      code: 'ERR_DATASET',
      message: expect.stringMatching(/:3 is a second answer to one row, .* in line 1/),
    });
  });

  it('rows that are not judged may be answered, also after one that cannot be read', async () => {
    const good = '{"image":"a.png","prefix":"ocr","suffix":"x"}';
    const folder = folderWith({ 'rows.jsonl': [good, good, '{', good].join('\n') });
    const data = await openDataset(path.join(folder, 'rows.jsonl'));
    const lines = (...ids: unknown[]) =>
      fileWith(ids.map((id) => JSON.stringify({ id, answer: 'a' })).join('\n'));
    const { answerer } = await readAnswers(lines(0, 'rows.jsonl:4'), data);
    expect(await answerer(question(0), signal)).toEqual({ answer: 'a' });
    // Whether there is such a row is not known.
    await expect(readAnswers(lines(0, 7), data)).rejects.toThrow('rows.jsonl:3');
  });
});

it.each([
  [
    'in the middle',
    Buffer.from('{"id":0,"answer":"a"}\n{"id":1,"answer":"caf\xe9"}\n', 'latin1'),
    2,
  ],
  ['UTF-16', Buffer.from('\ufeff{"id":0,"answer":"a"}\n', 'utf16le'), undefined],
])('what is not UTF-8 is refused: %s', async (_, bytes, line) => {
  const file = fileWith(bytes);
  await expect(readAnswers(file, await dataset())).rejects.toMatchObject({
    code: 'ERR_DATASET',
    message: expect.stringMatching(
      new RegExp(`${line === undefined ? '' : `:${line}`} is (?:not UTF-8|UTF-16), expected UTF-8`),
    ),
  });
});

it.each([
  ['{', 1, 'no JSON'],
  ['{"id":"a","answer":"b"}\n[]', 2, 'without an id'],
  ['null', 1, 'without an id'],
  ['{"id":"a"}', 1, 'without an answer'],
  ['{"id":"a","answer":5}', 1, 'without a text as answer'],
  ['{"id":"a","answer":"b","seconds":"1"}', 1, 'with "1" as seconds'],
  ['{"id":"a","answer":"b","score":1.5}', 1, 'with 1.5 as score'],
  ['{"id":"a","answer":"b","score":NaN}', 1, 'no JSON, which has no NaN'],
  ['{"id":"a","answer":"b","score":-1}', 1, 'with -1 as score'],
  ['{"id":"a","detections":{}}', 1, 'without an array as detections'],
])('%j is refused at line %i', async (text, line, words) => {
  const file = fileWith(text);
  await expect(readAnswers(file, await dataset())).rejects.toMatchObject({
    code: 'ERR_DATASET',
    message: expect.stringContaining(`${file}:${line} is ${words}`),
  });
});

it('a file that is not there is reported', async () => {
  await expect(readAnswers('/nowhere.jsonl', await dataset())).rejects.toMatchObject({
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

const LOCS = '<loc0000><loc0000><loc1023><loc1023>';

it('objects are detections, or a text of loc tokens', async () => {
  const answer = await answererOf(
    `{"id":0,"detections":[{"label":"cat","bbox":[1,2,3,4],"score":0.5}]}
{"id":1,"answer":"${LOCS} cat"}
{"id":2,"answer":""}
{"id":3,"value":1}`,
  );
  const found = [{ label: 'cat', bbox: [1, 2, 3, 4], score: 0.5 }];
  expect(await answer(objects(0), signal)).toEqual({ found });
  const all = [{ label: 'cat', bbox: [0, 0, 40, 20], score: 1 }];
  expect(await answer(objects(1), signal)).toEqual({ answer: `${LOCS} cat`, found: all });
  expect(await answer(objects(2), signal)).toEqual({ answer: '', found: [] });
  await expect(answer(objects(3), signal)).rejects.toThrow('has value, expected detections');
  await expect(answer(question(0), signal)).rejects.toThrow('has found, expected an answer');
});

it.each([
  ['a number too few', `${LOCS} cat ; <loc0000><loc0000><loc1023> dog ; ${LOCS} bird`],
  ['cut off inside of a box', `${LOCS} cat ; ${LOCS} bird ; <loc0012><lo`],
  ['without an area', `${LOCS} cat ; <loc0005><loc0005><loc0005><loc0005> dog ; ${LOCS} bird`],
  ['words', `${LOCS} cat ; and one more ; ${LOCS} bird`],
])(
  'of an answer that is wrong in part, whole boxes stay, the rest is kept as dropped: %s',
  async (_, text) => {
    const answer = await answererOf(
      `{"id":0,"answer":${JSON.stringify(text)}}\n{"id":1,"answer":"no idea"}`,
    );
    const { found, dropped } = await answer(objects(0), signal);
    const bbox = [0, 0, 40, 20];
    expect(found).toEqual(['cat', 'bird'].map((label) => ({ label, bbox, score: 1 })));
    const [rest] = text
      .split(' ; ')
      .filter((part) => part !== `${LOCS} cat` && part !== `${LOCS} bird`);
    expect(dropped).toEqual([rest]);
    expect(await answer(objects(1), signal)).toMatchObject({ found: [], dropped: ['no idea'] });
  },
);

it('documents are values, or texts of JSON', async () => {
  const answer = await answererOf(
    '{"id":0,"value":{"a":1}}\n{"id":1,"answer":"{\\"a\\":2}"}\n{"id":2,"answer":"{"}',
  );
  const document = (index: number): Question => ({ ...question(index), truth: { document: {} } });
  expect((await answer(document(0), signal)).value).toEqual({ a: 1 });
  expect((await answer(document(1), signal)).value).toEqual({ a: 2 });
  expect((await answer(document(2), signal)).value).toBe('{');
});

it('a mask has the size of the picture', async () => {
  const detections = [{ label: 'cat', segmentation: { size: [2, 3], counts: '231' } }];
  const answer = await answererOf(JSON.stringify({ id: 0, detections }));
  await expect(answer(objects(0), signal)).rejects.toThrow(
    'has a mask of 3 x 2 pixels, expected 40 x 20, those of the picture',
  );
});

describe('a COCO file of results', () => {
  async function read(results: unknown) {
    const folder = folderWith({});
    const [truths, file] = ['truths.json', 'results.json'].map((name) =>
      path.join(folder, name),
    ) as [string, string];
    writeFileSync(truths, JSON.stringify(CATS));
    writeFileSync(file, results instanceof Uint8Array ? results : JSON.stringify(results));
    return (await readAnswers(file, await openDataset(truths))).answerer;
  }
  const CAT = { image_id: 3, category_id: 2 };
  const BOX = { ...CAT, bbox: [1, 2, 3, 4], score: 0.9 };
  /** Pixels 2 to 4 of the column 1 of 40 x 20. */
  const MASK = { size: [20, 40], counts: [22, 3, 775] };

  it('has ids of pictures and categories; pictures without a result have found nothing', async () => {
    const answer = await read([BOX]);
    expect((await answer(objects(0), signal)).found).toEqual([]);
    expect((await answer(objects(1), signal)).found).toEqual([
      { label: 'cat', bbox: [1, 2, 3, 4], score: 0.9 },
    ]);
  });

  it.each([{}, { bbox: null }, { bbox: [] }])('boxes are those of the masks: %j', async (bbox) => {
    const answer = await read([{ ...CAT, score: 0.9, segmentation: MASK, ...bbox }]);
    expect((await answer(objects(1), signal)).found).toEqual([
      { label: 'cat', bbox: [1, 2, 1, 3], score: 0.9, rle: MASK },
    ]);
  });

  it.each([
    ['no array', {}, 'is no array'],
    ['null', [null], 'image_id (none), which no picture has'],
    ['another picture', [{ ...BOX, image_id: 4 }], 'image_id 4, which no picture has'],
    ['another category', [{ ...BOX, category_id: 9 }], 'category_id 9, which no category has'],
    ['a short box', [{ ...BOX, bbox: [1, 2, 3] }], 'as bbox, which is x, y, width, height'],
    ['a box to the left', [{ ...BOX, bbox: [1, 2, -3, 4] }], 'a bbox -3 wide and 4 high'],
    ['nothing', [CAT], 'without bbox and segmentation'],
    ['a text as score', [{ ...BOX, score: 'x' }], 'with "x" as score'],
    ['per cent', [{ ...BOX, score: 90 }], 'with 90 as score, which is 0 to 1'],
    ['no number as score', [{ ...BOX, score: Number.NaN }], 'with null as score'],
    ['polygons', [{ ...CAT, segmentation: [[1, 2, 3, 4, 5, 6]] }], 'with polygons as segmentation'],
    ['a text as mask', [{ ...BOX, segmentation: 'x' }], 'no run-length code ("x")'],
    ['a short mask', [{ ...BOX, segmentation: { ...MASK, counts: [3] } }], '(a code of 3 pixels)'],
    ['a wrong mask', [{ ...BOX, segmentation: { ...MASK, counts: 'ü' } }], 'no run-length code'],
    ['no UTF-8', Buffer.from('["\xe9"]', 'latin1'), 'is not UTF-8, expected UTF-8 text'],
    ["Python's NaN", Buffer.from('[{"score": NaN}]'), 'is no JSON, which has no NaN'],
  ])('%s is refused', async (_, results, words) => {
    const place = Array.isArray(results)
      ? String.raw`results\.json: \[0\] is `
      : 'results.json is ';
    const error = await read(results).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'ERR_DATASET',
      message: expect.stringMatching(new RegExp(place)),
    });
    expect((error as Error).message).toContain(words);
    if (!words.includes('UTF-8')) expect((error as Error).message).toContain('"image_id": …');
  });

  it('is for a data set of COCO', async () => {
    const file = fileWith('[]', 'results.json');
    await expect(readAnswers(file, await dataset())).rejects.toThrow(
      'image ids, and is for a data set in jsonl, of 1 file',
    );
  });
});

it('documents keep their text', async () => {
  const truth = { document: { a: 1 }, truths: ['{"a":1.0}'] };
  const answer = await answererOf(
    [
      '{"id":0,"answer":"{\\"a\\":1.0}"}',
      '{"id":1,"value":{"a": 1.0, "a": 1e2}}',
      '{"id":2,"answer":"not judged","value":"x"}',
      '{"id":3,"answer":"no JSON"}',
    ].join('\n'),
  );
  const given = [0, 1, 2, 3].map((index) => answer({ ...question(index), truth }, signal));
  expect(await Promise.all(given)).toEqual([
    { answer: '{"a":1.0}', value: { a: 1 } },
    { answer: '{"a": 1.0, "a": 1e2}', value: { a: 100 } },
    { answer: '"x"', value: 'x' },
    { answer: 'no JSON', value: 'no JSON' },
  ]);
  expect(await answer(question(2), signal)).toEqual({ answer: 'not judged', value: 'x' });
});
