// Shows what `presence` is worth on pictures the model has never seen: asks detect and segment for one label that is in the picture, for one
// that is not, and for all that are in it at once. Prints what the likeliest token alone finds (constrained: false, the reference's
// greedy answer), what each minPresence finds, how well presence tells the two kinds of label apart (AUROC) and whether it means what
// it says (reliability), and which threshold has the best F1 on other pictures.
// Usage: node bench/quality/presence.mjs [--model FILE | --type f32|bf16|q8_0] [--scenes 250] [--seed N] [--threads N]
//   [--reference FOLDER] [--json]
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { PaliGemma } from '../../lib/index.js';
// For thresholds that are tried on one answer; detect does it itself.
import { selectDetections } from '../../lib/tasks/boxes.js';
import { auroc, calibrationError, reliability } from './calibration-figures.mjs';
import { matchBoxes } from './figures.mjs';
import { DEMO_MODEL, trainedModel } from './models.mjs';
import { absentLabels, labelOf, matching, Random, SEEDS, scene } from './scenes.mjs';
import { printTable } from './table.mjs';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    type: { type: 'string' },
    scenes: { type: 'string', default: '250' },
    seed: { type: 'string', default: String(SEEDS.presence) },
    threads: { type: 'string', default: '0' },
    reference: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const file =
  flags.model ?? (flags.type ? await trainedModel(flags.type, flags.reference) : DEMO_MODEL);
const model = await PaliGemma.load(file, { threads: Number(flags.threads), slots: 1 });

/** What is asked for at least, so that every higher threshold can be read off the same answer. */
const LEAST = 0.1;
const THRESHOLDS = [0.1, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99];
/** minScore beside the default minPresence. */
const SCORES = [0.2, 0.4, 0.6, 0.75];
const DEFAULT = 0.8;
/** segment has one instance for a label, and the model file may lack what draws masks. */
const TASKS = model.info.hasMaskCodec ? ['detect', 'segment'] : ['detect'];
const KINDS = ['present', 'absent', 'several'];

async function askAll(seed, scenes) {
  const asked = [];
  for (let index = 0; index < scenes; index++) {
    const random = new Random(seed, index);
    const picture = scene(random);
    const prepared = await model.prepare(picture);
    const labels = [...new Set(picture.objects.map(labelOf))];
    const questions = {
      present: [random.pick(labels)],
      absent: [random.pick(absentLabels(picture.objects))],
      several: labels,
    };
    for (const task of TASKS) {
      for (const kind of KINDS) {
        if (task === 'segment' && kind === 'several') continue;
        const wanted = questions[kind];
        const ask = async (options) => {
          const result = await model[task](prepared, wanted, {
            ...{ maxTokens: 128, duplicateIou: 1 },
            ...options,
          });
          return { ...result, found: result.detections ?? result.segments };
        };
        const result = await ask({ minPresence: LEAST });
        asked.push({
          ...{ task, kind, labels: wanted },
          truth: wanted.map((label) => matching(picture.objects, label).map((o) => o.box)),
          greedy: (await ask({ constrained: false })).found,
          found: result.found,
          presence: result.presence[0]?.presence ?? 0,
        });
      }
    }
  }
  return asked;
}

/** What detect returns for these options: boxes end at the first whose presence is too low. */
function kept(found, minPresence, minScore = 0) {
  const end = found.findIndex((one) => one.presence < minPresence);
  const said = end < 0 ? found : found.slice(0, end);
  return selectDetections(said, { minScore, duplicateIou: 0.7, extra: false }).kept;
}

/** Boxes found, right ones, true ones, and the part of the questions that were answered by a box. */
function count(questions, choose) {
  const sum = { found: 0, right: 0, true: 0, answered: 0 };
  for (const question of questions) {
    const boxes = choose(question);
    sum.found += boxes.length;
    sum.answered += Number(boxes.length > 0);
    question.labels.forEach((label, i) => {
      const own = boxes.filter((one) => one.label === label).map((one) => one.box);
      sum.true += question.truth[i].length;
      sum.right += matchBoxes(own, question.truth[i]).used.size;
    });
  }
  return { ...sum, answered: sum.answered / questions.length };
}

