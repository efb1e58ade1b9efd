// The charts of calibration.mjs. How a chart looks is in src/report; figures come from calibration-figures.mjs.
import { lineChart } from '../../lib/report/line-chart.js';
import { chartPage } from '../../lib/report/svg.js';

const SHARES = [0, 0.25, 0.5, 0.75, 1];
/** Axes from 0 to 1. */
const UNIT = { xTicks: SHARES, yTicks: SHARES, xGrid: true, xMax: 1, yMax: 1 };

/** Share of right ones against score. `charts`: { title, subtitle, bins } with bins of `reliability`. */
export function reliabilityDiagrams(charts) {
  const panels = charts.map(({ title, subtitle, bins }) => {
    const points = bins.map(({ score, right, low, high }) => ({ x: score, y: right, low, high }));
    const labels = { title, subtitle, xLabel: 'score', yLabel: 'share that is right' };
    return lineChart({
      ...{ ...UNIT, ...labels, diagonal: true },
      lines: [{ name: title, tone: 'a', points, dots: true }],
    });
  });
  return chartPage('How often results are right, by score', panels, 3);
}

/** Precision, recall and F1 against minScore. `charts`: { title, subtitle, points } with points of `f1At`. */
export function thresholdCurves(charts) {
  const panels = charts.map(({ title, subtitle, points }) => {
    const line = (name, tone, key) => ({
      name,
      tone,
      points: points.map((p) => ({ x: p.minScore, y: p[key] })),
    });
    const lines = [line('F1', 'a', 'f1'), line('precision', 'b', 'precision')];
    lines.push(line('recall', 'c', 'recall'));
    return lineChart({ ...UNIT, title, subtitle, xLabel: 'minScore', yLabel: '', lines });
  });
  return chartPage('Precision, recall and F1 by minScore', panels, 2);
}
