/** Figures of rows in any order, and limits as they are written. */
import { describe, expect, it } from 'vitest';
import { missedText, parseLimit, type Verdict } from '../../../src/evaluation/limits.js';
import { METRICS, TEXT_METRICS } from '../../../src/evaluation/metrics/registry.js';
import type { EvaluatedRow } from '../../../src/evaluation/rows.js';
import { summarise } from '../../../src/evaluation/summary.js';
import { RandomNumbers } from '../../support/random.js';

const metrics = TEXT_METRICS.filter(({ id }) =>
  ['cer@jiwer', 'cer@mean', 'exact@strict'].includes(id),
);

const rows = (answers: readonly (string | undefined)[]): EvaluatedRow[] =>
  answers.map((answer, index) => ({
    ...{ id: `rows.jsonl:${index + 1}`, index, image: 'a.png', truths: ['abcdefghij'] },
    ...(answer === undefined ? { error: { code: 'ERR_X' } } : { answer }),
  }));

describe('a summary', () => {
  it('has the figure of all characters and that of rows, without rows that failed', async () => {
    const { figures, ...counts } = await summarise(
      rows(['abcdefghij', 'abcdefghi', undefined]),
      metrics,
      [],
    );
    expect(counts).toEqual({
      ...{ rows: 3, failed: 1, coverage: 2 / 3, limits: [], notes: [] },
      reasons: [expect.objectContaining({ rows: 1 })],
    });
    expect(figures.map(({ id, figure }) => [id, figure])).toEqual([
      ['cer@jiwer', 1 / 20],
      ['cer@mean', 1 / 20],
      ['exact@strict', 1 / 2],
    ]);
  });

  it('is the same to the bit whatever order the rows were written in', async () => {
    const random = new RandomNumbers(3);
    const all = rows(Array.from({ length: 500 }, () => 'abcdefghij'.slice(random.below(10))));
    const shuffled = all.map((row) => ({ row, key: random.below(1e9) }));
    shuffled.sort((a, b) => a.key - b.key);
    const limits = [parseLimit('cer@mean<=0.5', metrics)];
    const again = await summarise(
      shuffled.map(({ row }) => row),
      metrics,
      limits,
    );
    expect(JSON.stringify(again)).toBe(JSON.stringify(await summarise(all, metrics, limits)));
  });

  it('counts a row that one of several phrasings has no answer to', async () => {
    const limits = [parseLimit('exact>=0', metrics)];
    const all = ['one', 'two'].flatMap((phrasing) =>
      rows(['abcdefghij', phrasing === 'one' ? 'a' : undefined, 'b']).map((row) => ({
        ...row,
        phrasing,
      })),
    );
    const {
      rows: count,
      failed,
      coverage,
      limits: verdicts,
    } = await summarise(all, metrics, limits);
    expect([count, failed, coverage]).toEqual([3, 1, 2 / 3]);
    expect(verdicts).toMatchObject([{ failed: 1, isMet: false }]);
  });

  it('counts what a run that was cut off lacks as not answered, and says so', async () => {
    const limits = [parseLimit('exact>=0', metrics)];
    const cut = rows(['abcdefghij', 'a']);
    const summary = await summarise(cut, metrics, limits, { expected: 5 });
    expect(summary).toMatchObject({ rows: 5, failed: 3, coverage: 2 / 5 });
    expect(summary.limits).toMatchObject([{ isMet: false }]);
    expect(summary.notes).toEqual([expect.stringContaining('3 rows have not been asked about')]);
    // Of the last row, the second phrasing.
    const [first, second] = cut.map((row) => ({ ...row, phrasing: 'one' }));
    const pairs = [first, second, { ...first, phrasing: 'two' }] as EvaluatedRow[];
    const partly = await summarise(pairs, metrics, limits, { expected: 2 });
    expect(partly).toMatchObject({ rows: 2, failed: 1, limits: [{ isMet: false }] });
  });

  it('without rows has no figures, and meets no limit', async () => {
    const limits = [parseLimit('exact>=0', metrics)];
    for (const none of [[], rows([undefined])]) {
      const { coverage, figures, limits: verdicts } = await summarise(none, metrics, limits);
      expect([coverage, figures.map(({ figure }) => figure)]).toEqual([0, [null, null, null]]);
      expect(verdicts).toEqual([{ limit: 'exact>=0', figure: null, isMet: false }]);
    }
  });
});

