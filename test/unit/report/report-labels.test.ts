/** No text of a chart covers another, none leaves its panel, whatever the data are. */
import { describe, expect, it } from 'vitest';
import { isInside, overlap } from '../../../src/report/place-labels.js';
import { scatterChart } from '../../../src/report/scatter-chart.js';
import type { Panel } from '../../../src/report/svg.js';
import { randomCharts, textBoxes } from '../../support/charts.js';

describe('charts of 200 random data sets', () => {
  const kinds = Object.keys(randomCharts(0));
  it.each(kinds)('%s', (kind) => {
    const faults: string[] = [];
    let texts = 0;
    for (let seed = 0; seed < 200; seed++) {
      const panel = (randomCharts(seed)[kind] as () => Panel)();
      const boxes = textBoxes(panel);
      const frame = { x: 0, y: 0, width: panel.width, height: panel.height };
      texts += boxes.length;
      boxes.forEach((box, i) => {
        if (!isInside(box, frame)) faults.push(`${seed}: "${box.text}" leaves the panel`);
        for (const other of boxes.slice(i + 1)) {
          if (overlap(box, other)) faults.push(`${seed}: "${box.text}" is on "${other.text}"`);
        }
      });
    }
    expect(faults.slice(0, 5)).toEqual([]);
    expect(texts).toBeGreaterThan(1000);
  });
});

it('names every point of a scatter chart, on no point and inside the panel', () => {
  for (let seed = 0; seed < 200; seed++) {
    const panel = (randomCharts(seed)['scatter'] as () => Panel)();
    const points = panel.parts.flatMap((part) => {
      const [, x, y] = /<circle .* cx="([\d.]+)" cy="([\d.]+)"/.exec(part) ?? [];
      return x === undefined ? [] : [{ x: Number(x) - 4, y: Number(y) - 4, width: 8, height: 8 }];
    });
    const labels = panel.parts.filter((part) => part.includes('class="strong label"'));
    expect(labels).toHaveLength(points.length);
    const names = textBoxes({ ...panel, parts: labels });
    const covered = names.filter((name) => points.some((point) => overlap(name, point)));
    expect([seed, covered]).toEqual([seed, []]);
  }
});

it('puts a name beside its point where there is room, and a line where there is not', () => {
  const chart = { title: 'T', subtitle: 'S', xLabel: 'X', yLabel: 'Y' };
  const alone = scatterChart({
    ...chart,
    points: [
      { name: 'one', x: 1, y: 1 },
      { name: 'two', x: 2, y: 2 },
    ],
  });
  expect(alone.parts.join('')).not.toContain('leader');
  const points = Array.from({ length: 30 }, (_, i) => ({ name: `point number ${i}`, x: 1, y: 1 }));
  const crowded = scatterChart({ ...chart, points });
  expect(crowded.parts.filter((part) => part.includes('leader')).length).toBeGreaterThan(15);
  expect(crowded.width).toBeGreaterThan(alone.width);
});