/** One line of the table: recall and precision where the label is there, boxes where it is not, F1 over both. */
function figures(asked, task, choose) {
  const of = (kind) => asked.filter((q) => q.task === task && q.kind === kind);
  const [present, absent] = [count(of('present'), choose), count(of('absent'), choose)];
  const several = of('several').length > 0 ? count(of('several'), choose) : undefined;
  return {
    recall: present.right / present.true,
    precision: present.right / Math.max(1, present.found),
    absent: absent.answered,
    f1: (2 * present.right) / (present.found + absent.found + present.true),
    severalRecall: several && several.right / several.true,
    severalPrecision: several && several.right / Math.max(1, several.found),
  };
}

const start = performance.now();
const scenes = Number(flags.scenes);
const chosenOn = await askAll(SEEDS.options, scenes);
const asked = await askAll(Number(flags.seed), scenes);
const seconds = (performance.now() - start) / 1000;
await model.dispose();

const best = THRESHOLDS.map((t) => ({
  t,
  f1: figures(chosenOn, 'detect', ({ found }) => kept(found, t)).f1,
})).reduce((a, b) => (b.f1 > a.f1 ? b : a));

const rows = TASKS.flatMap((task) => [
  { task, name: 'likeliest token', ...figures(asked, task, ({ greedy }) => kept(greedy, 0)) },
  ...THRESHOLDS.map((t) => ({
    task,
    name: `minPresence ${t}`,
    ...figures(asked, task, ({ found }) => kept(found, t)),
  })),
  ...SCORES.map((minScore) => ({
    task,
    name: `${DEFAULT}, minScore ${minScore}`,
    ...figures(asked, task, ({ found }) => kept(found, DEFAULT, minScore)),
  })),
]);

const presence = TASKS.map((task) => {
  const records = asked
    .filter((q) => q.task === task && q.kind !== 'several')
    .map((q) => ({ score: q.presence, isRight: q.kind === 'present' }));
  const bins = reliability(records, 8);
  return { task, auroc: auroc(records), calibrationError: calibrationError(records), bins };
});

if (flags.json) {
  const head = { model: path.basename(file), seed: Number(flags.seed), scenes, seconds };
  console.log(JSON.stringify({ ...head, best, rows, presence }, null, 2));
} else {
  const percent = (v) => (v === undefined ? '' : (v * 100).toFixed(1));
  console.log(
    `${path.basename(file)}, seed ${flags.seed}: ${scenes} scenes, each asked for one label that is there, one that is not, and all that are; ${seconds.toFixed(0)} s`,
  );
  for (const task of TASKS) {
    console.log('');
    printTable([
      [`${task}, per cent`, 'recall', 'precision', 'boxes on absent', 'F1 of both'].concat(
        task === 'detect' ? ['recall, several', 'precision, several'] : [],
      ),
      ...rows
        .filter((r) => r.task === task)
        .map((r) =>
          [r.name, ...[r.recall, r.precision, r.absent, r.f1].map(percent)].concat(
            task === 'detect' ? [r.severalRecall, r.severalPrecision].map(percent) : [],
          ),
        ),
    ]);
  }
  console.log(
    `\nBest F1 on ${scenes} other scenes (seed ${SEEDS.options}): minPresence ${best.t}, ${percent(best.f1)}.`,
  );
  for (const { task, auroc: area, calibrationError: error, bins } of presence) {
    console.log(
      `\nPresence of ${task}: AUROC ${area?.toFixed(3)}, calibration error ${error.toFixed(3)}`,
    );
    printTable([
      ['mean presence', 'label is there, per cent', '95 %', 'n'],
      ...bins.map((b) => [
        b.score.toFixed(3),
        percent(b.right),
        `${percent(b.low)} to ${percent(b.high)}`,
        String(b.count),
      ]),
    ]);
  }
}
