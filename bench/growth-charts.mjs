// The charts of growth.mjs. How a chart looks is in src/report.
import { lineChart } from '../lib/report/line-chart.js';
import { chartPage } from '../lib/report/svg.js';

export function growthCharts({ cpu, cores, type, models }) {
  const [small] = models;
  const subtitle = `3b ${type}, ${cores} cores`;
  const line = (name, tone, rows, x, y) => ({
    name,
    tone,
    points: rows.map((row) => ({ x: x(row), y: y(row) })),
  });
  const size = (m) => m.size;
  const n = (row) => row.n;
  return chartPage(
    `Time and memory of ${subtitle}, ${cpu}`,
    [
      lineChart({
        title: 'Resolution',
        subtitle,
        xLabel: 'pixels per side',
        yLabel: 'seconds',
        xTicks: models.map(size),
        lines: [
          line('prefill', 'a', models, size, (m) => m.one.prefill),
          line('encode', 'b', models, size, (m) => m.one.encode),
        ],
      }),
      lineChart({
        title: 'Resolution',
        subtitle,
        xLabel: 'pixels per side',
        yLabel: 'peak memory, GB',
        xTicks: models.map(size),
        lines: [line('', 'c', models, size, (m) => m.peakMb / 1000)],
      }),
      lineChart({
        title: 'Prompt',
        subtitle: `${subtitle}, 224 pixels`,
        xLabel: 'tokens of the prompt',
        yLabel: 'prefill, seconds',
        xTicks: small.prompts.map(n).filter((v) => v >= 64),
        lines: [line('', 'a', small.prompts, n, (row) => row.prefill)],
      }),
      lineChart({
        title: 'Answer',
        subtitle: `${subtitle}, 224 pixels`,
        xLabel: 'tokens of the answer',
        yLabel: 'decode, seconds',
        xTicks: small.answers.map((row) => row.tokens).filter((v) => v >= 16),
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
      lineChart({
        title: 'Requests at once',
        subtitle: `${type}, 224 pixels, 32 tokens each`,
        xLabel: 'requests at once',
        yLabel: 'pictures per second',
        xTicks: small.atOnce.map(n),
        lines: [line('', 'a', small.atOnce, n, (row) => row.n / row.seconds)],
      }),
      lineChart({
        title: 'Requests at once',
        subtitle: `${type}, 224 pixels, 32 tokens each`,
        xLabel: 'requests at once',
        yLabel: 'peak memory, GB',
        xTicks: small.atOnce.map(n),
        lines: [line('', 'c', small.atOnce, n, (row) => row.peakMb / 1000)],
      }),
    ],
    3,
  );
}
