// The charts of growth.mjs. How a page looks is in quality/charts.mjs.
import { MARGIN, PANEL, page, SIDE, text } from './quality/charts.mjs';

/** A round number of at least `most`: 1, 2 or 5 times a power of ten. */
function roundUp(most) {
  const unit = 10 ** Math.floor(Math.log10(most));
  return unit * ([1, 2, 5, 10].find((step) => step * unit >= most) ?? 10);
}

const shown = (value) => String(Number(value.toPrecision(3)));

/** Lines over x, both axes from 0. `lines`: { name, kind, points: [x, y][] }. */
function chart({ title, subtitle, xLabel, yLabel, lines, ticks }) {
  const all = lines.flatMap(({ points }) => points);
  const [right, top] = [
    Math.max(...all.map(([x]) => x)),
    roundUp(Math.max(...all.map(([, y]) => y))),
  ];
  const px = (x) => Number((MARGIN.left + (x / right) * SIDE).toFixed(1));
  const py = (y) => Number((MARGIN.top + (1 - y / top) * SIDE).toFixed(1));
  const parts = [
    text(MARGIN.left, 20, title, { kind: 'title' }),
    text(MARGIN.left, 38, subtitle),
    text(MARGIN.left + SIDE / 2, PANEL.height - 10, xLabel, { anchor: 'middle' }),
    text(13, MARGIN.top + SIDE / 2, yLabel, { anchor: 'middle', turn: true }),
  ];
  for (const part of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    parts.push(`<path class="grid" d="M${px(0)} ${py(part * top)}H${px(right)}"/>`);
    parts.push(text(px(0) - 6, py(part * top) + 4, shown(part * top), { anchor: 'end' }));
  }
  for (const x of ticks) parts.push(text(px(x), py(0) + 16, shown(x), { anchor: 'middle' }));
  parts.push(`<rect class="frame" x="${px(0)}" y="${py(top)}" width="${SIDE}" height="${SIDE}"/>`);
  lines.forEach(({ name, kind, points }, i) => {
    const path = points.map(([x, y]) => `${px(x)},${py(y)}`).join(' ');
    parts.push(`<polyline class="line ${kind}" points="${path}"/>`);
    if (lines.length === 1) return;
    const y = MARGIN.top + 16 + i * 16;
    parts.push(`<path class="line ${kind}" d="M${MARGIN.left + 10} ${y - 4}h18"/>`);
    parts.push(text(MARGIN.left + 34, y, name));
  });
  return parts;
}

export function growthCharts({ cpu, cores, type, models }) {
  const [small] = models;
  const subtitle = `3b ${type}, ${cores} cores`;
  const line = (name, kind, rows, x, y) => ({
    name,
    kind,
    points: rows.map((row) => [x(row), y(row)]),
  });
  const size = (m) => m.size;
  const n = (row) => row.n;
  return page(
    `Time and memory of ${subtitle}, ${cpu}`,
    [
      chart({
        title: 'Resolution',
        subtitle,
        xLabel: 'pixels per side',
        yLabel: 'seconds',
        ticks: models.map(size),
        lines: [
          line('prefill', 'a', models, size, (m) => m.one.prefill),
          line('encode', 'b', models, size, (m) => m.one.encode),
        ],
      }),
      chart({
        title: 'Resolution',
        subtitle,
        xLabel: 'pixels per side',
        yLabel: 'peak memory, GB',
        ticks: models.map(size),
        lines: [line('', 'c', models, size, (m) => m.peakMb / 1000)],
      }),
      chart({
        title: 'Prompt',
        subtitle: `${subtitle}, 224 pixels`,
        xLabel: 'tokens of the prompt',
        yLabel: 'prefill, seconds',
        ticks: small.prompts.map(n).filter((v) => v >= 64),
        lines: [line('', 'a', small.prompts, n, (row) => row.prefill)],
      }),
      chart({
        title: 'Answer',
        subtitle: `${subtitle}, 224 pixels`,
        xLabel: 'tokens of the answer',
        yLabel: 'decode, seconds',
        ticks: small.answers.map((row) => row.tokens).filter((v) => v >= 16),
        lines: [
          line(
            '',
            'a',
            small.answers,
            (row) => row.tokens,
            (row) => row.decode,
          ),
        ],
      }),
      chart({
        title: 'Requests at once',
        subtitle: `${type}, 224 pixels, 32 tokens each`,
        xLabel: 'requests at once',
        yLabel: 'pictures per second',
        ticks: small.atOnce.map(n),
        lines: [line('', 'a', small.atOnce, n, (row) => row.n / row.seconds)],
      }),
      chart({
        title: 'Requests at once',
        subtitle: `${type}, 224 pixels, 32 tokens each`,
        xLabel: 'requests at once',
        yLabel: 'peak memory, GB',
        ticks: small.atOnce.map(n),
        lines: [line('', 'c', small.atOnce, n, (row) => row.peakMb / 1000)],
      }),
    ],
    3,
  );
}
