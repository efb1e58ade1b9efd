import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkDataset } from '../../../src/datasets/check.js';
import { openDataset } from '../../../src/datasets/open.js';
import { prefixOf, suffixOf } from '../../../src/datasets/prompts.js';
import type { Row } from '../../../src/datasets/rows.js';
import { all, folderWith } from '../../support/folder.js';
import { ROOT } from '../../support/models.js';

const FIXTURES = path.join(ROOT, 'test/fixtures/datasets');
const fixture = (name: string): string => path.join(FIXTURES, name);

async function rowsOf(file: string): Promise<Row[]> {
  return all((await openDataset(file)).rows());
}

/** A row as PaliGemma is trained on it, with what is not in the fixture's path. */
const brief = ({ place, split, image, ...row }: Row, folder: string) => [
  path.relative(folder, place.file).replaceAll('\\', '/'),
  place.line ?? place.entry,
  split,
  path.relative(folder, image).replaceAll('\\', '/'),
  prefixOf(row.request),
  suffixOf(row),
];

async function briefly(name: string) {
  const { format } = await openDataset(fixture(name));
  return { format, rows: (await rowsOf(fixture(name))).map((row) => brief(row, fixture(name))) };
}

describe('openDataset', () => {
  it("reads Roboflow's exports for PaliGemma", async () => {
    const prefix = 'detect blue square ; green square ; red square';
    const train = 'dataset/_annotations.train.jsonl';
    expect(await briefly('paligemma')).toEqual({
      format: 'jsonl',
      rows: [
        [
          train,
          1,
          'train',
          'dataset/one.png',
          prefix,
          '<loc0256><loc0085><loc0767><loc0426> red square',
        ],
        [
          train,
          2,
          'train',
          'dataset/two.png',
          prefix,
          '<loc0256><loc0512><loc0767><loc0853> green square',
        ],
        [
          'dataset/_annotations.valid.jsonl',
          1,
          'valid',
          'dataset/three.png',
          prefix,
          '<loc0000><loc0256><loc0512><loc0597> blue square',
        ],
      ],
    });
  });

  it("reads Roboflow's exports for COCO, without their category 0", async () => {
    const prefix = 'detect red square ; green square ; blue square';
    const file = '_annotations.coco.json';
    expect(await briefly('coco')).toEqual({
      format: 'coco',
      rows: [
        // y 8 of 32, x 4 of 48, y 24, x 20, each times 1023.
        [
          `train/${file}`,
          'images[0]',
          'train',
          'train/a.png',
          prefix,
          '<loc0256><loc0085><loc0767><loc0426> red square',
        ],
        [
          `valid/${file}`,
          'images[0]',
          'valid',
          'valid/b.png',
          prefix,
          '<loc0448><loc0639><loc0959><loc0980> blue square',
        ],
      ],
    });
  });

  it('reads CSV with quoted commas, quotes and line breaks', async () => {
    expect(await briefly('csv')).toEqual({
      format: 'csv',
      rows: [
        ['rows.csv', 2, undefined, 'pictures/1.png', 'answer en what color is the square?', 'red'],
        [
          'rows.csv',
          3,
          undefined,
          'pictures/2.png',
          'answer en what color is it, left or right?',
          'green, right',
        ],
        ['rows.csv', 4, undefined, 'pictures/3.png', 'answer en what is\n"blue"?', 'square'],
      ],
    });
  });

  it('reads VQA with all its answers, the usual one first', async () => {
    const [row] = await rowsOf(fixture('vqa'));
    expect(row).toMatchObject({
      place: { entry: 'questions[0]' },
      split: 'valid',
      image: fixture('vqa/val2014/COCO_val2014_000000000042.png'),
      request: { task: 'ask', arguments: { question: 'What color is the square?' } },
      expected: { answers: ['green', 'lime', 'green'] },
      fields: { question_id: 42000 },
    });
    expect(await rowsOf(fixture('vqa/questions_val2014.json'))).toEqual([row]);
  });

  it('reads VQA whose questions name their pictures, and says once what others lack', async () => {
    const document = (picture: object) => ({
      'questions.json': JSON.stringify({
        questions: [1, 2].map((id) => ({ question_id: id, question: 'why?', ...picture })),
      }),
      'annotations.json': JSON.stringify({
        annotations: [1, 2].map((id) => ({ question_id: id, multiple_choice_answer: 'so' })),
      }),
    });
    const named = folderWith({ ...document({ image: 'a.png' }), 'a.png': '' });
    expect((await rowsOf(named)).map(({ image }) => path.basename(image))).toEqual([
      'a.png',
      'a.png',
    ]);
    await expect(rowsOf(folderWith(document({ image_id: 42 })))).rejects.toMatchObject({
      code: 'ERR_DATASET',
      message: expect.stringContaining('questions.json: data_subtype is missing, expected a text'),
    });
  });

  it.each([
    ['paligemma', 'dataset/_annotations.train.jsonl', 2],
    ['coco', 'valid/_annotations.coco.json', 1],
    ['csv', 'rows.csv', 3],
  ])('reads a file of %s by its own path', async (name, file, count) => {
    expect(await rowsOf(path.join(fixture(name), file))).toHaveLength(count);
  });

  it('finds the pictures of COCO in the folder that is named as the file', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-coco-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(fixture('coco/train/a.png'), path.join(folder, 'val2017/a.png'));
    const file = path.join(folder, 'annotations/instances_val2017.json');
    cpSync(fixture('coco/train/_annotations.coco.json'), file);
    const [row] = await rowsOf(folder);
    expect(row?.image).toBe(path.join(folder, 'val2017/a.png'));
    expect(row?.split).toBe('valid');
  });

  it("reads what Roboflow's supervision writes: outlines, a crowd, a picture without objects", async () => {
    const rows = await rowsOf(fixture('supervision'));
    const found = rows.map(({ expected }) => {
      if (expected.kind !== 'objects') throw new TypeError('no objects');
      return [expected.objects, expected.crowds].map((list) =>
        list.map((one) => [
          one.label,
          one.annotation.area,
          one.annotation.bbox,
          'mask' in one && one.mask.area,
        ]),
      );
    });
    // Its outlines go through the centres of the pixels at the edge, which costs a row and a column of pixels.
    expect(found).toEqual([
      [[['red square', 256, [4, 8, 16, 16], 225]], []],
      [[['green square', 256, [12, 8, 16, 16], 225]], [['red square', 164, [0, 0, 40, 30], 164]]],
      [[], []],
    ]);
    expect((await checkDataset(await openDataset(fixture('supervision')))).report).toMatchObject({
      labels: { 'red square': 1, 'green square': 1 },
      faults: [],
    });
  });

  it('keeps what COCO says of areas, boxes and crowds', async () => {
    const square = [2, 2, 6, 2, 6, 6, 2, 6];
    const annotation = { image_id: 5, category_id: 1, bbox: [2.1, 2.2, 3.3, 3.4] };
    const document = {
      images: [{ id: 5, file_name: 'a.png', width: 10, height: 10, license: 3, scene: 'street' }],
      categories: [{ id: 1, name: 'cat' }],
      annotations: [
        { ...annotation, id: 0, area: 15.5, segmentation: [square] },
        { ...annotation, id: 0, iscrowd: 1, segmentation: { size: [10, 10], counts: [0, 7, 93] } },
        { ...annotation, segmentation: [] },
      ],
    };
    const [row] = await rowsOf(folderWith({ 'rows.json': JSON.stringify(document) }));
    const { bbox } = annotation;
    expect(row).toMatchObject({
      expected: {
        size: { width: 10, height: 10 },
        objects: [
          { label: 'cat', annotation: { area: 15.5, bbox, segmentation: [square] } },
          { label: 'cat', annotation: { area: 3.3 * 3.4, bbox } },
        ],
        crowds: [{ label: 'cat', annotation: { area: 7, bbox } }],
      },
      fields: { license: 3, scene: 'street' },
    });
    const { expected } = row as Row;
    if (expected.kind !== 'objects') throw new TypeError('no objects');
    expect(expected.objects.map((object) => 'mask' in object && object.mask.area)).toEqual([
      16,
      false,
    ]);
  });

  it.each([
    ['a,b;c\n', ','],
    ['image;prefix;suffix\n', ';'],
    ['image\tprefix\tsuffix\n', '\t'],
  ])('takes the separator of %j from the names of the columns', async (head, separator) => {
    const names = head.startsWith('a,b') ? 'image,prefix,suffix\n' : head;
    const text = `\ufeff${names}${['a.png', 'caption en', 'x'].join(separator)}\n\n`;
    const folder = folderWith({ 'rows.csv': text });
    expect((await rowsOf(folder)).map((row) => brief(row, folder))).toEqual([
      ['rows.csv', 2, undefined, 'a.png', 'caption en', 'x'],
    ]);
  });

  it.each([
    [{ image: 'a.png', caption: 'A square' }, 'caption en', 'A square'],
    [{ file_name: 'a.png', text: 'EXIT' }, 'ocr', 'EXIT'],
    [{ image: 'a.png', question: 'how many?', answers: ['2', 'two'] }, 'answer en how many?', '2'],
    [{ image: 'a.png', prefix: 'detect cat', suffix: '' }, 'detect cat', ''],
  ])('reads %j', async (entry, prefix, suffix) => {
    const folder = folderWith({ 'rows.jsonl': JSON.stringify(entry) });
    const [row] = (await rowsOf(folder)).map((one) => brief(one, folder));
    expect(row).toEqual(['rows.jsonl', 1, undefined, 'a.png', prefix, suffix]);
  });

  it('keeps what else a row says', async () => {
    const entry = {
      image: 'a.png',
      prefix: 'x',
      suffix: 'y',
      kind: 'sign',
      n: 2,
      ok: true,
      tags: [1],
    };
    const [row] = await rowsOf(folderWith({ 'rows.jsonl': JSON.stringify(entry) }));
    expect(row?.fields).toEqual({ kind: 'sign', n: 2, ok: true });
  });
});

