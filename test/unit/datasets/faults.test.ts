/** Everything that can be wrong with a data set: real files, and what becomes of them. docs/datasets.md says the rules. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../../src/datasets/check.js';
import { openDataset } from '../../../src/datasets/open.js';
import { suffixOf } from '../../../src/datasets/prompts.js';
import { all, folderWith } from '../../support/folder.js';
import { ROOT } from '../../support/models.js';

const PICTURE = path.join(ROOT, 'test/fixtures/datasets/csv/pictures/1.png');
const good = JSON.stringify({ image: PICTURE, caption: 'fine' });
const csv = `image,caption\n${PICTURE},fine\n`;
const image = (id: unknown, more = {}) => ({
  ...{ id, file_name: PICTURE, width: 48, height: 32, ...more },
});
const box = (more = {}) => ({ id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], ...more });
const coco = (images: readonly object[], annotations: readonly object[], categories?: object[]) =>
  JSON.stringify({ images, annotations, categories: categories ?? [{ id: 1, name: 'cat' }] });
const utf16 = (text: string, mark = '\ufeff'): Buffer => Buffer.from(mark + text, 'utf16le');

/** Answers of the rows that are read, and what is reported of the others, without the path of the folder. */
async function outcome(name: string, content: string | Uint8Array) {
  const folder = folderWith({});
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  const reported: string[] = [];
  const report = (error: unknown): void => {
    expect(error).toMatchObject({ code: 'ERR_DATASET' });
    reported.push((error as Error).message.replaceAll(`${folder}${path.sep}`, ''));
  };
  try {
    const rows = await all((await openDataset(file)).rows({ onBadRow: report }));
    return { rows: rows.map(suffixOf), reported };
  } catch (error) {
    report(error);
    return { rows: [], reported };
  }
}