it('intervals count pictures, not rows, and a share has an exact one', async () => {
  const answers = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 'wrong' : 'abcdefghij'));
  const single = rows(answers).map((row) => ({ ...row, image: `${row.index}.png` }));
  const grouped = single.map((row) => ({ ...row, image: `${Math.floor(row.index / 8)}.png` }));
  const [alone, together] = await Promise.all(
    [single, grouped].map(async (all) => {
      const { figures } = await summarise(all, metrics, []);
      return new Map(figures.map((figure) => [figure.id, figure]));
    }),
  );
  // 30 of 40, by Wilson's formula.
  const share = alone?.get('exact@strict');
  expect(share).toMatchObject({ figure: 0.75, method: 'wilson' });
  expect([share?.low, share?.high].map((one) => Number(one).toFixed(4))).toEqual([
    '0.5981',
    '0.8581',
  ]);
  // Every picture has six right answers of eight: there is no spread among pictures.
  expect(together?.get('cer@jiwer')).toMatchObject({ reason: 'no-spread' });
  expect(alone?.get('cer@jiwer')).toMatchObject({ method: 'bca' });
});

it('an interval meets a limit with both of its ends', async () => {
  const answers = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 'wrong' : 'abcdefghij'));
  const single = rows(answers).map((row) => ({ ...row, image: `${row.index}.png` }));
  const limits = ['exact>=0.7', 'exact>=0.59'].map((text) => parseLimit(text, metrics));
  const verdicts = async (failOn: 'figure' | 'interval') =>
    (await summarise(single, metrics, limits, { failOn })).limits.map(({ isMet }) => isMet);
  expect(await verdicts('figure')).toEqual([true, true]);
  expect(await verdicts('interval')).toEqual([false, true]);
  const [missed] = (await summarise(single, metrics, limits, { failOn: 'interval' })).limits;
  expect(missed?.missedBy).toBeCloseTo(0.5981, 4);
});

it('a limit that an interval is to meet says why there is none', async () => {
  const perfect = rows(Array.from({ length: 40 }, () => 'abcdefghij')).map((row) => ({
    ...{ ...row, image: `${row.index}.png` },
  }));
  const limit = parseLimit('cer@jiwer<=0.1', metrics);
  const { limits } = await summarise(perfect, metrics, [limit], { failOn: 'interval' });
  const [verdict] = limits as [Verdict];
  expect(verdict).toMatchObject({ figure: 0, isMet: false, noInterval: 'no-spread' });
  expect(missedText(verdict, String)).toBe(
    '0, without an interval: all draws have the same figure, so nothing shows how much others differ',
  );
  const [alone] = (await summarise(perfect, metrics, [limit])).limits;
  expect(alone).toEqual({ limit: 'cer@jiwer<=0.1', figure: 0, isMet: true });
});

it('rows are grouped by a field, those without it together', async () => {
  const all = rows(Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 'x' : 'abcdefghij'))).map(
    (row) => ({
      ...{ ...row, image: `${row.index}.png` },
      ...(row.index < 9 && { fields: { kind: row.index % 3 === 0 ? 'bad' : 'good' } }),
    }),
  );
  const [, , exact] = metrics;
  const { groups } = await summarise(all, exact ? [exact] : [], [], { groupBy: 'kind' });
  expect(groups?.field).toBe('kind');
  expect(groups?.figures.map(({ value, rows: n, figure }) => [value, n, figure])).toEqual([
    ['', 3, 2 / 3],
    ['bad', 3, 0],
    ['good', 6, 1],
  ]);
});

describe('published figures', () => {
  const vqa = METRICS.filter(({ id }) => id === 'vqa@leave-one-out');
  const of = async (benchmark: string) =>
    (await summarise(rows(['a']), vqa, [], { benchmark })).published;

  it('are of the same metric and split alone', async () => {
    const found = await of('TextVQA/val');
    expect(found?.length).toBeGreaterThan(3);
    expect(found).toContainEqual({
      ...{
        model: 'PaliGemma 2 3b, 224 pixels, fine-tuned',
        metric: 'vqa@leave-one-out',
        figure: 0.596,
      },
      source: expect.stringMatching(/^https:/),
    });
    // DocVQA is judged by another metric, and the other split is that of a test server.
    expect([await of('DocVQA/val'), await of('TextVQA/test')]).toEqual([[], []]);
  });

  it('are not looked for where the data set is not named', async () => {
    expect(await summarise(rows(['a']), vqa, [])).not.toHaveProperty('published');
  });
});

describe('a limit', () => {
  it.each([
    ['exact@strict>=0.9', 0.9, true],
    ['exact>0.9', 0.9, false],
    ['  exact <= 90% ', 0.9, true],
    ['exact<.9', 0.9, false],
    ['cer@jiwer<=0.05', 0.0501, false],
    ['cer@mean<1.', 0.5, true],
  ])('%s of %d is met: %s', (text, figure, isMet) => {
    expect(parseLimit(text, metrics).holds(figure)).toBe(isMet);
  });

  it.each([
    'exact',
    'exact=1',
    'exact>=x',
    'cer<=0.05',
    'wer<=1',
    '>=1',
    '',
    'exact>=-1',
    'exact>=1e3',
  ])('%j is refused', (text) => {
    const refused = expect(() => parseLimit(text, metrics));
    refused.toThrow(expect.objectContaining({ code: 'ERR_OPTION_RANGE', subject: 'failUnder' }));
  });
});
