// Shows what the scores are worth on pictures nobody has seen: for detections, segments, captions, answers and words read, do
// right ones score higher than wrong ones (AUROC), how often is what scores so right (reliability), and which minScore is best.
// Usage: node bench/quality/calibration.mjs [--model FILE | --type f32|bf16|q8_0] [--scenes 1000] [--texts 500] [--seed N]
//   [--threads N] [--reference FOLDER] [--out docs] [--no-charts] [--json]
// Writes calibration.svg and min-score.svg to --out. Default: q8_0 with the mask codec where the reference checkpoint is, else the
// shipped model, which has no masks. Detections are right with IoU 0.5 or more to an object of the label they were given.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PaliGemma } from '../../lib/index.js';
import { selectDetections } from '../../lib/tasks/boxes.js';
import {
  auroc,
  bestThreshold,
  calibrationError,
  f1At,
  reliability,
  THRESHOLDS,
} from './calibration-figures.mjs';
import { reliabilityDiagrams, thresholdCurves } from './charts.mjs';
import { maskIou, matchBoxes } from './figures.mjs';
import { DEMO_MODEL, REFERENCE, trainedModel } from './models.mjs';
import {
  COLORS,
  caption,
  labelOf,
  matching,
  printedText,
  questions,
  Random,
  SEEDS,
  SHAPES,
  scene,
} from './scenes.mjs';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    type: { type: 'string' },
    scenes: { type: 'string', default: '1000' },
    texts: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(SEEDS.calibration) },
    threads: { type: 'string', default: '0' },
    reference: { type: 'string' },
    out: { type: 'string', default: fileURLToPath(new URL('../../docs', import.meta.url)) },
    'no-charts': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(flags.seed);
const canConvert = flags.type !== undefined || existsSync(flags.reference ?? REFERENCE);
const file =
  flags.model ??
  (canConvert ? await trainedModel(flags.type ?? 'q8_0', flags.reference) : DEMO_MODEL);
const model = await PaliGemma.load(file, { threads: Number(flags.threads), slots: 1 });
const speaking = { maxTokens: 128 };
/** Limits for duplicates to compare; 1 keeps all. */
const DUPLICATE_IOUS = [1, 0.7, 0.5, 0.3];
const DEFAULT_IOU = 0.7;

/** Records { score, isRight, fold } by kind. fold 0 chooses thresholds, fold 1 shows them. */
const records = new Map();
/** Objects to find, per fold. */
const totals = [0, 0];

function add(kind, fold, score, isRight) {
  const list = records.get(kind) ?? [];
  records.set(kind, list);
  list.push({ score, isRight: Boolean(isRight), fold });
}

/** Each detection, best first, against the objects of its own label, so that a threshold cuts off the end of the list. */
function judge(detections, objects, asked) {
  const sorted = [...detections].sort((a, b) => b.score - a.score);
  const isRight = new Map(sorted.map((d) => [d, false]));
  for (const label of new Set(sorted.map((d) => d.label))) {
    if (!asked.includes(label)) continue;
    const own = sorted.filter((d) => d.label === label);
    const truth = matching(objects, label).map((o) => o.box);
    const { ious } = matchBoxes(
      own.map((d) => d.box),
      truth,
    );
    own.forEach((d, i) => {
      isRight.set(d, ious[i] > 0);
    });
  }
  return isRight;
}

async function detectIn(picture, labels, fold) {
  const { objects } = picture;
  totals[fold] += labels.reduce((sum, label) => sum + matching(objects, label).length, 0);
  const said = await model.detect(picture, labels, { ...speaking, duplicateIou: 1 });
  for (const duplicateIou of DUPLICATE_IOUS) {
    // The package's own rule, on one answer for all limits.
    const { kept } = selectDetections(said.detections, { minScore: 0, duplicateIou });
    for (const [d, isRight] of judge(kept, objects, labels)) {
      add(`detections ${duplicateIou}`, fold, d.score, isRight);
      if (duplicateIou !== DEFAULT_IOU) continue;
      add('detections', fold, d.score, isRight);
      add('  by labelScore', fold, d.labelScore, isRight);
      add('  by boxScore', fold, d.boxScore, isRight);
    }
  }
}

