/** Where commands that judge write to: a folder with a name, that is new or their own. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../../support/folder.js';
import { imagePath } from '../../support/models.js';
import { paligemma } from './command.js';

const SCENE = imagePath('scene1.png');
/** What a system of the benchmark says when it is ready. */
const READY = '`{"ready":true,"name":"one","version":"1"}`';

it.each<[string[], string]>([
  [['eval', 'x.jsonl', '-o'], '--output'],
  [['eval', '--report'], '--report'],
  [['eval', '--compare', 'x'], '--compare'],
  [['ocr-benchmark', '--system', 'ocrad', '-o'], '--output'],
  [['prompt-benchmark', '-o'], '--output'],
  [['compare-types', 'x', 'y', '-o'], '--output'],
  [['draw-set', 'menus', '-o'], '--output'],
  [['dataset', 'x', '-o'], '--output'],
  [['caption', SCENE, '-o'], '--output'],
  [['caption', SCENE, '--save'], '--save'],
  [['detect', SCENE, '--label', 'x', '--annotate'], '--annotate'],
])('no file or folder has an empty name: %j', async (args, flag) => {
  const { code, stderr } = await paligemma([...args, '']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(new RegExp(`${flag} .*"".*expected`))]);
});

it('files that are not those of a run are not replaced, whatever the command and its options', async () => {
  const row = JSON.stringify({ image: SCENE, caption: 'a black circle' });
  const data = path.join(folderWith({ 'rows.jsonl': row }), 'rows.jsonl');
  const whole = path.join(path.dirname(data), 'whole');
  expect((await paligemma(['eval', data, '-o', whole])).code).toBe(0);
  const names = ['comparison.html', 'crops', 'prompts.json', 'report.html', 'run.json'];
  const folder = folderWith(Object.fromEntries(names.map((name) => [name, 'mine'])));
  for (const args of [
    ['eval', data],
    ['eval', data, '--resume'],
    ['eval', '--compare', whole, whole],
    ['ocr-benchmark', '--system', `cmd:${process.execPath} -p '${READY}'`],
    ['prompt-benchmark', '--set', 'coins', '--count', '1'],
  ]) {
    const { code, stderr } = await paligemma([...args, '-o', folder]);
    const words = expect.stringContaining('holds comparison.html and 4 more, expected a folder');
    expect([code, stderr], args.join(' ')).toEqual([1, words]);
  }
  expect(readdirSync(folder).sort()).toEqual(names);
  for (const name of names) expect(readFileSync(path.join(folder, name), 'utf8')).toBe('mine');
});