/** Bytes of objects that are in use. */
function heldNow(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

type Case = readonly [
  what: string,
  name: string,
  content: string | Uint8Array,
  rows: readonly string[],
  reported: readonly (string | RegExp)[],
];

const TEXTS: readonly Case[] = [
  ['a file without a byte', 'a.jsonl', '', [], []],
  ['a file without a byte', 'a.csv', '', [], []],
  ['a file without a byte', 'a.json', '', [], [/^a\.json is no JSON/]],
  ['columns and no row', 'a.csv', 'image,caption\n', [], []],
  ['empty lines', 'a.jsonl', `\n\n${good}\n \n`, ['fine'], []],
  ['a byte order mark', 'a.jsonl', `\ufeff${good}`, ['fine'], []],
  ['a byte order mark', 'a.csv', `\ufeff${csv}`, ['fine'], []],
  ['a byte order mark', 'a.json', `\ufeff${coco([image(1)], [])}`, [''], []],
  ['CRLF', 'a.jsonl', `${good}\r\n${good}\r\n`, ['fine', 'fine'], []],
  ['CRLF', 'a.csv', csv.replaceAll('\n', '\r\n'), ['fine'], []],
  ['CR alone', 'a.csv', csv.replaceAll('\n', '\r'), ['fine'], []],
  [
    'UTF-16',
    'a.jsonl',
    utf16(good),
    [],
    ['a.jsonl is UTF-16, expected UTF-8 text (save it as UTF-8)'],
  ],
  ['UTF-16', 'a.csv', utf16(csv), [], [/^a\.csv is UTF-16, expected/]],
  ['UTF-16', 'a.json', utf16(coco([], [])), [], [/^a\.json is UTF-16, expected/]],
  ['UTF-16 without a mark', 'a.jsonl', utf16(good, ''), [], [/^a\.jsonl is UTF-16 or binary/]],
  ['UTF-16 without a mark', 'a.csv', utf16(csv, ''), [], [/^a\.csv is UTF-16 or binary/]],
  ['bytes of 0 in the middle', 'a.csv', `${csv}b.png,x\0y\n`, [], [/^a\.csv is UTF-16 or binary/]],
  [
    'bytes of 0 in the middle',
    'a.jsonl',
    `${good}\n{"image":"a\0"}`,
    ['fine'],
    [/^a\.jsonl:2: the line is no JSON/],
  ],
  [
    'Latin-1',
    'a.csv',
    Buffer.from('image,caption\na.png,caf\xe9\n', 'latin1'),
    [],
    [/^a\.csv is not UTF-8/],
  ],
  ['Latin-1', 'a.json', Buffer.from('{"info":"caf\xe9"}', 'latin1'), [], [/^a\.json is not UTF-8/]],
  [
    'one line in Latin-1 among others',
    'a.jsonl',
    Buffer.concat([
      Buffer.from(`${good}\n`),
      Buffer.from('"caf\xe9"\n', 'latin1'),
      Buffer.from(good),
    ]),
    ['fine', 'fine'],
    ['a.jsonl:2: the line is not UTF-8, expected UTF-8 text'],
  ],
];

const LINES: readonly Case[] = [
  [
    'half a line',
    'a.jsonl',
    `${good}\n${good.slice(0, -9)}\n${good}`,
    ['fine', 'fine'],
    [/^a\.jsonl:2: the line is no JSON, expected/],
  ],
  [
    'NaN',
    'a.jsonl',
    '{"image":"a.png","caption":NaN}',
    [],
    ['a.jsonl:1: the line is no JSON, which has no NaN, expected a JSON object'],
  ],
  ['-Infinity', 'a.jsonl', '{"image":"a","area":[1, -Infinity ]}', [], [/has no -Infinity/]],
  [
    'the word NaN in a text',
    'a.jsonl',
    '{"image":"a","caption":"a, NaN]"',
    [],
    [/the line is no JSON, expected/],
  ],
  ['an array for a row', 'a.jsonl', `[${good}]`, [], [/^a\.jsonl:1: the line is an array of 1/]],
  ['a key twice', 'a.jsonl', `{"caption":"first",${good.slice(1)}`, ['fine'], []],
  ['the key __proto__', 'a.jsonl', `{"__proto__":{"caption":"x"},${good.slice(1)}`, ['fine'], []],
  [
    'deep nesting',
    'a.jsonl',
    `{"x":${'['.repeat(50_000)}${']'.repeat(50_000)},${good.slice(1)}`,
    ['fine'],
    [],
  ],
  [
    'deep nesting where it is used',
    'a.jsonl',
    `{"image":"a.png","fields":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
    [],
    ['a.jsonl:1: fields is deeper than 100 levels, expected at most 100'],
  ],
  [
    'a number for a text',
    'a.jsonl',
    '{"image":"a.png","prefix":"x","suffix":1e999}',
    [],
    [/^a\.jsonl:1: suffix is Infinity, expected text/],
  ],
  [
    'no picture named',
    'a.jsonl',
    '{"caption":"x"}',
    [],
    ['a.jsonl:1: image is missing, expected text'],
  ],
  [
    'NUL in a name',
    'a.jsonl',
    '{"image":"a\\u0000.png","caption":"x"}',
    [],
    [/expected the path of a picture/],
  ],
  [
    'quotes that do not match',
    'a.csv',
    `${csv}b.png,"x\nc.png,y\n`,
    ['fine'],
    ['a.csv:3: the row is open at the end, expected a quote that closes it'],
  ],
  [
    'a value too many',
    'a.csv',
    `${csv}b.png,x,y\n`,
    ['fine'],
    [/^a\.csv:3: the row is 3 values, expected one for each name/],
  ],
  [
    'an empty value',
    'a.csv',
    `${csv}b.png,\n${PICTURE},fine\n`,
    ['fine', 'fine'],
    [/^a\.csv:3: the row is an entry with image, expected/],
  ],
];

const SQUARE = '<loc0064><loc0021><loc0192><loc0085> cat';
const DOCUMENTS: readonly Case[] = [
  ['half a document', 'a.json', coco([], []).slice(0, -1), [], [/^a\.json is no JSON/]],
  [
    'NaN',
    'a.json',
    coco([image(1)], [box()]).replace('[1,2', '[NaN,2'),
    [],
    [/^a\.json is no JSON/],
  ],
  ['a key twice', 'a.json', coco([image(1)], [box()]).replace('{', '{"images":[],'), [SQUARE], []],
  ['a picture without objects', 'a.json', coco([image(1)], []), [''], []],
  [
    'ids of pictures twice',
    'a.json',
    coco([image(1), image(1)], [box()]),
    [SQUARE],
    ['a.json: images[1].id is 1 again, expected each id once'],
  ],
  [
    'ids of categories twice',
    'a.json',
    coco(
      [image(1)],
      [box()],
      [
        { id: 1, name: 'cat' },
        { id: 1, name: 'dog' },
      ],
    ),
    [],
    [/^a\.json: categories/],
  ],
  [
    'ids of annotations twice, 0 or missing',
    'a.json',
    coco([image(1)], [box(), box(), box({ id: 0 }), box({ id: undefined })]),
    [Array(4).fill(SQUARE).join(' ; ')],
    [],
  ],
  ['a picture of id 0', 'a.json', coco([image(0)], [box({ image_id: 0 })]), [SQUARE], []],
  [
    'an id that is no integer',
    'a.json',
    coco([image('1')], []),
    [],
    ['a.json: images[0].id is "1", expected an integer'],
  ],
  [
    'an unknown category',
    'a.json',
    coco([image(1), image(2)], [box({ image_id: 2 }), box({ category_id: 9 })]),
    ['<loc0064><loc0021><loc0192><loc0085> cat'],
    ['a.json: annotations[1].category_id is 9, expected one of categories: 1'],
  ],
  [
    'an unknown picture',
    'a.json',
    coco([image(1)], [box({ image_id: 7 })]),
    [''],
    ['a.json: annotations[0].image_id is 7, expected the id of an image'],
  ],
  [
    'null for an annotation',
    'a.json',
    coco([image(1)], [null as unknown as object]),
    [''],
    [/annotations\[0\]\.image_id is missing/],
  ],
  [
    'null for a picture',
    'a.json',
    coco([null as unknown as object], []),
    [],
    [/^a\.json: images\[0\] is null/],
  ],
  [
    'a box of numbers beyond measure',
    'a.json',
    coco([image(1)], [box({ bbox: [1, 2, 0, 4] })]).replace('[1,2,0', '[1,2,1e999'),
    [],
    [/^a\.json: annotations\[0\]\.bbox\[2\] is Infinity, expected a finite number/],
  ],
  [
    'a size beyond measure',
    'a.json',
    coco([image(1, { width: 1e9 })], [box()]),
    [],
    [/^a\.json: images\[0\]/],
  ],
  [
    'an outline of two points',
    'a.json',
    coco([image(1)], [box({ image_id: 1 }), box({ segmentation: [[1, 2, 3, 4]] })]),
    [],
    [/^a\.json: annotations\[1\]\.segmentation\[0\] is 4 numbers, expected x, y of 3 points/],
  ],
  [
    'a damaged run-length code',
    'a.json',
    coco([image(1)], [box(), box({ segmentation: { size: [32, 48], counts: [5] } })]),
    [],
    [/^a\.json: annotations\[1\]\.segmentation is a code of 5 pixels, expected 1536, for 48 x 32/],
  ],
  [
    'run-length code of another size',
    'a.json',
    coco([image(1)], [box({ segmentation: { size: [2, 2], counts: [4] } })]),
    [],
    [/size of the picture/],
  ],
];

describe('bad data', () => {
  it.each([...TEXTS, ...LINES, ...DOCUMENTS])(
    '%s in %s',
    async (_, name, content, rows, reported) => {
      const found = await outcome(name, content);
      expect(found.rows).toEqual(rows);
      expect(found.reported).toHaveLength(reported.length);
      for (const [i, expected] of reported.entries()) {
        if (typeof expected === 'string') expect(found.reported[i]).toBe(expected);
        else expect(found.reported[i]).toMatch(expected);
      }
    },
  );

  it('of the pictures is counted', async () => {
    const outside = box({ bbox: [40, 2, 30, 4] });
    const folder = folderWith({
      'broken.png': 'no picture',
      'a.json': coco(
        [image(1), image(2, { file_name: 'gone.png' }), image(3, { file_name: 'broken.png' })],
        [outside, box({ bbox: [1, 1, 0, 5] })],
      ),
    });
    const { faults, rows } = (await checkDataset(await openDataset(folder))).report;
    expect(rows).toBe(3);
    expect(faults.map(({ kind, count }) => [kind, count])).toEqual([
      ['missing-picture', 1],
      ['unreadable-picture', 1],
      ['outside-picture', 2],
    ]);
  });

  it('is one line in 100,000, and memory does not grow with them', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) =>
      JSON.stringify({ image: `${i}.png`, question: `what is ${i}?`, answers: [`${i}`, 'x'], i }),
    );
    lines[77_776] = '{"image":';
    const folder = folderWith({ 'a.jsonl': lines.join('\n') });
    lines.length = 0;
    const dataset = await openDataset(folder);
    const reported: string[] = [];
    let [count, last] = [0, ''];
    const held: number[] = [];
    for await (const row of dataset.rows({ onBadRow: ({ message }) => reported.push(message) })) {
      last = suffixOf(row);
      if (++count % 20_000 === 0) held.push(heldNow());
    }
    expect([count, last]).toEqual([99_999, '99999']);
    expect(reported).toEqual([expect.stringContaining('a.jsonl:77777: the line is no JSON')]);
    // 80,000 rows would be more than 40 MB.
    expect(Math.max(...held) - (held[0] ?? 0)).toBeLessThan(10_000_000);
  });
});
