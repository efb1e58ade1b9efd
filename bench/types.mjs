// What the number types of the demo model cost: `paligemma compare-types` on scenes and words that it has never seen, which are
// drawn first. Usage: node bench/types.mjs CHECKPOINT [ROWS], the Hugging Face folder that the demo model was converted from.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  labelOf,
  locationTokens,
  png,
  printedText,
  Random,
  SEEDS,
  scene,
} from './quality/scenes.mjs';

const [checkpoint, count = '300'] = process.argv.slice(2);
if (checkpoint === undefined) throw new Error('name the folder of the checkpoint');
const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, 'build', 'bench', 'types');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

/** @type {Record<string, object[]>} */
const rows = { detect: [], ocr: [] };
for (let i = 0; i < Number(count); i++) {
  const one = scene(new Random(SEEDS.quality, i));
  const label = labelOf(/** @type {NonNullable<typeof one.objects[number]>} */ (one.objects[0]));
  const boxes = one.objects.filter((object) => labelOf(object) === label);
  const suffix = boxes.map(({ box }) => `${locationTokens(box, one)} ${label}`).join(' ; ');
  writeFileSync(path.join(folder, `scene${i}.png`), await png(one));
  rows.detect?.push({ image: `scene${i}.png`, prefix: `detect ${label}`, suffix });
  const printed = printedText(new Random(SEEDS.quality + 1, i));
  writeFileSync(path.join(folder, `text${i}.png`), await png(printed));
  rows.ocr?.push({ image: `text${i}.png`, text: printed.text });
}

console.log(`${os.cpus()[0]?.model}, ${count} rows each`);
for (const [task, metric] of [
  ['ocr', 'exact@strict'],
  ['detect', 'f1@iou-0.5'],
]) {
  const data = path.join(folder, `${task}.jsonl`);
  const lines = /** @type {object[]} */ (rows[/** @type {string} */ (task)]);
  writeFileSync(data, lines.map((row) => JSON.stringify(row)).join('\n'));
  const args = ['compare-types', checkpoint, data, '--task', task, '--metric', metric];
  const command = [
    path.join(root, 'lib', 'cli', 'main.js'),
    ...args,
    '-o',
    path.join(folder, `runs-${task}`),
  ];
  console.log(`\n${task}`);
  execFileSync(process.execPath, /** @type {string[]} */ (command), { stdio: 'inherit' });
}
