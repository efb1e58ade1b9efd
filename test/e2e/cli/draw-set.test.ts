/** `paligemma draw-set`: what it writes is checked and judged by the other commands. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../../support/folder.js';
import { jsonLines, paligemma } from './command.js';

it('writes a data set that dataset finds no fault with, the same each time', async () => {
  const folder = folderWith({});
  const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
  const args = ['draw-set', 'container-number', '--count', '4', '--split', '0.5', '--seed', '9'];
  const { code, stdout, stderr } = await paligemma([...args, '-o', a]);
  expect([code, stderr]).toEqual([0, '']);
  const files = ['train.jsonl', 'valid.jsonl'];
  expect(stdout).toBe(files.map((name) => `${path.join(a, name)}  2\n`).join(''));
  const checked = await paligemma(['dataset', a, '--json']);
  expect(checked.code).toBe(0);
  expect(JSON.parse(checked.stdout)).toMatchObject({ rows: 4, pictures: 4, faults: [] });
  await paligemma([...args, '-o', b]);
  for (const name of [...files, 'prompts.json', 'images/container-number-00003.jpg']) {
    expect(readFileSync(path.join(b, name))).toEqual(readFileSync(path.join(a, name)));
  }
});

it('a split that leaves a part empty is refused, with one that does not', async () => {
  const folder = folderWith({});
  const [drawn, output] = [path.join(folder, 'drawn'), path.join(folder, 'rows.jsonl')];
  const draw = ['draw-set', 'vin', '--count', '5', '-o', drawn];
  const words =
    'split is 0.99, which leaves none of 5 pictures for validation, expected 0.2 to 0.8';
  const refused = async (args: readonly string[]) => {
    const { code, stderr } = await paligemma([...args, '--split', '0.99']);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  };
  await refused(draw);
  expect(existsSync(drawn)).toBe(false);
  expect((await paligemma(draw)).code).toBe(0);
  await refused(['dataset', drawn, '-o', output]);
  expect(readdirSync(folder)).toEqual(['drawn']);
});

it('writes what eval judges', async () => {
  const folder = folderWith({});
  const data = path.join(folder, 'meters');
  await paligemma(['draw-set', 'meter', '--count', '3', '-o', data]);
  const rows = jsonLines(readFileSync(path.join(data, 'rows.jsonl'), 'utf8')) as {
    readonly suffix: string;
  }[];
  // One of three is read wrong.
  const answers = rows.map(({ suffix }, id) => ({ id, answer: id === 1 ? 'none' : suffix }));
  const predictions = path.join(folder, 'answers.jsonl');
  writeFileSync(predictions, answers.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const run = path.join(folder, 'run');
  const { code, stdout } = await paligemma([
    ...['eval', data, '--task', 'ocr', '--predictions', predictions],
    ...['--metric', 'exact@strict', '-o', run],
  ]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/exact@strict +0\.6667 /)]);
});

it('keeps what is there', async () => {
  const folder = folderWith({ 'images/mine.jpg': 'mine' });
  const { code, stdout, stderr } = await paligemma(['draw-set', 'coins', '-o', folder]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/ERR_OUTPUT: .*images has pictures already .*--overwrite/);
});

it('says which sets there are', async () => {
  const wrong = await paligemma(['draw-set', 'cats', '-o', 'x']);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/name is "cats", expected licence-plate, .*plurals/);
  const without = await paligemma(['draw-set', 'coins']);
  expect([without.code, without.stderr]).toEqual([2, expect.stringMatching(/--output <folder>/)]);
  const { stdout } = await paligemma(['draw-set', '--help']);
  expect(stdout).toMatch(/^ {2}seven-segments +LCD and LED displays$/m);
});
