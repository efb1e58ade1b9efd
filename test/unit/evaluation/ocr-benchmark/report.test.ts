/** A benchmark as pages: figures, verdict, prices and charts are there, whatever the systems are called. */
import { expect, it } from 'vitest';
import { parsePrice } from '../../../../src/evaluation/ocr-benchmark/prices.js';
import { reportFiles } from '../../../../src/evaluation/ocr-benchmark/report.js';
import type { ReadingRow } from '../../../../src/evaluation/ocr-benchmark/rows.js';
import { summariseBenchmark } from '../../../../src/evaluation/ocr-benchmark/summary.js';

const rowsOf = (system: string, isRight: (i: number) => boolean, seconds: number): ReadingRow[] =>
  Array.from({ length: 20 }, (_, i) => ({
    ...{ id: `${system} ${i}`, system, version: '1.2', startSeconds: 0.5, isTuned: false },
    ...{
      threads: 2,
      crop: `c${i}`,
      picture: '0',
      group: `g${i}`,
      domain: i < 10 ? 'plates' : 'signs',
    },
    ...{ split: 'scored' as const, isTimed: true, pass: 1, truth: 'ABC' },
    ...(seconds > 0 ? { text: isRight(i) ? 'ABC' : '', seconds } : { error: {} }),
  }));

async function filesOf(
  rows: readonly ReadingRow[],
  prices: readonly string[] = [],
): Promise<Map<string, string>> {
  const summary = await summariseBenchmark(rows, {
    ...{ machine: 'a machine', loadAtStart: 0.25, threads: 2, repeats: 3 },
    ...{ profile: 'roboflow-2024', prices: prices.map(parsePrice) },
  });
  return new Map(reportFiles(summary));
}

const ROWS = [
  ...rowsOf('fast|<one>', (i) => i % 2 === 0, 0.1),
  ...rowsOf('right', () => true, 1),
  ...rowsOf('dead', () => true, 0),
];

it('says which is best, and which is not shown to differ', async () => {
  const files = await filesOf(ROWS);
  const report = files.get('report.md') ?? '';
  expect(report).toContain(
    'Of 20 crops in 2 domains, right reads most: 1 (0.839–1); all others are shown to be worse.',
  );
  expect(report).toContain('| fast\\|\\<one\\> | 1.2 | 2 | 0.5 | 0.1');
  expect(report).toContain('| dead | 0 (0–0.161) | none | none | no price | 20 of 20 |');
  expect(report).toContain('Read by no system, less than half right: none.');
  expect(report).toContain('a machine; load average 0.3 before the run');
  expect(report).toContain('No price was given');
  expect([...files.keys()]).toEqual([
    ...['accuracy.svg', 'speed-efficiency.svg', 'accuracy-against-seconds.svg'],
    ...['report.md', 'report.html'],
  ]);
});

it('has the charts in the page, with their values in words', async () => {
  const html = (await filesOf(ROWS)).get('report.html') ?? '';
  expect(html.match(/<img src="data:image\/svg\+xml;base64,/g)).toHaveLength(3);
  expect(html).toContain(
    'alt="Accuracy, mean of all crops: right 1, fast|&#60;one&#62; 0.5, dead 0"',
  );
  expect(html).toContain(
    'Accuracy against seconds: right 1 in 1 s, fast|&#60;one&#62; 0.5 in 0.1 s"',
  );
});

it('states the prices, and which are old', async () => {
  const today = new Date().toISOString().slice(0, 10);
  const prices = ['machine=0.40/h', 'fast|<one>=1,2/Mtok@2020-01-01', `right=0.002/call@${today}`];
  const files = await filesOf(ROWS, prices);
  const report = files.get('report.md') ?? '';
  expect(report).toContain('This machine costs 0.4 USD an hour');
  expect(report).toMatch(
    /1 USD a million tokens in, 2 USD out, on 2020-01-01, which is \d+ days ago/,
  );
  expect(report).toContain(`right: 0.002 USD a call, on ${today}.`);
  expect(files.has('cost-efficiency.svg')).toBe(true);
});
