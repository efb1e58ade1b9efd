/** A benchmark as pages: figures, verdict, prices and charts are there, whatever the systems are called. */
import { describe, expect, it } from 'vitest';
import { failuresText } from '../../../../src/evaluation/ocr-benchmark/failures.js';
import { parsePrice } from '../../../../src/evaluation/ocr-benchmark/prices.js';
import { reportFiles } from '../../../../src/evaluation/ocr-benchmark/report.js';
import type { ReadingRow } from '../../../../src/evaluation/ocr-benchmark/rows.js';
import {
  type SystemFigures,
  summariseBenchmark,
} from '../../../../src/evaluation/ocr-benchmark/summary.js';

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

const OPTIONS = {
  ...{ machine: 'a machine', loadAtStart: 0.25, threads: 2, repeats: 3, prices: [] },
  profile: 'roboflow-2024',
} as const;

async function filesOf(
  rows: readonly ReadingRow[],
  prices: readonly string[] = [],
): Promise<Map<string, string>> {
  const stated = { prices: prices.map(parsePrice) };
  const summary = await summariseBenchmark(rows, { ...OPTIONS, ...stated });
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
    'Of 20 crops in 2 domains, right reads most: 1 (0.839–1); all others are shown to be worse.\n',
  );
  expect(report).toContain('| fast\\|\\<one\\> | 1.2 | 2 | 1 | 0.5 | 0.1');
  expect(report).toContain('| dead | no reason given | 20 |');
  expect(report).toContain('| dead | 0 (0–0.161) | none | none | 20 of 20 |');
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
  expect(html.match(/<svg [^>]*class="chart"/g)).toHaveLength(3);
  expect(html).toContain(
    'aria-label="Accuracy, mean of all crops: right 1, fast|&#60;one&#62; 0.5, dead 0"',
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

it('has names of systems as text, in tables and in what is read aloud for charts', async () => {
  const odd = '[x](y) `a`_b_\u001b[2J';
  const report =
    (await filesOf(ROWS.map((one) => ({ ...one, system: odd })))).get('report.md') ?? '';
  const shown = '\\[x\\](y) \\`a\\`\\_b\\_\\\\u001b\\[2J';
  expect(report).toContain(`| ${shown} |`);
  expect(report).toMatch(/!\[Accuracy, .*\]\(accuracy\.svg\)/);
  expect(report.split('\n').find((line) => line.startsWith('![Accuracy,'))).toContain(shown);
  expect(report).not.toContain('\u001b');
});

it('says what a cent is paid for wherever costs are shown', async () => {
  const today = new Date().toISOString().slice(0, 10);
  const prices = ['machine=0.40/h', `right=0.002/call@${today}`];
  const files = await filesOf(ROWS, prices);
  const line = `prices: this machine 0.4 USD an hour; right 0.002 USD a call (${today})`;
  for (const name of ['report.md', 'report.html']) {
    const text = files.get(name) ?? '';
    const captions = text.match(name === 'report.md' ? /^.*:$/gm : /<caption>.*/g) ?? [];
    const costs = captions.filter((caption) => /cent/.test(caption));
    expect(costs).toHaveLength(2);
    for (const caption of costs) expect(caption.replaceAll('\\', '')).toContain(line);
  }
  const chart = files.get('cost-efficiency.svg') ?? '';
  const words = [...chart.matchAll(/<text[^>]*>([^<]*)/g)].map(([, text]) => text).join(' ');
  expect(words).toContain(`${line}; strokes are intervals of 95 %`);
  expect(chart).toContain(`aria-label="Cost efficiency (${line}), accuracy per cent`);
  const own = await filesOf(ROWS.map((row) => (row.text === undefined ? row : { ...row, usd: 1 })));
  expect(own.get('report.md')).toContain(
    'price: what they state themselves: fast\\|\\<one\\>, right',
  );
});

describe('the verdict', () => {
  const verdict = async (rows: readonly ReadingRow[]): Promise<string> => {
    const report = (await filesOf(rows)).get('report.md') ?? '';
    return report.split('\n')[4] ?? '';
  };
  const one = (rows: readonly ReadingRow[]): ReadingRow[] =>
    rows.map((row) => ({ ...row, domain: 'plates' }));

  it.each<[string, readonly ReadingRow[], string]>([
    [
      'one system',
      one(rowsOf('x', (i) => i % 2 === 0, 1)),
      'x reads 0.5 (0.299–0.701) of 20 crops in 1 domain. No other system was asked, so it is compared with none.',
    ],
    [
      'one that always fails',
      one(rowsOf('x', () => true, 0)),
      'x has read nothing of 20 crops in 1 domain: every reading failed.',
    ],
    [
      'one that answers nothing right',
      rowsOf('x', () => false, 1).slice(0, 1),
      'x has read nothing of 1 crop in 1 domain: no answer has a character right.',
    ],
    [
      'several that always fail',
      [...rowsOf('x', () => true, 0), ...rowsOf('y', () => true, 0)],
      'None of 2 systems has read anything of 20 crops in 2 domains: every reading failed.',
    ],
    [
      'two',
      [...rowsOf('x', () => true, 1), ...rowsOf('y', () => false, 1)],
      'Of 20 crops in 2 domains, x reads most: 1 (0.839–1); the other one is shown to be worse.',
    ],
    [
      'one worse, one not, one with other crops',
      [
        ...rowsOf('x', () => true, 1),
        ...rowsOf('y', () => false, 1),
        ...rowsOf('z', (i) => i > 0, 1),
        ...rowsOf('w', () => false, 1).slice(1),
      ],
      'Of 20 crops in 2 domains, x reads most: 1 (0.839–1); 1 of the others is shown to be worse; not shown to differ from it: z; not compared, as they read other crops: w.',
    ],
  ])('of %s', async (_, rows, words) => {
    expect(await verdict(rows)).toBe(words);
  });
});

it('names the five most frequent reasons of failures', async () => {
  const failed = Array.from({ length: 7 }, (_, reason) =>
    Array.from({ length: 7 - reason }, (__, i): ReadingRow => {
      const crop = `c${reason}-${i}`;
      const message = `reader: fault ${'abcdefg'[reason]} of ${crop} in /tmp/run/crops/${i}.png`;
      const [row] = rowsOf('reader', () => true, 0) as [ReadingRow];
      return { ...row, id: crop, crop, error: { code: 'ERR_SYSTEM', message } };
    }),
  ).flat();
  const summary = await summariseBenchmark(failed, OPTIONS);
  const [system] = summary.systems as [SystemFigures];
  expect(system.failures.map(({ count }) => count)).toEqual([7, 6, 5, 4, 3]);
  const files = new Map(reportFiles(summary));
  expect(files.get('report.md')).toContain('| reader | reader: fault a of … in … | 7 |');
  expect(files.get('report.html')).toContain('<td>reader: fault e of … in …</td>');
  expect(files.get('report.html')).not.toContain('fault f');
  expect(failuresText(28, 28, system.failures)).toMatch(
    /^28 of 28 readings failed: reader: fault a of … in … \(7\); .*; other reasons \(3\)$/,
  );
});

it('says of page modes and passes what holds', async () => {
  const plain = (await filesOf(ROWS)).get('report.md') ?? '';
  expect(plain).toContain('No system here had page modes to choose.');
  expect(plain).toContain('of 20 crops, each read once.');
  const tuned = rowsOf('a (tuned)', () => true, 1).map((row) => ({ ...row, mode: '7' }));
  const kept = { ...(tuned[0] as ReadingRow), id: 'k', crop: 'k', split: 'tuning' as const };
  const files = [await filesOf(tuned), await filesOf([...tuned, kept])];
  const [none, some] = files.map((one) => one.get('report.md') ?? '');
  expect(none).toContain('There was no crop to choose page modes on');
  expect(some).toContain('Page modes are chosen for each domain on 1 crop that is never scored;');
  const again = { ...(tuned[0] as ReadingRow), id: 'p', pass: 2 };
  const report = (await filesOf([...rowsOf('b', () => true, 1), ...tuned, again])).get('report.md');
  expect(report).toContain(
    'each the median of its readings: 1 by b, 2 by a (tuned).'.replaceAll('_', '\\_'),
  );
});

it('puts five systems beside each other at most', async () => {
  const rows = Array.from({ length: 11 }, (_, i) => rowsOf(`s${i}`, () => true, 1)).flat();
  const report = (await filesOf(rows)).get('report.md') ?? '';
  const heads = report.split('\n').filter((line) => line.startsWith('| Domain |'));
  expect(heads.map((line) => line.split('|').length - 3)).toEqual([4, 3, 4]);
});
