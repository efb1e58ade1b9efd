// Shows what the scores are worth on pictures the model has never seen: for each kind of result, do right ones score higher than wrong
// ones (AUROC), how often is what scores so right (reliability), and which minScore is best for detections. What detect's
// options do with these scores is detect-options.mjs.
// Usage: node bench/quality/calibration.mjs [--model FILE | --type f32|bf16|q8_0] [--scenes 1000] [--texts 500] [--seed N]
//   [--threads N] [--reference FOLDER] [--out docs] [--no-charts] [--json]
// Writes calibration.svg and min-score.svg to --out. Default: the shipped model. Detections are right with IoU 0.5 or more to an
// object of the label they were given, segments when box and mask both are, everything else when it is the very text.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PaliGemma } from '../../lib/index.js';
import {
  auroc,
  bestThreshold,
  calibrationError,
  f1At,
  reliability,
  THRESHOLDS,
} from './calibration-figures.mjs';
import { reliabilityDiagrams, thresholdCurves } from './charts.mjs';
import { judge, maskIou } from './figures.mjs';
import { DEMO_MODEL, trainedModel } from './models.mjs';
import {
  absentLabels,
  COLORS,
  caption,
  labelOf,
  matching,
  printedText,
  questions,
  Random,
  SEEDS,
  scene,
} from './scenes.mjs';
import { printTable } from './table.mjs';

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
const file =
  flags.model ?? (flags.type ? await trainedModel(flags.type, flags.reference) : DEMO_MODEL);
const model = await PaliGemma.load(file, { threads: Number(flags.threads), slots: 1 });
const speaking = { maxTokens: 128 };
/** Records { score, isRight, fold } by kind. fold 0 chooses thresholds, fold 1 shows them. */
const records = new Map();
/** Objects to find, per fold. */
const totals = [0, 0];

function add(kind, fold, score, isRight) {
  const list = records.get(kind) ?? [];
  records.set(kind, list);
  list.push({ score, isRight: Boolean(isRight), fold });
}

async function detectIn(picture, labels, fold) {
  const { objects } = picture;
  totals[fold] += labels.reduce((sum, label) => sum + matching(objects, label).length, 0);
  const { detections } = await model.detect(picture, labels, speaking);
  for (const { detection, iou } of judge(detections, objects, labels)) {
    const isRight = iou > 0;
    add('detections', fold, detection.score, isRight);
    add('  by labelScore', fold, detection.labelScore, isRight);
    add('  by boxScore', fold, detection.boxScore, isRight);
  }
}

async function askAboutScene(index) {
  const random = new Random(seed, index);
  const picture = scene(random);
  const { objects } = picture;
  const fold = index % 2;
  const labels = [...new Set(objects.map(labelOf))];
  await detectIn(picture, [random.pick(labels)], fold);
  await detectIn(picture, [random.pick(objects).shape], fold);
  if (labels.length > 1) await detectIn(picture, labels, fold);
  if (index % 3 === 0) await detectIn(picture, [random.pick(absentLabels(objects))], fold);
  if (model.info.hasMaskCodec) {
    const label = random.pick(labels);
    const { segments } = await model.segment(picture, [label], speaking);
    for (const { detection, iou } of judge(segments, objects, [label])) {
      const full = detection.mask.toFullSize();
      const best = Math.max(0, ...matching(objects, label).map((o) => maskIou(full, o.mask)));
      const isRight = iou > 0 && best >= 0.5;
      add('segments', fold, detection.score, isRight);
      add('  by maskScore', fold, detection.maskScore, isRight);
    }
  }
  for (const language of /** @type {const} */ (['en', index % 2 ? 'es' : 'de'])) {
    const { text, score, usage } = await model.caption(picture, { ...speaking, language });
    const isRight = text === caption(objects, language);
    add('captions', fold, score, isRight);
    // The mean over its tokens and its end, undone.
    add('  by both multiplied', fold, score ** (usage.completionTokens + 1), isRight);
  }
  const asked = questions(random, picture).filter(([prompt]) => prompt.startsWith('answer en '));
  for (const [prompt, answer] of random.shuffled(asked).slice(0, 4)) {
    const said = await model.ask(picture, prompt.slice('answer en '.length), speaking);
    add('answers', fold, said.score, said.text === answer);
  }
  const single = objects.filter((o) => objects.every((p) => p === o || p.shape !== o.shape));
  if (single.length > 0) {
    const { shape, color } = random.pick(single);
    const question = `what color is the ${shape}?`;
    const said = await model.classify(picture, Object.keys(COLORS), { question });
    add('classes', fold, said.score, said.label === color);
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

const scored = [...records].map(([kind, list]) => ({
  kind,
  count: list.length,
  right: list.filter((r) => r.isRight).length / list.length,
  meanScore: list.reduce((sum, r) => sum + r.score, 0) / list.length,
  auroc: auroc(list),
  calibrationError: calibrationError(list),
}));

/** The threshold is chosen on one half of the pictures and shown on the other. */
const ofFold = (fold) => records.get('detections').filter((r) => r.fold === fold);
const threshold = bestThreshold(ofFold(0), totals[0]).minScore;
const points = THRESHOLDS.map((t) => f1At(ofFold(1), totals[1], t));
const selected = points.filter((p, i) => p.minScore === threshold || i % 10 === 0);

if (!flags['no-charts']) {
  const charts = scored
    .filter(({ kind }) => !kind.startsWith(' '))
    .map(({ kind, count, auroc: area }) => ({
      title: kind,
      subtitle: `AUROC ${area?.toFixed(3) ?? 'n/a'}, ${count} results`,
      bins: reliability(records.get(kind)),
    }));
  await writeFile(path.join(flags.out, 'calibration.svg'), reliabilityDiagrams(charts));
  const subtitle = `best F1 on other pictures: minScore ${threshold}`;
  const curves = thresholdCurves([{ title: 'detections', subtitle, points }]);
  await writeFile(path.join(flags.out, 'min-score.svg'), curves);
}

if (flags.json) {
  const head = { model: path.basename(file), seed, seconds, threshold };
  console.log(JSON.stringify({ ...head, scores: scored, selected }, null, 2));
} else {
  const fixed = (v) => v?.toFixed(3) ?? 'n/a';
  console.log(
    `${path.basename(file)}, seed ${seed}: ${flags.scenes} scenes, ${flags.texts} texts, ${seconds.toFixed(0)} s\n`,
  );
  printTable([
    ['', 'n', 'right', 'mean score', 'calibration error', 'AUROC'],
    ...scored.map((s) => [
      s.kind,
      String(s.count),
      ...[s.right, s.meanScore, s.calibrationError, s.auroc].map(fixed),
    ]),
  ]);
  console.log('\nDetections on the half of the pictures that did not choose minScore:\n');
  printTable([
    ['minScore', 'precision', 'recall', 'F1'],
    ...selected.map((s) => [String(s.minScore), ...[s.precision, s.recall, s.f1].map(fixed)]),
  ]);
}
