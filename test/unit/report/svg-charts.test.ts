import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { barChart } from '../../../src/report/bar-chart.js';
import { type Line, lineChart } from '../../../src/report/line-chart.js';
import { chartPage, escapeMarkup } from '../../../src/report/svg.js';
import { parseXml } from '../../../src/results/formats/xml.js';

const line = (name: string, tone: Line['tone'], ys: readonly number[]): Line => ({
  name,
  tone,
  points: ys.map((y, x) => ({ x, y })),
});
const LABELS = { title: 'T', subtitle: 'S', xLabel: 'X', yLabel: 'Y' };
const UNIT = { xTicks: [0, 1], xMax: 1, yMax: 1 };

/** Colours at `points` of a chart as a renderer shows it. */
async function pixels(svg: string, points: readonly (readonly [number, number])[]) {
  const { data, info } = await sharp(Buffer.from(svg)).raw().toBuffer({ resolveWithObject: true });
  return points.map(([x, y]) => [
    ...data.subarray((y * info.width + x) * info.channels).subarray(0, 3),
  ]);
}

describe('lineChart', () => {
  it('draws from 0, 0 at the bottom left to the ends of the axes at the top right', () => {
    const { parts } = lineChart({ ...LABELS, xTicks: [], lines: [line('a', 'a', [0, 10, 20])] });
    expect(parts).toContain('<polyline class="line a" points="46,272 156,162 266,52"/>');
  });

  it.each([
    [[0.034], '0.05', 40],
    [[7], '10', 40],
    [[12, 20], '20', 40],
    // Wider ones have more room.
    [[501], '1000', 43],
    [[0], '1', 40],
  ])('ends its y axis at the round number above %j', (ys, top, x) => {
    const { parts } = lineChart({ ...LABELS, xTicks: [], lines: [line('a', 'a', ys)] });
    const at = `x="${x}" y="56" text-anchor="end" class="small"`;
    expect(parts).toContain(`<text ${at}>${top}</text>`);
  });

  it('draws dots and intervals of those points that have one', () => {
    const points = [
      { x: 0, y: 0.5 },
      { x: 1, y: 0.5, low: 0.25, high: 0.75 },
    ];
    const lines = [{ name: 'a', tone: 'b', points, dots: true }] as const;
    const parts = lineChart({ ...LABELS, ...UNIT, lines, diagonal: true }).parts.join('');
    expect(parts.match(/<circle class="b dot"/g)).toHaveLength(2);
    expect(parts.match(/class="interval[^/]*/g)).toEqual(['class="interval b" d="M266 217V107"']);
    expect(parts).toContain('<path class="ideal" d="M46 272L266 52"/>');
  });

  it('names the lines when there are several', () => {
    const two = lineChart({
      ...LABELS,
      ...UNIT,
      lines: [line('one', 'a', [1]), line('two', 'b', [0])],
    });
    expect(two.parts.join('')).toMatch(/>one<.*>two</);
    const one = lineChart({ ...LABELS, ...UNIT, lines: [line('one', 'a', [1])] });
    expect(one.parts.join('')).not.toContain('one');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('refuses the coordinate %d', (y) => {
    expect(() => lineChart({ ...LABELS, xTicks: [], lines: [line('a', 'a', [y])] })).toThrow(
      `a coordinate is ${y}, expected a finite number of 0 or more`,
    );
  });

  it('shows axes alone without a line', () => {
    expect(lineChart({ ...LABELS, ...UNIT, lines: [] }).parts.join('')).not.toContain('polyline');
  });
});

describe('barChart', () => {
  const chart = { title: 'T', subtitle: 'S', xLabel: 'X', xMax: 1 };

  it('is as wide as its longest name needs and as high as its bars', () => {
    const short = barChart({ ...chart, bars: [{ name: 'a', value: 1 }] });
    const long = barChart({
      ...chart,
      bars: [
        { name: 'a', value: 1 },
        { name: '文字の正確さ', value: 0 },
      ],
    });
    expect(long.width).toBeGreaterThan(short.width + 50);
    expect(long.height).toBe(short.height + 22);
  });

  it('draws the bar to its value, the whisker over its interval and the stroke at the reference', async () => {
    const bars = [{ name: 'a', value: 0.5, low: 0.25, high: 0.75, reference: 0.9 }];
    const panel = barChart({ ...chart, bars });
    const left = panel.width - 18 - 220;
    const at = (part: number): number => left + Math.round(part * 220);
    const [bar, beyond, whisker, mark] = await pixels(chartPage('bars', [panel], 1), [
      [at(0.1), 60],
      [at(0.6), 60],
      [at(0.6), 63],
      [at(0.9), 60],
    ]);
    expect(bar?.[2]).toBeGreaterThan((bar?.[0] ?? 0) + 80); // blue
    expect(beyond).toEqual([255, 255, 255]);
    expect(Math.max(...(whisker ?? []))).toBeLessThan(120); // dark
    expect(mark?.[0]).toBeGreaterThan((mark?.[2] ?? 0) + 80); // orange
  });

  it('draws a range from its lowest to its highest value, with a dot for each', () => {
    const bars = [{ name: 'a', from: 0.25, value: 0.75, dots: [0.25, 0.5, 0.75] }];
    const { parts } = barChart({ ...chart, names: 'above', bars });
    expect(parts.find((part) => part.includes('bar"'))).toMatch(/ x="87" y="\d+" width="150" /);
    const dots = parts.flatMap((part) => /<circle .*cx="([\d.]+)"/.exec(part)?.[1] ?? []);
    expect(dots).toEqual(['87', '162', '237']);
  });

  it('names the bar whose value cannot be drawn', () => {
    expect(() => barChart({ ...chart, bars: [{ name: 'recall', value: Number.NaN }] })).toThrow(
      'recall is NaN, expected a finite number of 0 or more',
    );
  });
});

describe('chartPage', () => {
  it('puts panels into rows', () => {
    const panel = lineChart({ ...LABELS, ...UNIT, lines: [] });
    const page = chartPage('four', [panel, panel, panel, panel], 3);
    expect(page).toContain('viewBox="0 0 852 636"');
    expect(page.match(/translate\([^)]*\)/g)).toEqual([
      'translate(0 0)',
      'translate(284 0)',
      'translate(568 0)',
      'translate(0 318)',
    ]);
  });

  it('stays well-formed XML with any text in it', () => {
    const evil = '</text><script>"&\'\u0000\ud800\ufffe';
    const panels = [
      lineChart({
        title: evil,
        subtitle: evil,
        xLabel: evil,
        yLabel: evil,
        ...UNIT,
        lines: [line(evil, 'a', [1]), line(evil, 'b', [1])],
      }),
      barChart({ title: evil, subtitle: evil, xLabel: evil, bars: [{ name: evil, value: 1 }] }),
    ];
    const page = chartPage(evil, panels, 2);
    const texts: string[] = [];
    const collect = ({ name, text, children }: ReturnType<typeof parseXml>): void => {
      if (name === 'text') texts.push(text);
      children.forEach(collect);
    };
    collect(parseXml(page));
    const shown = '</text><script>"&\'\ufffd\ufffd\ufffd';
    expect(texts.filter((text) => text === shown)).toHaveLength(10);
    expect(page).not.toContain('<script');
    expect(escapeMarkup(evil)).toBe(
      '&#60;/text&#62;&#60;script&#62;&#34;&#38;&#39;\ufffd\ufffd\ufffd',
    );
  });
});
