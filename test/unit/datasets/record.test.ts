import { cpSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../../src/datasets/check.js';
import { openDataset } from '../../../src/datasets/open.js';
import { prefixOf, suffixOf } from '../../../src/datasets/prompts.js';
import type { Row } from '../../../src/datasets/rows.js';
import { all, folderWith } from '../../support/folder.js';
import { ROOT } from '../../support/models.js';

const PICTURE = path.join(ROOT, 'test/fixtures/datasets/csv/pictures/1.png');

/** The rows of these records, beside a picture of 48 x 32 pixels. */
async function read(...records: readonly object[]): Promise<Row[]> {
  const lines = records.map((one) => JSON.stringify({ image: 'a.png', ...one }));
  const folder = folderWith({ 'rows.jsonl': lines.join('\n') });
  cpSync(PICTURE, path.join(folder, 'a.png'));
  return all((await openDataset(folder)).rows());
}

async function refusal(...records: readonly object[]): Promise<string> {
  const error = await read(...records).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'ERR_DATASET' });
  return (error as Error).message.replace(/^.*rows\.jsonl:/, '');
}

describe('labels', () => {
  it('are told apart from all labels of all files', async () => {
    const folder = folderWith({
      'train.jsonl': '{"image":"a.png","label":"dog"}\n{"image":"b.png","label":7}\n{',
      'valid.jsonl': '{"image":"c.png","label":"cat","category":"x"}',
    });
    const dataset = await openDataset(folder);
    const rows = await all(dataset.rows({ onBadRow: () => {} }));
    const labels = ['7', 'cat', 'dog'];
    expect(rows.map(({ expected }) => expected)).toEqual(
      ['dog', '7', 'cat'].map((label) => ({ kind: 'label', label, labels })),
    );
    expect(rows[2]).toMatchObject({
      request: { task: 'classify', arguments: { labels } },
      fields: { category: 'x' },
    });
    expect(prefixOf((rows[0] as Row).request)).toBe('answer en What objects are in the image?');
    expect(suffixOf(rows[0] as Row)).toBe('dog');
  });

  it('may be those of the row', async () => {
    const [row] = await read({ label: 'b', labels: ['a', 'b'] }, { label: 'z' });
    expect(row?.expected).toEqual({ kind: 'label', label: 'b', labels: ['a', 'b'] });
    expect(await refusal({ label: 'c', labels: ['a', 'b'] })).toBe(
      '1: label is "c", expected one of labels: a, b',
    );
    expect(await refusal({ label: ['a'] })).toBe('1: label is an array of 1, expected text');
  });
});

describe('answers', () => {
  it.each([
    [{ question: 'q', answer: 3 }, ['3']],
    [{ question: 'q', answer: ['a', 'b', 'a'] }, ['a', 'b', 'a']],
    [{ question: 'q', answers: ['a', 'b', 'a'], multiple_choice_answer: 'b' }, ['b', 'a', 'a']],
    [{ question: 'q', answers: [{ answer: 'a', answer_id: 1 }, { answer: 'a' }] }, ['a', 'a']],
    [{ query: 'q', label: ['14'], human_or_machine: 0 }, ['14']],
  ])('of %j are read', async (record, answers) => {
    const [row] = await read(record);
    expect(row).toMatchObject({
      request: { task: 'ask', arguments: { question: 'q' } },
      expected: { kind: 'text', answers },
    });
  });

  it.each([
    [{ question: 'q', answers: [] }, 'answers is an array of 0'],
    [{ question: 'q', answers: ['a', null] }, 'answers is an array of 2'],
    [{ question: 'q', answer: 1.5 }, 'answer is 1.5, expected text'],
    [{ question: 'q\0', answer: 'a' }, 'expected text without NUL characters'],
    [{ image: ['a.png', 'b.png'], caption: 'x' }, 'image is 2 pictures, expected one'],
  ])('of %j are refused', async (record, message) => {
    expect(await refusal(record)).toContain(message);
  });
});

