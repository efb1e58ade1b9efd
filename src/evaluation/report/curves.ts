/** What our scores are good for: answering only when sure, and the threshold with the best F1. */
import { setImmediate } from 'node:timers/promises';
import { charts, type Html, paragraph, section, table } from '../../report/html.js';
import { type Line, lineChart } from '../../report/line-chart.js';
import { partsOf } from '../judge.js';
import { OBJECTS_METRICS } from '../metrics/objects.js';
import { type EvaluatedRow, isAnswered } from '../rows.js';
import type { Losses } from './loss.js';
import { sideBySide } from './page.js';
import { figureText, percent, rowsText } from './shown-text.js';

const SHARES = [0, 0.25, 0.5, 0.75, 1];
const UNIT = {
  xTicks: SHARES,
  yTicks: SHARES,
  xGrid: true,
  xMax: 1,
  yMax: 1,
  legend: 'below',
} as const;
/** Points of a curve: more are not seen. */
const MOST_POINTS = 300;

export interface CoveragePoint {
  /** Answers of at least this score are taken. */
  readonly score: number;
  readonly rows: number;
  /** Of all rows with a score. */
  readonly coverage: number;
  /** Mean of what the rows are worth: 1 - loss, at least 0. */
  readonly accuracy: number;
}

/** With each score as threshold, the highest first. */
export function coverageCurve(
  rows: readonly { readonly score: number; readonly loss: number }[],
): CoveragePoint[] {
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const points: CoveragePoint[] = [];
  let sum = 0;
  for (const [i, { score, loss }] of sorted.entries()) {
    sum += Math.max(0, 1 - loss);
    if (sorted[i + 1]?.score === score) continue;
    const n = i + 1;
    points.push({ score, rows: n, coverage: n / sorted.length, accuracy: sum / n });
  }
  return points;
}

/** The accuracies that a reader may want, of which one is marked. */
const WANTED = [0.9, 0.95, 0.99];
const MARKED = 0.95;

/** Undefined where no row has a score, or none is answered. */
export function coverageSection(
  rows: readonly EvaluatedRow[],
  { title, better, loss }: Losses,
): Html | undefined {
  const scored = rows.flatMap((row) =>
    isAnswered(row) && row.score !== undefined && Number.isFinite(row.score)
      ? [{ score: row.score, loss: loss(row) }]
      : [],
  );
  const points = coverageCurve(scored);
  const last = points.at(-1);
  if (last === undefined) return undefined;
  const reach = (accuracy: number): CoveragePoint | undefined =>
    points.filter((point) => point.accuracy >= accuracy).at(-1);
  const best = points.reduce((a, b) => (b.accuracy >= a.accuracy ? b : a));
  const marked = reach(MARKED) ?? best;
  const chart = lineChart({
    ...UNIT,
    title: 'Coverage and accuracy',
    subtitle: 'answers of the highest scores first',
    ...{ xLabel: 'share of rows that are answered', yLabel: 'accuracy of these' },
    lines: [
      {
        name: 'accuracy',
        tone: 'a',
        isStepped: true,
        points: thin(points.map(({ coverage, accuracy }) => ({ x: coverage, y: accuracy }))),
      },
    ],
    marks: [
      { x: marked.coverage, y: marked.accuracy, tone: 'b', name: `score ${figure2(marked.score)}` },
    ],
  });
  const wanted = WANTED.map((accuracy) => {
    const point = reach(accuracy);
    return point === undefined
      ? [percent(accuracy), 'never', '', '']
      : [percent(accuracy), point.score.toFixed(4), percent(point.coverage), String(point.rows)];
  });
  return section(
    'Answering only when sure',
    [
      paragraph(
        `Accuracy is the mean of ${better === 'lower' ? '1 - ' : ''}${title}, row by row${better === 'lower' ? ' and at least 0' : ''}. ` +
          `Answering all ${rowsText(last.rows)} with a score has an accuracy of ${figureText(last.accuracy)}; ` +
          `answers with a score of at least ${figure2(marked.score)} have one of ${figureText(marked.accuracy)} and are ${percent(marked.coverage)} of the rows. ` +
          'The threshold is chosen on these rows, so others will do somewhat worse.',
      ),
      sideBySide(
        charts([chart], 'Accuracy against the share of rows that are answered, the surest first'),
        table(
          ['Accuracy of at least', 'Least score', 'Coverage', 'Rows'],
          wanted,
          'Thresholds for an accuracy',
        ),
      ),
    ],
    'sure',
  );
}

