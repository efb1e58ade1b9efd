// Asks the model about pictures the model has never seen and prints each quality figure beside the reference implementation's own.
// Usage: node bench/quality/quality.mjs [--model FILE | --type f32|bf16|q8_0] [--through prompts|methods] [--scenes 500]
//   [--texts 200] [--seed N] [--threads N] [--save FOLDER] [--reference FOLDER] [--html FILE] [--json]
// Default: the shipped model, through the package's task methods. --type converts the reference checkpoint, with its mask codec,
// when build/quality does not have it. --save keeps the pictures as PNG, their truth and (with --through prompts) the answers as
// JSON lines. --html writes the figures as one page with a chart. The pictures are drawn by scenes.mjs, the figures counted by figures.mjs.
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { PaliGemma } from '../../lib/index.js';
import { barChart } from '../../lib/report/bar-chart.js';
import { charts, htmlPage, paragraph, table } from '../../lib/report/html.js';
import { characterAccuracy, maskIou, matchBoxes, Tally } from './figures.mjs';
import { DEMO_MODEL, trainedModel } from './models.mjs';
import {
  caption,
  labelOf,
  matching,
  png,
  printedText,
  questions,
  Random,
  SEEDS,
  scene,
} from './scenes.mjs';
import { printTable } from './table.mjs';
import { throughMethods, throughPrompts } from './tasks.mjs';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    type: { type: 'string' },
    through: { type: 'string' },
    scenes: { type: 'string', default: '500' },
    texts: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(SEEDS.quality) },
    threads: { type: 'string', default: '0' },
    save: { type: 'string' },
    reference: { type: 'string' },
    html: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(flags.seed);
const reference = JSON.parse(readFileSync(new URL('reference.json', import.meta.url), 'utf8'));

/** Name in reference.json, what is printed, and the pictures it is counted on. */
const FIGURES = [
  ['detect_precision', 'detect precision (IoU 0.5)', 'scenes'],
  ['detect_recall', 'detect recall (IoU 0.5)', 'scenes'],
  ['tp_iou', 'detect mean IoU of the right', 'scenes'],
  ['segment_iou', 'segment mIoU', 'scenes'],
  ['caption_exact', 'caption exact', 'scenes'],
  ['vqa_accuracy', 'VQA accuracy', 'scenes'],
  ['ocr_char_accuracy', 'OCR character accuracy', 'texts'],
  ['ocr_exact', 'OCR exact', 'texts'],
];

const file =
  flags.model ?? (flags.type ? await trainedModel(flags.type, flags.reference) : DEMO_MODEL);
const model = await PaliGemma.load(file, { threads: Number(flags.threads), slots: 1 });
const through = flags.through ?? (typeof model.detect === 'function' ? 'methods' : 'prompts');
const records = [];
let current = '';
const tasks =
  through === 'methods'
    ? throughMethods(model)
    : throughPrompts(model, (answer) => records.push({ image: current, ...answer }));
const tally = new Tally();
if (flags.save) await mkdir(flags.save, { recursive: true });

async function begin(name, picture) {
  current = `${name}.png`;
  if (flags.save) await writeFile(path.join(flags.save, current), await png(picture));
}

/** The questions of evaluate.py: three detections, one segmentation, two captions, three answers. */
async function askAboutScene(index) {
  const random = new Random(seed, index);
  const picture = scene(random);
  const name = `scene${String(index).padStart(4, '0')}`;
  await begin(name, picture);
  const add = (figure, value) => tally.add(figure, name, value);
  const { objects } = picture;
  const labels = [...new Set(objects.map(labelOf))];
  for (const label of [...labels.slice(0, 2), objects[0].shape]) {
    const truth = matching(objects, label).map((o) => o.box);
    const found = (await tasks.detect(picture, label)).map((d) => d.box);
    const { ious, used } = matchBoxes(found, truth);
    for (const iou of ious) {
      add('detect_precision', iou > 0);
      if (iou > 0) add('tp_iou', iou);
    }
    truth.forEach((_, i) => {
      add('detect_recall', used.has(i));
    });
  }
  if (tasks.segment) {
    const label = labels.at(-1);
    const truth = objects.filter((o) => labelOf(o) === label);
    const found = await tasks.segment(picture, label);
    const ious = found.flatMap((s) => truth.map((o) => maskIou(s.mask, o.mask)));
    add('segment_iou', Math.max(0, ...ious));
  }
  for (const language of /** @type {const} */ (['en', index % 2 ? 'es' : 'de'])) {
    add('caption_exact', (await tasks.caption(picture, language)) === caption(objects, language));
  }
  const asked = questions(random, picture).filter(([prompt]) => prompt.startsWith('answer en '));
  for (const [prompt, answer] of asked.slice(0, 3)) {
    add('vqa_accuracy', (await tasks.ask(picture, prompt.slice('answer en '.length))) === answer);
  }
  return { image: current, objects: objects.map((o) => ({ label: labelOf(o), box: o.box })) };
}