describe('malformed data', () => {
  const coco = (annotation: object): string =>
    JSON.stringify({
      images: [{ id: 1, file_name: 'a.png', width: 10, height: 10 }],
      categories: [{ id: 1, name: 'cat' }],
      annotations: [annotation],
    });

  it.each([
    [
      'rows.jsonl',
      '{"image":"a.png","prefix":"x","suffix":"y"}\n{',
      'rows.jsonl:2: the line is no JSON, expected a JSON object',
    ],
    ['rows.jsonl', '\n[1]\n', 'rows.jsonl:2: the line is an array of 1, expected a JSON object'],
    ['rows.jsonl', '{"prefix":"x","suffix":"y"}', 'rows.jsonl:1: image is missing, expected text'],
    [
      'rows.jsonl',
      '{"image":"a.png","prefix":"x","suffix":3}',
      'rows.jsonl:1: suffix is 3, expected text',
    ],
    [
      'rows.jsonl',
      '{"image":"a.png","kind":"x"}',
      'rows.jsonl:1: the row is an entry with image, kind, expected prefix and suffix, or question and answer, or query and label, or phrase and box, or caption, or text, or fields, or ground_truth, or label beside image',
    ],
    [
      'rows.csv',
      'image,caption\na.png,x\nb.png\n',
      'rows.csv:3: the row is one value, expected one for each name in the first line',
    ],
    ['rows.csv', 'image,caption\na.png,"x\n', 'rows.csv:2: the row is open at the end'],
    [
      'rows.csv',
      'image,question,answer\n"a.png","is\nit?",yes\nb.png,what?,\n',
      'rows.csv:4: answer is missing, expected text',
    ],
    [
      'rows.json',
      coco({ image_id: 1, category_id: 2, bbox: [0, 0, 1, 1] }),
      'rows.json: annotations[0].category_id is 2, expected one of categories: 1',
    ],
    [
      'rows.json',
      coco({ image_id: 1, category_id: 1, bbox: [0, 0, 1] }),
      'rows.json: annotations[0].bbox is 3 numbers, expected 4 numbers',
    ],
    [
      'rows.json',
      coco({ image_id: 1, category_id: 1, bbox: [0, 0, 1, 1], area: -1 }),
      'rows.json: annotations[0].area is -1, expected 0 or a larger number',
    ],
    [
      'rows.json',
      coco({ image_id: 1, category_id: 1, bbox: [0, 0, 1, 1], iscrowd: 2 }),
      'rows.json: annotations[0].iscrowd is 2, expected 0 or 1',
    ],
    [
      'rows.json',
      coco({ image_id: 2, category_id: 1 }),
      'rows.json: annotations[0].image_id is 2, expected the id of an image',
    ],
    ['rows.json', '{"a":1', 'rows.json is no JSON'],
    ['rows.json', '{"a":1}', 'rows.json is something else, expected a COCO or VQA document'],
    ['rows.json', '{"questions":[]}', '0 files of annotations'],
  ])('in %s is an ERR_DATASET with its place: %#', async (name, content, message) => {
    const file = path.join(folderWith({ [name]: content }), name);
    const error = await rowsOf(file).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'ERR_DATASET' });
    expect((error as Error).message).toContain(message);
  });

  it('in COCO is a picture, and the others are read', async () => {
    const image = (id: number) => ({ id, file_name: `${id}.png`, width: 10, height: 10 });
    const box = (image_id: number, bbox: unknown) => ({ image_id, category_id: 7, bbox });
    const document = {
      images: [image(1), image(2), image(2), { ...image(3), width: -1 }, image(4)],
      categories: [{ id: 7, name: 'cat' }],
      annotations: [
        box(1, [0, 0, 1, 1]),
        box(2, [0, 0, 2, 2]),
        box(4, [1, 2]),
        box(2, 'x'),
        box(9, [0, 0, 1, 1]),
      ],
    };
    const dataset = await openDataset(folderWith({ 'rows.json': JSON.stringify(document) }));
    const bad: string[] = [];
    const rows = await all(
      dataset.rows({ onBadRow: ({ message }) => bad.push(message.replace(/^.*rows/, 'rows')) }),
    );
    expect(rows.map(({ place }) => place.entry)).toEqual(['images[0]']);
    expect(bad).toEqual([
      'rows.json: annotations[3].bbox is "x", expected an array',
      'rows.json: images[2].id is 2 again, expected each id once',
      'rows.json: images[3].width is -1, expected a positive integer',
      'rows.json: annotations[2].bbox is 2 numbers, expected 4 numbers',
      'rows.json: annotations[4].image_id is 9, expected the id of an image',
    ]);
  });

  it('that is not UTF-8 is refused', async () => {
    const folder = folderWith({ 'rows.csv': '', 'rows.jsonl': '' });
    const { writeFileSync } = await import('node:fs');
    const latin1 = Buffer.from('image,caption\na.png,caf\xe9\n', 'latin1');
    writeFileSync(path.join(folder, 'rows.csv'), latin1);
    await expect(rowsOf(path.join(folder, 'rows.csv'))).rejects.toMatchObject({
      code: 'ERR_DATASET',
      found: 'not UTF-8',
    });
    writeFileSync(path.join(folder, 'rows.jsonl'), Buffer.from('"caf\xe9"\n', 'latin1'));
    await expect(rowsOf(path.join(folder, 'rows.jsonl'))).rejects.toThrow(
      'rows.jsonl:1: the line is not UTF-8',
    );
  });

  it('is passed on, and reading goes on, where the caller wants that', async () => {
    const row = JSON.stringify({ image: 'a.png', caption: 'x' });
    const dataset = await openDataset(folderWith({ 'rows.jsonl': `${row}\n{\n${row}\n` }));
    const bad: string[] = [];
    const rows = await all(dataset.rows({ onBadRow: ({ message }) => bad.push(message) }));
    expect(rows.map(({ place }) => place.line)).toEqual([1, 3]);
    expect(bad).toEqual([expect.stringContaining('rows.jsonl:2: the line is no JSON')]);
  });

  it('has the right line after thousands of records with line breaks of any kind', async () => {
    // Longer than a chunk of a file, and of an odd length, so that chunks end anywhere.
    for (const newline of ['\n', '\r\n', '\r']) {
      const records = Array.from(
        { length: 9001 },
        (_, i) => `${i}.png,"a${newline}b${'é'.repeat(i % 7)}"${newline}`,
      );
      const text = `image,caption${newline}${records.join('')}gone.png,${newline}`;
      const file = path.join(folderWith({ 'rows.csv': text }), 'rows.csv');
      await expect(rowsOf(file)).rejects.toThrow('rows.csv:18004: the row is an entry with image,');
    }
  });

  it.each([
    [{}, 'has no rows of a data set'],
    [{ 'notes.json': '{"a":1}', 'a.png': '' }, 'has no rows of a data set'],
    [{ 'a.jsonl': '', 'b.csv': '' }, 'has rows in several formats: jsonl, csv'],
  ])('a folder with %j is refused', async (files, message) => {
    await expect(openDataset(folderWith(files))).rejects.toThrow(message);
  });

  it('a path that is not there is refused', async () => {
    await expect(openDataset('/nowhere/rows.csv')).rejects.toThrow(
      '/nowhere/rows.csv does not exist',
    );
  });
});
