// Shows what the options of detect are worth on pictures the model has never seen: duplicateIou and minScore on one greedy answer, on one
// drawn at a temperature and on several of them together, as who wants to miss nothing would ask; and expectedBox on greedy
// answers. What the scores themselves are worth is calibration.mjs.
// Usage: node bench/quality/detect-options.mjs [--model FILE | --type f32|bf16|q8_0] [--scenes 500] [--seed N] [--draws 3]
//   [--temperature 0.5] [--threads N] [--reference FOLDER] [--json]
// Each minScore is chosen on one half of the pictures and shown on the other.
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { PaliGemma } from '../../lib/index.js';
// For answers that were put together; within one answer detect does it itself.
import { selectDetections } from '../../lib/tasks/boxes.js';
import { bestThreshold, f1At } from './calibration-figures.mjs';
import { boxIou, judge, Tally } from './figures.mjs';
import { DEMO_MODEL, trainedModel } from './models.mjs';
import { labelOf, matching, Random, SEEDS, scene } from './scenes.mjs';
import { printTable } from './table.mjs';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    type: { type: 'string' },
    scenes: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(SEEDS.options) },
    draws: { type: 'string', default: '3' },
    temperature: { type: 'string', default: '0.5' },
    threads: { type: 'string', default: '0' },
    reference: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(flags.seed);
const draws = Number(flags.draws);
const temperature = Number(flags.temperature);
const file =
  flags.model ?? (flags.type ? await trainedModel(flags.type, flags.reference) : DEMO_MODEL);
const model = await PaliGemma.load(file, { threads: Number(flags.threads), slots: 1 });

/** 1 keeps all. */
const LIMITS = [1, 0.9, 0.7, 0.5, 0.3];
/** Records { score, isRight, fold } by source of the detections and limit. fold 0 chooses thresholds, fold 1 shows them. */
const records = new Map();
const boxes = new Tally();
/** Objects to find, and questions, per fold. */
const totals = [0, 0];

function add(source, detections, { picture, labels, fold }) {
  for (const duplicateIou of LIMITS) {
    const { kept } = selectDetections(detections, { minScore: 0, duplicateIou, extra: false });
    const key = `${source} ${duplicateIou}`;
    const list = records.get(key) ?? [];
    records.set(key, list);
    for (const { detection, iou } of judge(kept, picture.objects, labels)) {
      list.push({ score: detection.score, isRight: iou > 0, fold });
    }
  }
}

/** How well the boxes of one answer fit, generated and expected. The answer is the same, so that the differences come in pairs. */
function addBoxes(said, expected, { picture, labels, name }) {
  const overlap = (d) => {
    const truth = labels.includes(d.label) ? matching(picture.objects, d.label) : [];
    return Math.max(0, ...truth.map((o) => boxIou(d.box, o.box)));
  };
  if (said.length !== expected.length) return;
  said.forEach((d, i) => {
    const pair = [overlap(d), overlap(expected[i])];
    const add = (figure, count) => {
      const [a, b] = pair.map(count);
      boxes.add(`${figure}, generated`, name, a);
      boxes.add(`${figure}, expected`, name, b);
      boxes.add(`${figure}, difference`, name, b - a);
    };
    add('mean IoU of all', (v) => v);
    if (pair.some((v) => v >= 0.5)) add('mean IoU of those right in either', (v) => v);
    for (const least of [0.5, 0.75]) {
      add(`part with IoU ${least}`, (v) => Number(v >= least));
    }
  });
}

async function askAboutScene(index) {
  const random = new Random(seed, index);
  const picture = scene(random);
  const prepared = await model.prepare(picture);
  const present = [...new Set(picture.objects.map(labelOf))];
  const questions = [[random.pick(present)], [random.pick(picture.objects).shape]];
  if (present.length > 1) questions.push(present);
  for (const labels of questions) {
    const question = { picture, labels, fold: index % 2, name: String(index) };
    totals[question.fold] += labels.flatMap((label) => matching(picture.objects, label)).length;
    const ask = async (options) => {
      const all = { maxTokens: 128, duplicateIou: 1, ...options };
      return (await model.detect(prepared, labels, all)).detections;
    };
    const greedy = await ask({});
    addBoxes(greedy, await ask({ expectedBox: true }), question);
    const drawn = [];
    for (let i = 0; i < draws; i++) drawn.push(await ask({ temperature, seed: i + 1 }));
    add('greedy', greedy, question);
    add('one drawn', drawn[0] ?? [], question);
    add('together', [...greedy, ...drawn.flat()], question);
  }
}

const start = performance.now();
for (let i = 0; i < Number(flags.scenes); i++) await askAboutScene(i);
const seconds = (performance.now() - start) / 1000;
await model.dispose();

const rows = ['greedy', 'one drawn', 'together'].flatMap((source) =>
  LIMITS.flatMap((duplicateIou) => {
    const ofFold = (fold) =>
      (records.get(`${source} ${duplicateIou}`) ?? []).filter((r) => r.fold === fold);
    const { minScore } = bestThreshold(ofFold(0), totals[0]);
    return [...new Set([0, minScore])].map((least) => ({
      source,
      duplicateIou,
      count: ofFold(1).filter((r) => r.score >= least).length,
      ...f1At(ofFold(1), totals[1], least),
    }));
  }),
);
const expected = [
  'mean IoU of all',
  'mean IoU of those right in either',
  'part with IoU 0.5',
  'part with IoU 0.75',
].map((name) => ({
  name,
  said: boxes.figure(`${name}, generated`),
  expected: boxes.figure(`${name}, expected`),
  difference: boxes.figure(`${name}, difference`),
}));

if (flags.json) {
  const head = { model: path.basename(file), seed, seconds, draws, temperature, totals };
  console.log(JSON.stringify({ ...head, options: rows, expected }, null, 2));
} else {
  const fixed = (v) => v?.toFixed(3) ?? 'n/a';
  console.log(
    `${path.basename(file)}, seed ${seed}: ${flags.scenes} scenes, ${seconds.toFixed(0)} s`,
  );
  console.log(`together: greedy and ${draws} drawn at temperature ${temperature}\n`);
  printTable([
    ['', 'duplicateIou', 'minScore', 'kept', 'precision', 'recall', 'F1'],
    ...rows.map((r) => [
      r.source,
      String(r.duplicateIou),
      String(r.minScore),
      String(r.count),
      ...[r.precision, r.recall, r.f1].map(fixed),
    ]),
  ]);
  console.log(`\n${totals[1]} objects to find, on the pictures that did not choose minScore.\n`);
  printTable([
    ['expectedBox, greedy', 'n', 'off', 'on', 'difference', '95 %'],
    ...expected.map((e) => [
      e.name,
      String(e.said?.count ?? 0),
      ...[e.said?.value, e.expected?.value, e.difference?.value].map(fixed),
      `${fixed(e.difference?.low)} to ${fixed(e.difference?.high)}`,
    ]),
  ]);
}