async function askAboutText(index) {
  // A stream away from the scenes': how many of them are asked about changes no text.
  const picture = printedText(new Random(seed + 500, index));
  const name = `text${String(index).padStart(4, '0')}`;
  await begin(name, picture);
  const got = await tasks.ocr(picture);
  tally.add('ocr_char_accuracy', name, characterAccuracy(got, picture.text));
  tally.add('ocr_exact', name, got === picture.text);
  return { image: current, text: picture.text };
}

const start = performance.now();
const truth = [];
for (let i = 0; i < Number(flags.scenes); i++) truth.push(await askAboutScene(i));
for (let i = 0; i < Number(flags.texts); i++) truth.push(await askAboutText(i));
const seconds = (performance.now() - start) / 1000;
const { weightTypes, device } = model.info;
await model.dispose();
if (flags.save) {
  const lines = (list) => list.map((r) => `${JSON.stringify(r)}\n`).join('');
  await writeFile(path.join(flags.save, 'truth.jsonl'), lines(truth));
  await writeFile(path.join(flags.save, 'answers.jsonl'), lines(records));
}

/** How far below the reference a figure may be: 2 points in f32 and bf16, 3 in q8_0. */
const limit = Object.keys(weightTypes).every((type) => /^(f32|bf16)$/.test(type)) ? 0.02 : 0.03;
const rows = FIGURES.map(([name, title, on]) => {
  const ours = tally.figure(name);
  const theirs = reference.figures[name];
  if (!ours) return { name, title, reference: theirs };
  // Their figure comes from few pictures: its deviation is ours, enlarged.
  const theirDeviation = ours.deviation * Math.sqrt(ours.pictures / reference[on]);
  const noise = 1.96 * Math.hypot(ours.deviation, theirDeviation);
  const difference = ours.value - theirs;
  return { name, title, ...ours, reference: theirs, difference, noise, ok: difference >= -limit };
});

const percent = (v) => (v * 100).toFixed(1);
const signed = (v) => `${v < 0 ? '-' : '+'}${percent(Math.abs(v))}`;
const heading = `${path.basename(file)} on ${device}, through ${through}, seed ${seed}`;
const effort = `${flags.scenes} scenes, ${flags.texts} texts, ${seconds.toFixed(0)} s`;
const columns = ['', 'ours', '95 %', 'n', 'reference', 'difference', 'noise', ''];
const cells = rows.map((r) => {
  if (!('value' in r)) return [r.title, 'n/a', '', '0', percent(r.reference), '', '', ''];
  const interval = `${percent(r.low)} to ${percent(r.high)}`;
  const verdict = r.ok ? 'kept' : r.difference + r.noise >= -limit ? 'within noise' : 'BELOW';
  const numbers = [percent(r.value), interval, String(r.count), percent(r.reference)];
  return [r.title, ...numbers, signed(r.difference), `±${percent(r.noise)}`, verdict];
});
const explanation = [
  "In per cent. 95 %: bootstrap over pictures. noise: 95 % of the difference, as the reference's figures come from " +
    `${reference.scenes} scenes and ${reference.texts} texts only.`,
  `kept: at most ${limit * 100} points below the reference.`,
];

if (flags.html) {
  const bars = rows
    .filter((r) => 'value' in r)
    .map((r) => ({
      name: r.title,
      value: 100 * r.value,
      low: 100 * r.low,
      high: 100 * r.high,
      reference: 100 * r.reference,
    }));
  const labels = { title: 'Quality', subtitle: 'bar: ours, with 95 %; stroke: reference' };
  const panel = barChart({ ...labels, xLabel: 'per cent', bars, xMax: 100 });
  const chart = charts([panel], 'Quality beside the reference: the table as bars');
  const figures = table(columns, cells, 'Quality beside the reference');
  const blocks = [paragraph(effort), chart, figures, ...explanation.map(paragraph)];
  await writeFile(flags.html, htmlPage(heading, blocks));
}

if (flags.json) {
  const head = { model: path.basename(file), weightTypes, device, through, seed, seconds, limit };
  console.log(JSON.stringify({ ...head, figures: rows }, null, 2));
} else {
  console.log(`${heading}\n${effort}\n`);
  printTable([columns, ...cells]);
  console.log(`\n${explanation.join('\n')}`);
}