export interface ThresholdPoint {
  readonly score: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** F1 at an overlap of 0.5 with each score as the least that is taken, the highest first. */
export async function thresholdCurve(
  rows: readonly EvaluatedRow[],
  signal?: AbortSignal,
): Promise<ThresholdPoint[]> {
  const metric = OBJECTS_METRICS.find(({ id }) => id === 'f1@iou-0.5');
  if (metric === undefined || !('row' in metric)) throw new TypeError('there is no F1 of boxes');
  const changes: { readonly score: number; readonly right: number; readonly counted: number }[] =
    [];
  let there = 0;
  for (const [i, row] of rows.entries()) {
    // Elsewhere things happen meanwhile.
    if (i % 200 === 0) await setImmediate();
    signal?.throwIfAborted();
    const found = row.found ?? [];
    let [right, counted] = [0, 0];
    for (const score of new Set(found.map((one) => one.score).sort((a, b) => b - a))) {
      const [r = 0, c = 0] = partsOf(metric, {
        ...row,
        found: found.filter((one) => one.score >= score),
      });
      changes.push({ score, right: r - right, counted: c - counted });
      [right, counted] = [r, c];
    }
    there += partsOf(metric, { ...row, found: [] })[2] ?? 0;
  }
  changes.sort((a, b) => b.score - a.score);
  const points: ThresholdPoint[] = [];
  let [right, counted] = [0, 0];
  for (const [i, change] of changes.entries()) {
    right += change.right;
    counted += change.counted;
    if (changes[i + 1]?.score === change.score) continue;
    const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
    points.push({
      ...{ score: change.score, precision: share(right, counted), recall: share(right, there) },
      f1: share(2 * right, counted + there),
    });
  }
  return points;
}

const THRESHOLD = 'Which scores to take';
const NOTHING_RIGHT = 'Nothing that was found is right, so no score tells what to take.';

/** Undefined without rows of things, or where nothing was found that has a score. */
export async function thresholdSection(
  rows: readonly EvaluatedRow[],
  signal?: AbortSignal,
): Promise<Html | undefined> {
  const answered = rows.filter((row) => isAnswered(row) && row.objects !== undefined);
  // 1 is what is written for what has none.
  if (!answered.some(({ found = [] }) => found.some(({ score }) => score < 1))) return undefined;
  const points = await thresholdCurve(answered, signal);
  const all = points.at(-1);
  if (all === undefined) return undefined;
  const best = points.reduce((a, b) => (b.f1 > a.f1 ? b : a));
  if (best.f1 === 0) return section(THRESHOLD, [paragraph(NOTHING_RIGHT)], 'threshold');
  // What is taken changes just above a score: up to there the figures are those of the score.
  const rising = [...points].reverse();
  const steps = rising.map((point, i) => ({ x: rising[i - 1]?.score ?? 0, point }));
  steps.push({ x: (points[0] ?? all).score, point: points[0] ?? all });
  const line = (name: string, tone: Line['tone'], key: 'f1' | 'precision' | 'recall'): Line => ({
    ...{ name, tone },
    isStepped: true,
    points: thin(steps.map(({ x, point }) => ({ x, y: point[key] }))),
  });
  const chart = lineChart({
    ...UNIT,
    title: 'Threshold',
    subtitle: 'boxes that overlap by at least 0.5',
    ...{ xLabel: 'least score that is taken', yLabel: '' },
    lines: [
      line('F1', 'a', 'f1'),
      line('precision', 'b', 'precision'),
      line('recall', 'c', 'recall'),
    ],
    marks: [
      {
        x: best.score,
        y: best.f1,
        tone: 'a',
        name: `best at ${figure2(best.score)}`,
      },
    ],
  });
  const row = (name: string, point: ThresholdPoint): string[] => [
    ...[name, point.score.toFixed(4), figureText(point.f1)],
    ...[figureText(point.precision), figureText(point.recall)],
  ];
  return section(
    THRESHOLD,
    [
      paragraph(
        `F1 is highest, ${figureText(best.f1)}, when only what has a score of at least ${best.score.toFixed(4)} is taken; with all that was found it is ${figureText(all.f1)}. ` +
          'The threshold is chosen on these rows, so others will do somewhat worse.',
      ),
      sideBySide(
        charts([chart], 'F1, precision and recall against the least score that is taken'),
        table(
          ['', 'Least score', 'F1', 'Precision', 'Recall'],
          [row('Best F1', best), row('All that was found', all)],
          'Thresholds',
        ),
      ),
    ],
    'threshold',
  );
}

const figure2 = (value: number): string => value.toFixed(2);

function thin<T>(points: readonly T[]): T[] {
  if (points.length <= MOST_POINTS) return [...points];
  const step = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, i) => points[Math.round(i * step)] as T);
}
