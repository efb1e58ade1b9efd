/** Drawn sets as files: what is written is read again by the readers of data sets, without a fault. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { checkDataset } from '../../../src/datasets/check.js';
import { openDataset } from '../../../src/datasets/open.js';
import { prefixOf } from '../../../src/datasets/prompts.js';
import { promptsOf } from '../../../src/drawn-sets/prompts.js';
import { DRAWN_SETS } from '../../../src/drawn-sets/sets.js';
import { writeDrawnSet } from '../../../src/drawn-sets/write.js';
import { all, folderWith } from '../../support/folder.js';

const BASE = { count: 3, seed: 5, overwrite: false };

it.each(DRAWN_SETS)('%s is read as it was written', async (name) => {
  const folder = folderWith({});
  const counts = await writeDrawnSet(folder, name, BASE);
  expect([...counts.values()]).toEqual([3]);
  const dataset = await openDataset(folder);
  const { report } = await checkDataset(dataset);
  expect(report.faults).toEqual([]);
  const { prompts, labels } = promptsOf(name);
  expect(report).toMatchObject({
    format: labels === undefined ? 'jsonl' : 'coco',
    rows: 3 * (labels === undefined ? prompts.length : 1),
    pictures: 3,
  });
  const written = JSON.parse(readFileSync(path.join(folder, 'prompts.json'), 'utf8'));
  expect(written).toEqual(promptsOf(name));
});

it('rows say what is asked, and about what', async () => {
  const folder = folderWith({});
  await writeDrawnSet(folder, 'menus', BASE);
  const rows = await all((await openDataset(folder)).rows());
  for (const { request, expected, fields } of rows) {
    expect(fields).toMatchObject({ kind: 'price', dish: expect.stringMatching(/^[a-z ]+$/) });
    expect(prefixOf(request)).toBe(`answer en how much is the ${fields['dish']}?`);
    expect(expected).toEqual({ kind: 'text', answers: [expect.stringMatching(/^\d+\.\d\d$/)] });
  }
});

it('boxes are there a label at a time as well, with its singular and plural', async () => {
  const folder = folderWith({});
  await writeDrawnSet(folder, 'plurals', BASE);
  const whole = await all((await openDataset(folder)).rows());
  const dataset = await openDataset(path.join(folder, 'by-label'));
  const { report } = await checkDataset(dataset);
  expect(report.faults).toEqual([]);
  let boxes = 0;
  for (const { image, request, expected, fields } of await all(dataset.rows())) {
    expect(prefixOf(request)).toBe(`detect ${fields['label']}`);
    const [suffix = ''] = expected.kind === 'text' ? expected.answers : [];
    const found = suffix.split(' ; ');
    const truth = whole.find((row) => path.resolve(row.image) === path.resolve(image))?.expected;
    const there = truth?.kind === 'objects' ? truth.objects : [];
    expect(found).toHaveLength(there.filter(({ label }) => label === fields['label']).length);
    expect(new Set(found.map((one) => one.replace(/<loc\d{4}>/g, '')))).toEqual(
      new Set([` ${fields['label']}`]),
    );
    boxes += found.length;
  }
  const counts = whole.map(({ expected }) =>
    expected.kind === 'objects' ? expected.objects.length : 0,
  );
  expect(boxes).toBe(counts.reduce((a, b) => a + b, 0));
});

it('a split that leaves a part empty is refused before anything is drawn', async () => {
  const folder = folderWith({});
  const drawing = writeDrawnSet(folder, 'vin', { ...BASE, count: 5, split: 0.99 });
  await expect(drawing).rejects.toMatchObject({ code: 'ERR_OPTION_RANGE', subject: 'split' });
  expect(readdirSync(folder)).toEqual([]);
});

it('parts have different pictures and are all of them', async () => {
  const folder = folderWith({});
  const counts = await writeDrawnSet(folder, 'plurals', { ...BASE, count: 10, split: 0.7 });
  expect([...counts]).toEqual([
    [path.join(folder, 'train.json'), 7],
    [path.join(folder, 'valid.json'), 3],
  ]);
  const rows = await all((await openDataset(folder)).rows());
  expect(rows.map(({ split }) => split)).toEqual([
    ...Array.from({ length: 7 }, () => 'train'),
    ...Array.from({ length: 3 }, () => 'valid'),
  ]);
  expect(new Set(rows.map(({ image }) => image)).size).toBe(10);
});

it('files that are there are kept, unless they may be replaced', async () => {
  const folder = folderWith({});
  await writeDrawnSet(folder, 'meter', BASE);
  const rows = readFileSync(path.join(folder, 'rows.jsonl'), 'utf8');
  const refused = { code: 'ERR_OUTPUT', message: expect.stringMatching(/ exists| already/) };
  await expect(writeDrawnSet(folder, 'meter', { ...BASE, seed: 6 })).rejects.toMatchObject(refused);
  expect(readFileSync(path.join(folder, 'rows.jsonl'), 'utf8')).toBe(rows);
  await writeDrawnSet(folder, 'meter', { ...BASE, seed: 6, overwrite: true });
  expect(readFileSync(path.join(folder, 'rows.jsonl'), 'utf8')).not.toBe(rows);
  const others = folderWith({ 'images/mine.jpg': 'mine' });
  await expect(writeDrawnSet(others, 'meter', BASE)).rejects.toMatchObject(refused);
  expect(readdirSync(path.join(others, 'images'))).toEqual(['mine.jpg']);
});

it('a run that is stopped leaves no rows', async () => {
  const folder = folderWith({});
  const controller = new AbortController();
  const reason = new Error('enough');
  const onPicture = (done: number): void => {
    if (done === 2) controller.abort(reason);
  };
  const run = writeDrawnSet(folder, 'meter', { ...BASE, signal: controller.signal, onPicture });
  await expect(run).rejects.toBe(reason);
  expect(readdirSync(folder)).toEqual(['images']);
});

it('a folder that cannot be made is an error of the output', async () => {
  const folder = folderWith({});
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const run = writeDrawnSet(path.join(file, 'inside'), 'meter', BASE);
  await expect(run).rejects.toMatchObject({ code: 'ERR_OUTPUT' });
  expect(existsSync(path.join(folder, 'inside'))).toBe(false);
});
