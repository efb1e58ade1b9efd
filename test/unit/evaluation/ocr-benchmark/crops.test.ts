/** Crops of all kinds of data: what is cut, what its text is, what it is for, and what is refused. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { namesOf, prepareCrops } from '../../../../src/evaluation/ocr-benchmark/crops.js';
import { folderWith } from '../../../support/folder.js';

const { signal } = new AbortController();

async function picture(folder: string, name: string, width = 40, height = 20): Promise<void> {
  // Each column has a colour of its own.
  const pixels = Buffer.from(
    Array.from({ length: width * height }, (_, i) => [
      (i % width) * 6,
      0,
      Math.floor(i / width),
    ]).flat(),
  );
  const raw = { width, height, channels: 3 } as const;
  await sharp(pixels, { raw }).png().toFile(path.join(folder, name));
}

const prepare = (data: string[], more = {}) => {
  const folder = folderWith({});
  const options = { data, perDomain: 1, seed: 1, isTuned: false, ...more };
  return prepareCrops(options, path.join(folder, 'crops'), signal);
};

const ANNOTATIONS = [
  { id: 1, image_id: 1, category_id: 1, bbox: [10, 5, 8, 4], attributes: { text: 'AB 12' } },
  { id: 2, image_id: 1, category_id: 1, bbox: [30.4, 15, 100, 100], attributes: { plate: 'CD' } },
  { id: 3, image_id: 1, category_id: 2, bbox: [0, 0, 5, 5], attributes: { a: '1', b: '2' } },
  { id: 4, image_id: 1, category_id: 2, bbox: [0, 0, 5, 5] },
];

async function roboflow(annotations: readonly object[] = ANNOTATIONS): Promise<string> {
  const document = {
    images: [{ id: 1, file_name: 'a.png', width: 40, height: 20 }],
    categories: [
      { id: 1, name: 'plate' },
      { id: 2, name: 'EF 34' },
    ],
    annotations,
  };
  const folder = folderWith({ 'test/_annotations.coco.json': JSON.stringify(document) });
  await picture(path.join(folder, 'test'), 'a.png');
  return folder;
}

describe("Roboflow's exports", () => {
  it('are cut at their boxes; the text is an attribute, or the category', async () => {
    const { all } = await prepare([await roboflow()]);
    expect(all.map(({ truth, width, height }) => [truth, width, height])).toEqual([
      ...[
        ['AB 12', 8, 4],
        ['CD', 10, 5],
      ],
      ...[
        ['EF 34', 5, 5],
        ['EF 34', 5, 5],
      ],
    ]);
    const [first] = await sharp(readFileSync(all[0]?.file ?? ''))
      .raw()
      .toBuffer();
    expect(first).toBe(60);
    expect(new Set(all.map(({ group }) => group)).size).toBe(1);
  });

  it.each([
    [{ bbox: [100, 0, 5, 5] }, 'annotations[0].bbox is outside the picture'],
    [{ bbox: [0, 0, 0, 5] }, 'annotations[0].bbox is outside the picture'],
    [{ bbox: [0, 0, 'x', 5] }, 'annotations[0].bbox is an array of 4, expected four numbers'],
    [{ category_id: 9 }, 'annotations[0].category_id is 9'],
    [{ image_id: 9 }, 'annotations[0].image_id is 9'],
  ])('%j is refused with its place', async (change, words) => {
    const folder = await roboflow([{ ...ANNOTATIONS[3], ...change }]);
    await expect(prepare([folder])).rejects.toMatchObject({
      ...{
        code: 'ERR_DATASET',
        message: expect.stringContaining(`_annotations.coco.json: ${words}`),
      },
    });
  });
});

async function rows(count: number): Promise<string> {
  const lines = Array.from({ length: count }, (_, i) => ({
    image: 'a.png',
    prefix: 'ocr',
    suffix: `t${i}`,
  }));
  const folder = folderWith({
    'plates.jsonl': lines.map((line) => JSON.stringify(line)).join('\n'),
  });
  await picture(folder, 'a.png');
  return path.join(folder, 'plates.jsonl');
}

it('rows of pictures and texts are whole pictures, thirty of them timed', async () => {
  const { all, timed, tuning } = await prepare([await rows(50)]);
  expect(all[0]).toMatchObject({
    ...{ id: 'plates/plates.jsonl:1', domain: 'plates', truth: 't0', width: 40, height: 20 },
  });
  // No page mode is to be chosen, so all are scored.
  expect([all.filter(({ split }) => split === 'scored').length, tuning]).toEqual([50, 'none']);
  expect(timed.size).toBe(30);
});

it('where a system has page modes, every fifth is kept to choose them, and never scored nor timed', async () => {
  const data = await rows(50);
  const [{ all, timed, tuning, digest }, untuned] = await Promise.all([
    prepare([data], { isTuned: true }),
    prepare([data]),
  ]);
  expect(all.filter(({ split }) => split === 'tuning').map(({ truth }) => truth)).toEqual(
    [4, 9, 14, 19, 24, 29, 34, 39, 44, 49].map((i) => `t${i}`),
  );
  expect([timed.size, tuning]).toEqual([30, 'every fifth']);
  expect(all.filter(({ id, split }) => timed.has(id) && split === 'tuning')).toEqual([]);
  // They are the same crops.
  expect(untuned.digest).toBe(digest);
});

it('data of equal names are told apart by as much of their paths as that takes', async () => {
  const folder = folderWith({
    'a/test/rows.jsonl': '{"image":"x.png","text":"A"}',
    'b/test/rows.jsonl': '{"image":"x.png","text":"B"}',
    'vin/rows.jsonl': '{"image":"x.png","text":"C"}',
  });
  for (const one of ['a/test', 'b/test', 'vin']) await picture(path.join(folder, one), 'x.png');
  const at = (name: string) => path.join(folder, name);
  const { all } = await prepare([at('a/test'), at('b/test'), 'drawn', at('vin')]);
  const own = all.filter(({ id }) => !id.startsWith('drawn/'));
  const parent = path.basename(folder);
  expect(own.map(({ id, domain }) => [id, domain])).toEqual([
    ['a/test/test/rows.jsonl:1', 'a/test'],
    ['b/test/test/rows.jsonl:1', 'b/test'],
    // The name of a domain that is drawn.
    [`${parent}/vin/vin/rows.jsonl:1`, `${parent}/vin`],
  ]);
  expect(namesOf(['x/plates.csv', 'x/plates.jsonl', 'v1.1', 'v1.2'])).toEqual([
    ...['plates.csv', 'plates.jsonl', 'v1.1', 'v1.2'],
  ]);
  expect(namesOf(['x/1/rows.csv', 'y/1/rows.csv', 'z.csv'])).toEqual(['x/1/rows', 'y/1/rows', 'z']);
  for (const twice of [
    ['x', './x/'],
    ['drawn', 'drawn'],
  ]) {
    expect(() => namesOf(twice)).toThrow(/^option data is ".*" twice, expected each folder/);
  }
});

it('the splits of an export may have pictures of one name', async () => {
  const folder = await roboflow();
  const test = readFileSync(path.join(folder, 'test/_annotations.coco.json'));
  mkdirSync(path.join(folder, 'train'));
  writeFileSync(path.join(folder, 'train/_annotations.coco.json'), test);
  await picture(path.join(folder, 'train'), 'a.png');
  const { all } = await prepare([folder]);
  expect([all.length, new Set(all.map(({ id }) => id)).size]).toEqual([8, 8]);
});

it('pictures of annotations are found where data sets have them, and a missing one is named with its place', async () => {
  const folder = await roboflow();
  const [from, to] = [path.join(folder, 'test'), path.join(folder, 'test/images')];
  mkdirSync(to);
  renameSync(path.join(from, 'a.png'), path.join(to, 'a.png'));
  expect((await prepare([folder])).all).toHaveLength(4);
  rmSync(path.join(to, 'a.png'));
  await expect(prepare([folder])).rejects.toThrow(
    /_annotations\.coco\.json: annotations\[0\]: the picture .*a\.png is not there/,
  );
});

it('drawn crops have their domains, and a share of them is for tuning', async () => {
  const one = await prepare(['drawn'], { perDomain: 4 });
  const domains = new Set(one.all.map(({ domain }) => domain));
  const tuning = one.all.filter(({ split }) => split === 'tuning');
  expect(tuning).toHaveLength(domains.size);
  expect(one.all.length - tuning.length).toBe(4 * domains.size);
  const [again, other] = await Promise.all([
    prepare(['drawn'], { perDomain: 4 }),
    prepare(['drawn'], { perDomain: 4, seed: 2 }),
  ]);
  expect([again.digest === one.digest, other.digest === one.digest]).toEqual([true, false]);
}, 60_000);

it('all domains have a part in the crops that are timed', async () => {
  const { all, timed } = await prepare([await rows(60), await roboflow()]);
  const of = (domain: string) => all.filter((crop) => crop.domain === domain && timed.has(crop.id));
  expect(of('plates')).toHaveLength(26);
  expect(timed.size).toBe(30);
});

it('data without crops, crops that come twice, and pictures that are none are refused', async () => {
  const none = folderWith({ 'a.csv': 'image,text\n' });
  await expect(prepare([path.join(none, 'a.csv')])).rejects.toMatchObject({
    ...{ code: 'ERR_DATASET', message: expect.stringContaining('has no crop to score') },
  });
  const twice = await rows(2);
  await expect(prepare([twice, twice])).rejects.toThrow('twice, expected each folder or file once');
  writeFileSync(path.join(path.dirname(twice), 'a.png'), 'text');
  const refused = (why: string) =>
    expect(prepare([twice])).rejects.toThrow(
      new RegExp(`plates\\.jsonl:1: the picture .*a\\.png is ${why}, expected a picture`),
    );
  await refused('no picture that can be decoded');
  rmSync(path.join(path.dirname(twice), 'a.png'));
  await refused('not there');
});

it('photographs that are missing, or others than those whose text is known, are refused', async () => {
  const folder = folderWith({});
  const refused = (words: string) => ({
    ...{ code: 'ERR_DATASET', message: expect.stringContaining(words) },
  });
  await expect(prepare([`real:${folder}`])).rejects.toMatchObject(
    refused('scenetext01.jpg is missing'),
  );
  writeFileSync(path.join(folder, 'scenetext01.jpg'), 'another');
  await expect(prepare([`real:${folder}`])).rejects.toMatchObject(refused('expected SHA-256'));
});
