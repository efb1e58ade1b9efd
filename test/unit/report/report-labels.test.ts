/** No text of a chart covers another, none leaves its panel, whatever the data are. */
import { describe, expect, it } from 'vitest';
import {
  candidates,
  crosses,
  isInside,
  overlap,
  placeLabels,
  type Rectangle,
  type Segment,
} from '../../../src/report/place-labels.js';
import { scatterChart } from '../../../src/report/scatter-chart.js';
import type { Panel } from '../../../src/report/svg.js';
import { shorten, textWidth } from '../../../src/report/text-width.js';
import { randomCharts, textBoxes } from '../../support/charts.js';
import { RandomNumbers } from '../../support/random.js';

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

it.each(['scatter', 'scatter with fitted axes'])(
  'names every point of a chart on no point and inside the panel: %s',
  (kind) => {
    for (let seed = 0; seed < 200; seed++) {
      const panel = (randomCharts(seed)[kind] as () => Panel)();
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
  },
);

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

it('puts a label on a whisker or line only where every free place is on one', () => {
  const frame = { x: 0, y: 0, width: 320, height: 260 };
  const random = new RandomNumbers(3);
  const counts = { on: 0, off: 0, blind: 0 };
  for (let set = 0; set < 200; set++) {
    const labels = Array.from({ length: 1 + random.below(25) }, () => ({
      ...{ x: random.below(320), y: random.below(260), width: 20 + random.below(130), height: 14 },
    }));
    const lines = labels.map(({ x, y }): Segment => [x, y - random.below(80), x, y + 20]);
    const points = labels.map(({ x, y }) => ({ x: x - 6, y: y - 6, width: 12, height: 12 }));
    const placed: Rectangle[] = [];
    const leaders: Segment[] = [];
    const isOn = (one: Rectangle): boolean => lines.some((line) => crosses(line, one));
    counts.blind += placeLabels(labels, frame).filter((one) => one && isOn(one)).length;
    placeLabels(labels, frame, [], lines).forEach((place, i) => {
      if (place === undefined) return;
      const better = candidates(labels[i] as (typeof labels)[number]).filter(
        (one) =>
          one.leader === undefined &&
          isInside(one, frame) &&
          [...points, ...placed].every((box) => !overlap(one, box)) &&
          !isOn(one),
      );
      counts[isOn(place) ? 'on' : 'off']++;
      const isInTheWay = (one: Rectangle): boolean => leaders.some((line) => crosses(line, one));
      if (isOn(place)) expect([set, better.filter((one) => !isInTheWay(one))]).toEqual([set, []]);
      if (place.leader !== undefined) leaders.push(place.leader);
      placed.push(place);
    });
  }
  // Fewer are on one than of labels that know of none.
  expect([counts.on > 0, counts.off > 0, counts.on < counts.blind]).toEqual([true, true, true]);
});

it('names too long lose their middle', () => {
  const name = 'paligemma2-3b-mix-448-q8_0.gguf';
  const short = shorten(name, 160, 'small', 'middle');
  expect(short).toMatch(/^paligemma.*….*q8_0\.gguf$/);
  expect(textWidth(short)).toBeLessThanOrEqual(160);
  expect(shorten(name, 1000, 'small', 'middle')).toBe(name);
});
