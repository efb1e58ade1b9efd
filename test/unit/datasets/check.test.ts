import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDataset, FAULTS } from '../../../src/datasets/check.js';
import { openDataset } from '../../../src/datasets/open.js';
import { checkShare, splitPictures } from '../../../src/datasets/split.js';
import { writeRows } from '../../../src/datasets/write.js';
import type { PaliGemmaError } from '../../../src/errors.js';
import { all, folderWith } from '../../support/folder.js';
import { ROOT } from '../../support/models.js';

const FIXTURES = path.join(ROOT, 'test/fixtures/datasets');

async function check(folder: string) {
  return (await checkDataset(await openDataset(folder))).report;
}

describe('checkDataset', () => {
  it('counts rows, splits, pictures and labels', async () => {
    const report = await check(path.join(FIXTURES, 'paligemma'));
    expect(report).toMatchObject({
      format: 'jsonl',
      rows: 3,
      splits: { train: 2, valid: 1 },
      pictures: 3,
      labels: { 'red square': 1, 'green square': 1, 'blue square': 1 },
      faults: [],
    });
  });

  it.each(['coco', 'csv', 'vqa'])('finds no fault in the fixture %s', async (name) => {
    expect((await check(path.join(FIXTURES, name))).faults).toEqual([]);
  });

  it('finds each fault once, with its line', async () => {
    const { faults } = await check(path.join(FIXTURES, 'faulty'));
    const found = faults.flatMap(({ kind, count, first }) => {
      expect(count).toBe(first.length);
      return first.map(({ at, message }) => {
        const [, place] = /((?:train|valid).annotations\.jsonl:\d+)/.exec(at || message) ?? [];
        return `${kind} ${place?.replace('\\', '/')}`;
      });
    });
    expect(found).toEqual([
      'malformed-row train/annotations.jsonl:5',
      'malformed-row train/annotations.jsonl:9',
      'missing-picture train/annotations.jsonl:3',
      'unreadable-picture train/annotations.jsonl:4',
      'unknown-label train/annotations.jsonl:6',
      'bad-answer train/annotations.jsonl:7',
      'outside-picture train/annotations.jsonl:8',
      'duplicate-row train/annotations.jsonl:2',
      'picture-in-two-splits valid/annotations.jsonl:1',
    ]);
  });

  it('compares boxes and sizes of COCO with the picture', async () => {
    const folder = folderWith({});
    cpSync(path.join(FIXTURES, 'coco/train'), folder, { recursive: true });
    const file = path.join(folder, '_annotations.coco.json');
    const document = JSON.parse(readFileSync(file, 'utf8'));
    document.images[0].width = 100;
    const box = (x: number, y: number, width: number, height: number) => ({
      ...document.annotations[0],
      bbox: [x, y, width, height],
    });
    // The picture is 48 x 32 pixels. Half a pixel outside is rounding.
    document.annotations = [box(0, 0, 48.5, 32), box(40, 0, 30, 10), box(5, 5, 0, 5)];
    writeFileSync(file, JSON.stringify(document));
    const { faults } = await check(folder);
    expect(faults.map(({ kind, count }) => [kind, count])).toEqual([
      ['wrong-size', 1],
      ['outside-picture', 2],
    ]);
    expect(faults[1]?.first[0]?.message).toBe(
      '"red square" at 40, 0, 70, 10 in a picture of 48 x 32',
    );
  });

  it('finds each size that entries of one picture claim wrongly, once', async () => {
    const folder = folderWith({});
    cpSync(path.join(FIXTURES, 'coco/train'), folder, { recursive: true });
    const file = path.join(folder, '_annotations.coco.json');
    const document = JSON.parse(readFileSync(file, 'utf8'));
    const [one] = document.images;
    // The first is right.
    const widths = [one.width, 100, 100, 200];
    document.images = widths.map((width, i) => ({ ...one, id: 10 + i, width }));
    document.annotations = [];
    writeFileSync(file, JSON.stringify(document));
    const { faults } = await check(folder);
    const wrong = faults.find(({ kind }) => kind === 'wrong-size');
    expect(wrong?.first.map(({ at }) => at.slice(at.indexOf(': ')))).toEqual([
      ': images[1]',
      ': images[3]',
    ]);
  });

  it('counts all of a kind and shows the first', async () => {
    const rows = Array.from({ length: 30 }, (_, i) =>
      JSON.stringify({ image: `${i}.png`, caption: 'x' }),
    );
    const { faults } = await check(folderWith({ 'rows.jsonl': rows.join('\n') }));
    expect(faults).toMatchObject([{ kind: 'missing-picture', count: 30 }]);
    expect(faults[0]?.first).toHaveLength(5);
  });

  it('ends with the reason of its signal', async () => {
    const dataset = await openDataset(path.join(FIXTURES, 'csv'));
    const reason = new Error('enough');
    await expect(checkDataset(dataset, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('says what each fault is in docs/datasets.md', () => {
    const page = readFileSync(path.join(ROOT, 'docs/datasets.md'), 'utf8');
    for (const kind of Object.keys(FAULTS)) expect(page).toContain(`| \`${kind}\` |`);
  });
});

describe('splitPictures', () => {
  const names = Array.from({ length: 100 }, (_, i) => `${i}.png`);

  it('draws the share, the same for the same seed in any order', () => {
    const part = splitPictures(names, 0.8, 1);
    expect(part.size).toBe(80);
    expect(splitPictures([...names].reverse(), 0.8, 1)).toEqual(part);
    expect(splitPictures(names, 0.8, 2)).not.toEqual(part);
    expect(splitPictures([...names, ...names], 0.8, 1)).toEqual(part);
  });

  it.each([
    [0, 0],
    [1, 100],
    [0.005, 1],
  ])('share %d is %d pictures', (share, count) => {
    expect(splitPictures(names, share, 0).size).toBe(count);
  });
});

describe('checkShare', () => {
  it.each([
    [0.99, 5, 'none of 5 pictures for validation, expected 0.2 to 0.8, or more pictures'],
    [1, 100, 'for validation, expected 0.01 to 0.99'],
    [0, 100, 'for training, expected 0.01 to 0.99'],
    [0.1, 2, 'for training, expected 0.5, or more pictures'],
    [0.5, 1, 'none of 1 picture for validation, expected two pictures at least, or no split'],
    [0.5, 0, 'for training, expected two pictures at least'],
  ])('%d of %i is refused', (share, pictures, words) => {
    const error = { code: 'ERR_OPTION_RANGE', message: expect.stringContaining(words) };
    expect(() => checkShare(share, pictures)).toThrow(expect.objectContaining(error));
  });

  it('what it names as right is right, of any number of pictures', () => {
    for (let pictures = 2; pictures < 3000; pictures++) {
      let expected = '';
      try {
        checkShare(1, pictures);
      } catch (error) {
        expected = String((error as PaliGemmaError).expected);
      }
      const [, least, most = least] = /^([\d.]+)(?: to ([\d.]+))?,/.exec(expected) ?? [];
      for (const share of [least, most]) {
        expect(() => checkShare(Number(share), pictures)).not.toThrow();
      }
    }
  });
});

describe('writeRows', () => {
  it('writes what it reads back as the same rows', async () => {
    const folder = folderWith({});
    const dataset = await openDataset(path.join(FIXTURES, 'coco'));
    const file = path.join(folder, 'out.jsonl');
    const counts = await writeRows(dataset.rows(), [file], {
      ...{ overwrite: false, pictures: path.join(folder, 'pictures') },
      fileOf: () => file,
    });
    expect(counts.get(file)).toBe(2);
    const [written] = await all((await openDataset(file)).rows());
    const [row] = await all(dataset.rows());
    expect(path.normalize(String(written?.image))).toBe(row?.image);
    expect(written).toMatchObject({
      request: { prompt: 'detect red square ; green square ; blue square' },
      expected: { answers: ['<loc0256><loc0085><loc0767><loc0426> red square'] },
    });
    expect((await check(file)).faults).toEqual([]);
  });

  it('leaves nothing when a row cannot be read, and a file that is there as it was', async () => {
    const folder = folderWith({ 'there.jsonl': 'mine' });
    const dataset = await openDataset(path.join(FIXTURES, 'faulty'));
    const [file, there] = [path.join(folder, 'out.jsonl'), path.join(folder, 'there.jsonl')];
    const write = (name: string, overwrite: boolean) =>
      writeRows(dataset.rows(), [name], { overwrite, pictures: folder, fileOf: () => name });
    await expect(write(file, false)).rejects.toMatchObject({ code: 'ERR_DATASET' });
    await expect(write(there, true)).rejects.toMatchObject({ code: 'ERR_DATASET' });
    await expect(write(there, false)).rejects.toMatchObject({ code: 'ERR_OUTPUT' });
    expect(readFileSync(there, 'utf8')).toBe('mine');
    expect(readdirSync(folder)).toEqual(['there.jsonl']);
    await expect(write(path.join(folder, 'no/out.jsonl'), false)).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    expect(existsSync(path.join(folder, 'no'))).toBe(false);
  });
});