async function askAboutScene(index) {
  const random = new Random(seed, index);
  const picture = scene(random);
  const { objects } = picture;
  const fold = index % 2;
  const labels = [...new Set(objects.map(labelOf))];
  const absent = Object.keys(COLORS)
    .flatMap((color) => SHAPES.map((shape) => `${color} ${shape}`))
    .filter((label) => !labels.includes(label));
  await detectIn(picture, [random.pick(labels)], fold);
  await detectIn(picture, [random.pick(objects).shape], fold);
  if (labels.length > 1) await detectIn(picture, labels, fold);
  if (index % 3 === 0) await detectIn(picture, [random.pick(absent)], fold);
  if (model.info.hasMaskCodec) {
    const label = random.pick(labels);
    const { segments } = await model.segment(picture, [label], speaking);
    const isRight = judge(segments, objects, [label]);
    for (const s of segments) {
      const full = s.mask.toFullSize();
      const best = Math.max(0, ...matching(objects, label).map((o) => maskIou(full, o.mask)));
      add('segments', fold, s.score, isRight.get(s) && best >= 0.5);
    }
  }
  for (const language of ['en', index % 2 ? 'es' : 'de']) {
    const { text, score } = await model.caption(picture, { ...speaking, language });
    add('captions', fold, score, text === caption(objects, language));
  }
  const asked = questions(random, picture).filter(([prompt]) => prompt.startsWith('answer en '));
  for (const [prompt, answer] of random.shuffled(asked).slice(0, 4)) {
    const said = await model.ask(picture, prompt.slice('answer en '.length), speaking);
    add('answers', fold, said.score, said.text === answer);
  }
}

async function askAboutText(index) {
  const picture = printedText(new Random(seed + 500, index));
  const { words } = await model.ocr(picture, speaking);
  const truth = picture.text.split(' ');
  words.forEach((word, i) => {
    add('words read', index % 2, word.score, word.text === truth[i]);
  });
}

const start = performance.now();
for (let i = 0; i < Number(flags.scenes); i++) await askAboutScene(i);
for (let i = 0; i < Number(flags.texts); i++) await askAboutText(i);
const seconds = (performance.now() - start) / 1000;
await model.dispose();

const isListed = ([kind]) => !/^detections \d/.test(kind);
const scored = [...records].filter(isListed).map(([kind, list]) => ({
  kind,
  count: list.length,
  right: list.filter((r) => r.isRight).length / list.length,
  meanScore: list.reduce((sum, r) => sum + r.score, 0) / list.length,
  auroc: auroc(list),
  calibrationError: calibrationError(list),
}));

/** The threshold is chosen on one half of the pictures and shown on the other. */
const ofFold = (kind, fold) => (records.get(kind) ?? []).filter((r) => r.fold === fold);
const threshold = bestThreshold(ofFold('detections', 0), totals[0]).minScore;
const selected = [0, threshold].flatMap((minScore) =>
  DUPLICATE_IOUS.map((iou) => ({
    name: `minScore ${minScore}, duplicateIou ${iou}`,
    ...f1At(ofFold(`detections ${iou}`, 1), totals[1], minScore),
  })),
);

if (!flags['no-charts']) {
  const charts = scored
    .filter(({ kind }) => !kind.startsWith(' '))
    .map(({ kind, count, auroc: area }) => ({
      title: kind,
      subtitle: `AUROC ${area?.toFixed(3) ?? 'n/a'}, ${count} results`,
      bins: reliability(records.get(kind)),
    }));
  await writeFile(path.join(flags.out, 'calibration.svg'), reliabilityDiagrams(charts));
  const points = THRESHOLDS.map((t) => f1At(ofFold('detections', 1), totals[1], t));
  const subtitle = `best F1 on other pictures: minScore ${threshold}`;
  const curves = thresholdCurves([{ title: 'detections', subtitle, points }]);
  await writeFile(path.join(flags.out, 'min-score.svg'), curves);
}

if (flags.json) {
  const head = { model: path.basename(file), seed, seconds, threshold };
  console.log(JSON.stringify({ ...head, scores: scored, selected }, null, 2));
} else {
  const print = (table) => {
    const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
    for (const row of table) {
      const cells = row.map((c, i) => (i === 0 ? c.padEnd(widths[i]) : c.padStart(widths[i])));
      console.log(cells.join('  '));
    }
  };
  const fixed = (v) => v?.toFixed(3) ?? 'n/a';
  console.log(
    `${path.basename(file)}, seed ${seed}: ${flags.scenes} scenes, ${flags.texts} texts, ${seconds.toFixed(0)} s\n`,
  );
  print([
    ['', 'n', 'right', 'mean score', 'calibration error', 'AUROC'],
    ...scored.map((s) => [
      s.kind,
      String(s.count),
      ...[s.right, s.meanScore, s.calibrationError, s.auroc].map(fixed),
    ]),
  ]);
  console.log('\nDetections on the half of the pictures that did not choose minScore:\n');
  print([
    ['', 'precision', 'recall', 'F1'],
    ...selected.map((s) => [s.name, ...[s.precision, s.recall, s.f1].map(fixed)]),
  ]);
}
