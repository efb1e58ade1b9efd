/** Charts of random data, hard ones among them, and where their texts are. */
import { barChart } from '../../src/report/bar-chart.js';
import { heatMap } from '../../src/report/heat-map.js';
import { lineChart } from '../../src/report/line-chart.js';
import type { Rectangle } from '../../src/report/place-labels.js';
import { scatterChart } from '../../src/report/scatter-chart.js';
import type { Panel } from '../../src/report/svg.js';
import { type TextKind, textWidth } from '../../src/report/text-width.js';
import { RandomNumbers } from './random.js';

const WORDS = [
  ...['a', 'GPT-4o', 'Tesseract 5.3.4', 'paligemma2-3b-mix-448-q8_0.gguf', 'WWWWWWWWWWWWWWWWWWWW'],
  ...[
    '文字の正確さと速さ',
    'Größenmaßstab',
    'Проверка номеров',
    'é̂́',
    '👩‍👩‍👧',
    'مرحبا',
    'W'.repeat(500),
  ],
  ...['read the serial number, return the number with no additional text', 'line\nbreak', '‮evil'],
];

function names(random: RandomNumbers, count: number): string[] {
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 1 + random.below(3) }, () => random.of(WORDS));
    return words.join(' ');
  });
}

/** 0 to about 1, all the same, or over many powers of ten. */
function values(random: RandomNumbers, count: number): number[] {
  const kind = random.below(4);
  return Array.from({ length: count }, () => {
    const share = random.below(1001) / 1000;
    if (kind === 0) return 0.5;
    if (kind === 1) return share * 10 ** (random.below(24) - 12);
    return kind === 2 ? share : random.below(2);
  });
}

/** One of each kind of chart, with 1 to 40 items. */
export function randomCharts(seed: number): Readonly<Record<string, () => Panel>> {
  const random = new RandomNumbers(seed * 7919 + 1);
  const count = 1 + random.below(40);
  const labels = {
    title: names(random, 1)[0] as string,
    subtitle: names(random, 1)[0] as string,
    xLabel: names(random, 1)[0] as string,
  };
  const yLabel = names(random, 1)[0] as string;
  const [ids, xs, ys] = [names(random, count), values(random, count), values(random, count)];
  const bars = ids.map((name, i) => {
    const value = ys[i] as number;
    return { name, value, low: value / 2, high: value * 1.5, note: String(value) };
  });
  const points = xs.map((x, i) => ({ x, y: ys[i] as number, name: ids[i] as string }));
  points.sort((a, b) => a.x - b.x);
  const whiskered = points.map((one) => ({ ...one, low: one.y / 2, high: one.y * 1.5 }));
  const lines = (['a', 'b', 'c'] as const).slice(0, 1 + random.below(3)).map((tone, i) => ({
    name: ids[i % count] as string,
    tone,
    points,
    isStepped: random.below(2) === 0,
  }));
  const size = 1 + random.below(12);
  const columns = names(random, size);
  const rows = names(random, size).map((name) => ({
    name,
    values: columns.map(() => random.below(3) * random.below(10 ** random.below(8))),
  }));
  const marks = points.slice(0, 1).map((point) => ({ ...point, tone: 'b' }) as const);
  const line = { ...labels, yLabel, lines, marks, xTicks: xs };
  return {
    bars: () => barChart({ ...labels, bars }),
    'bars with names above': () => barChart({ ...labels, bars, names: 'above' }),
    scatter: () =>
      scatterChart({ ...labels, yLabel, points: whiskered, xLog: random.below(2) === 0 }),
    'scatter with fitted axes': () =>
      scatterChart({ ...labels, yLabel, points: whiskered, fitted: true }),
    lines: () => lineChart(line),
    'lines with a legend below': () => lineChart({ ...line, legend: 'below' }),
    'heat map': () => heatMap({ ...labels, yLabel, columns, rows }),
  };
}

interface TextBox extends Rectangle {
  readonly text: string;
}

const TEXT =
  /^<text x="([\d.-]+)" y="([\d.-]+)" text-anchor="(\w+)" class="([\w ]+)"( transform="[^"]*")?>(?:<title>[^<]*<\/title>)?([^<]*)<\/text>$/;
/** Pixels above and below the base line, of letters without accents. */
const HEIGHTS = { small: [8.5, 2.5], title: [10, 3] } as const;

/** Where the texts of a panel are, by the widths that it was made with. */
export function textBoxes({ parts }: Panel): TextBox[] {
  return parts
    .filter((part) => part.startsWith('<text'))
    .map((part) => {
      const [, x, y, anchor, name, turned, content = ''] = TEXT.exec(part) ?? [];
      if (name === undefined) throw new Error(`not understood: ${part}`);
      const text = content.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
      const kind: TextKind = name === 'title' ? 'title' : 'small';
      const width = textWidth(text, kind);
      const [above, below] = HEIGHTS[kind];
      const from = { start: 0, middle: -width / 2, end: -width }[anchor as 'start'];
      if (turned === undefined) {
        return { text, x: Number(x) + from, y: Number(y) - above, width, height: above + below };
      }
      // From the bottom up: along the line is up, above it is left.
      return {
        ...{ text, x: Number(x) - above, y: Number(y) - from - width },
        ...{ width: above + below, height: width },
      };
    })
    .filter(({ text }) => text !== '');
}
