/** The folder of a run: what is not its own is never replaced. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { checkRunFolder, openRunFolder, writeRunFile } from '../../../src/runs/run-folder.js';
import { folderWith } from '../../support/folder.js';

it.each([
  'report.html',
  'report.md',
  'summary.json',
  'run.json',
  'junit.xml',
  'comparison.html',
  'prompts.json',
  'accuracy.svg',
  'rows.jsonl',
  'notes.txt',
])('is refused with a %s of something else', async (name) => {
  const folder = folderWith({ [name]: 'mine' });
  await expect(openRunFolder(folder, 'eval')).rejects.toMatchObject({
    ...{ code: 'ERR_OUTPUT', found: name, hint: expect.stringContaining('name another folder') },
    message: expect.stringContaining(`holds ${name}, expected a folder that is new or empty`),
  });
  expect(readdirSync(folder)).toEqual([name]);
  expect(readFileSync(path.join(folder, name), 'utf8')).toBe('mine');
});

it.each(['{}', '[]', 'null', '{"kind":"mine"}', '{"kind":"eval'])(
  'a run.json of %s is one of something else',
  async (text) => {
    const folder = folderWith({ 'run.json': text, 'report.html': 'mine' });
    await expect(openRunFolder(folder, 'eval')).rejects.toMatchObject({
      found: 'report.html and 1 more',
    });
  },
);

it('of one kind is refused by another, and continued by the same', async () => {
  const folder = path.join(folderWith({}), 'new', 'run');
  expect(await checkRunFolder(folder, 'ocr-benchmark')).toBe(false);
  expect(existsSync(folder)).toBe(false);
  await openRunFolder(folder, 'ocr-benchmark');
  writeFileSync(path.join(folder, 'notes.txt'), 'mine');
  expect(await checkRunFolder(folder, 'ocr-benchmark')).toBe(true);
  await openRunFolder(folder, 'ocr-benchmark');
  await expect(openRunFolder(folder, 'eval')).rejects.toMatchObject({
    found: 'an OCR benchmark',
  });
  expect(readdirSync(folder).sort()).toEqual(['notes.txt', 'run.json']);
});

it('is taken with what comes before a run: files that are hidden, and pictures by their content', async () => {
  const folder = folderWith({ '.DS_Store': '', '.run.json.7.tmp': '{', 'pictures/ab.png': '' });
  await openRunFolder(folder, 'eval');
  expect(JSON.parse(readFileSync(path.join(folder, 'run.json'), 'utf8'))).toEqual({
    kind: 'eval',
  });
});

it('has its files whole or not at all', async () => {
  const folder = folderWith({ 'report.md': 'before', 'summary.json/inside': '' });
  await writeRunFile(folder, 'report.md', 'after');
  await expect(writeRunFile(folder, 'summary.json', { a: 1 })).rejects.toMatchObject({
    code: 'ERR_OUTPUT',
  });
  expect(readFileSync(path.join(folder, 'report.md'), 'utf8')).toBe('after');
  expect(readdirSync(folder).sort()).toEqual(['report.md', 'summary.json']);
});