describe('documents', () => {
  it('of plain values are asked for one by one', async () => {
    const fields = { total: 12.5, paid: true, day: '2024-12-31', at: '14:05', note: null };
    const [row] = await read({ fields, category: 'receipt' });
    expect(row).toMatchObject({
      request: {
        task: 'extract',
        arguments: {
          fields: { total: 'number', paid: 'boolean', day: 'date', at: 'time', note: 'text' },
        },
      },
      expected: { kind: 'document', value: fields },
      fields: { category: 'receipt' },
    });
    expect(suffixOf(row as Row)).toBe(JSON.stringify(fields));
  });

  it('are kept as they are written', async () => {
    const written = '{"a": 12.0, "a": 1e2}';
    const donut = `{"meta":{"gt_parse":0},"gt_parse":${written}}`;
    const lines = [
      `{"image":"a.png","fields":${written}}`,
      `{"image":"a.png","fields":${JSON.stringify(written)}}`,
      `{"image":"a.png","ground_truth":${donut}}`,
      `{"image":"a.png","ground_truth":${JSON.stringify(donut)}}`,
    ];
    const rows = await all(
      (await openDataset(folderWith({ 'rows.jsonl': lines.join('\n') }))).rows(),
    );
    const expected = { kind: 'document', value: { a: 100 }, text: written };
    expect(rows.map((row) => row.expected)).toEqual(lines.map(() => expected));
  });

  it('with lists or objects are asked for as one, in the words of a row of training', async () => {
    const value = { menu: [{ nm: 'tea' }] };
    const [ours, donut] = await read(
      { fields: JSON.stringify(value) },
      { ground_truth: JSON.stringify({ gt_parse: value, meta: {} }) },
    );
    const request = { kind: 'prompt', prompt: 'extract data in JSON format' };
    expect(ours).toMatchObject({ request, expected: { value } });
    expect(donut).toMatchObject({ request, expected: { value } });
  });

  const deep = `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`;
  it.each([
    [{ fields: 'x' }, 'fields is no JSON, expected JSON'],
    [{ fields: '3' }, 'fields is 3, expected an object or an array'],
    [{ ground_truth: '{}' }, 'ground_truth.gt_parse is missing, expected an object or an array'],
    [{ fields: '{"a":1e999}' }, 'fields is with a number beyond 1.8e308, expected smaller numbers'],
    [{ fields: deep }, 'fields is deeper than 100 levels, expected at most 100'],
  ])('as %j are refused', async (record, message) => {
    expect(await refusal(record)).toBe(`1: ${message}`);
  });
});

describe('phrases', () => {
  const polygon = [10, 10, 20, 10, 20, 20, 10, 20];

  it('have a box, or an outline, of a picture whose size they need not say', async () => {
    const rows = await read(
      { phrase: 'red', box: [1, 2, 3, 4] },
      { phrase: 'red', bbox: [1, 2, 3, 4], width: 100, height: 50 },
      { phrase: 'red', segmentation: polygon },
      { phrase: 'red', segmentation: [polygon], bbox: [10, 10, 10, 10] },
      { phrase: 'red', segmentation: { size: [32, 48], counts: [32, 32, 1472] } },
    );
    expect(rows.map(({ request }) => request)).toEqual(
      rows.map(() => ({ kind: 'task', task: 'refer', arguments: { phrase: 'red' } })),
    );
    const size = { width: 48, height: 32 };
    const square = { xmin: 10, ymin: 10, xmax: 20, ymax: 20 };
    expect(rows.map(({ expected }) => expected)).toMatchObject([
      { kind: 'reference', size, box: { xmin: 1, ymin: 2, xmax: 3, ymax: 4 }, mask: undefined },
      { size: { width: 100, height: 50 }, box: { xmin: 1, ymin: 2, xmax: 4, ymax: 6 } },
      { size, box: square, mask: { area: 100 } },
      { size, box: square, mask: { area: 100 } },
      { size, box: { xmin: 1, ymin: 0, xmax: 2, ymax: 32 }, mask: { area: 32 } },
    ]);
    expect(prefixOf((rows[2] as Row).request)).toBe('detect red');
    expect(suffixOf(rows[2] as Row)).toBe('<loc0320><loc0213><loc0639><loc0426> red');
  });

  it.each([
    [{}, 'box is missing, expected box, bbox or segmentation'],
    [{ box: [1, 2, 3] }, 'box is 3 numbers, expected 4 numbers'],
    [{ box: [1, 2, 3, 'x'] }, 'box[3] is "x", expected a finite number'],
    [{ box: [1, 2, 3, 4], width: 10 }, 'height is missing, expected a positive integer'],
    [{ segmentation: [[1, 2]] }, 'segmentation[0] is 2 numbers, expected x, y of 3 points'],
    [{ segmentation: [] }, 'segmentation is empty, expected an outline'],
    [
      { segmentation: { size: [32, 48], counts: 'ar' } },
      'segmentation is a code with "r" as character 1, expected characters "0" to "o"',
    ],
    [{ segmentation: { size: [9, 9], counts: [81] } }, 'segmentation.size is [9, 9], expected [32'],
    [{ box: [1, 2, 3, 4], image: 'gone.png' }, 'width is missing, and the picture cannot be read'],
  ])('with %j are refused', async (record, message) => {
    expect(await refusal({ phrase: 'red', ...record })).toContain(message);
  });

  it('outside of their picture are found', async () => {
    const record = { image: PICTURE, phrase: 'red', box: [40, 10, 60, 20] };
    const folder = folderWith({ 'rows.jsonl': JSON.stringify(record) });
    const { faults } = (await checkDataset(await openDataset(folder))).report;
    expect(faults).toMatchObject([
      {
        kind: 'outside-picture',
        first: [{ message: '"red" at 40, 10, 60, 20 in a picture of 48 x 32' }],
      },
    ]);
  });
});
