/** Metrics as users call them. */
import { describe, expect, it } from 'vitest';
import { PaliGemmaError } from '../../../src/errors.js';
import { METRICS } from '../../../src/evaluation/metrics/registry.js';
import { type ScoredRow, score } from '../../../src/evaluation/score.js';
import type { EstimateOptions } from '../../../src/options/types.js';

const text: ScoredRow = { answer: 'hallo', truths: ['hello'] };
const object = { label: 'cat', bbox: [0, 0, 10, 10] as const };
const SIZE = { width: 50, height: 50 };
const OF_EVERY_KIND: Readonly<Record<string, ScoredRow>> = {
  text,
  document: { value: { a: '1' }, document: { a: '1' } },
  objects: { found: [{ ...object, score: 1 }], objects: [{ ...object, area: 100 }] },
  reference: { found: [{ ...object, score: 1 }], reference: { bbox: object.bbox }, size: SIZE },
};

it('has the figure, the interval and what each row adds', async () => {
  const rows = Array.from({ length: 20 }, (_, i) => ({
    ...{ answer: i % 4 === 0 ? 'hallo' : 'hello', truths: ['hello'] },
  }));
  const { figure, low, high, values, method } = await score('cer@jiwer', rows);
  expect([figure, method]).toEqual([5 / 100, 'bca']);
  expect(Number(low)).toBeLessThan(0.05);
  expect(Number(high)).toBeGreaterThan(0.05);
  expect(values.slice(0, 2)).toEqual([0.2, 0]);
});

it.each(METRICS.map(({ id, kind }) => [id, kind]))('%s judges %s', async (id, kind) => {
  const row = OF_EVERY_KIND[kind] as ScoredRow;
  const isJson = id === 'json-f1@vlm-exam';
  const { values } = await score(id, [isJson ? (OF_EVERY_KIND['document'] as ScoredRow) : row]);
  expect(values).toHaveLength(1);
});

describe('documents', () => {
  it.each<[id: string, row: ScoredRow, figure: number]>([
    ['json-f1@vlm-exam', { value: { a: 1 }, document: { a: 1 } }, 1],
    ['json-f1@vlm-exam', { value: { a: '1' }, document: { a: 1 } }, 0],
    ['json-f1@vlm-exam', { answer: '{"a":1.0}', truths: ['{"a":1}'] }, 0],
    ['json-f1@vlm-exam', { answer: '{"a":1.0}', document: { a: 1 } }, 0],
    ['json-f1@vlm-exam', { value: { a: 1 }, truths: ['{"a":2}', '{"a":1}'] }, 1],
    ['json-f1@vlm-exam+strict', { value: { a: 1 }, document: { a: 1 } }, 1],
    ['anls@star', { answer: '{"a":"12.0"}', truths: ['{"a":12.0}'] }, 1],
    ['anls@star', { value: { a: '12.0' }, document: { a: 12 } }, 0.5],
    ['anls@star', { value: { a: '12.0' }, truths: ['{"a":12.0}'] }, 1],
    ['anls@star', { answer: '{"a":2}', truths: ['{"a":1}', '{"a":2}'] }, 1],
    ['anls@star', { answer: 'I read 1', value: { a: 1 }, document: { a: 1 } }, 1],
  ])('%s of %j', async (id, row, figure) => {
    expect((await score(id, [row])).values).toEqual([figure]);
  });

  it.each([
    ['anls@star', 'rows[0].value is missing, expected what anls@star judges: value or answer'],
    [
      'json-f1@vlm-exam',
      'rows[0].answer is missing, expected what json-f1@vlm-exam judges: answer',
    ],
  ])('%s without any', async (id, words) => {
    await expect(score(id, [{ document: {} }])).rejects.toThrow(words);
  });

  it('are no texts', async () => {
    const row = { value: 'a', document: 'a' };
    await expect(score('cer@jiwer', [row])).rejects.toThrow('rows[0].answer is missing');
  });
});

it('options change the interval', async () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({
    answer: 'ab'.slice(i % 3),
    truths: ['ab'],
  }));
  const of = (options: EstimateOptions) => score('cer@jiwer', rows, options);
  expect((await of({ method: 'percentile' })).method).toBe('percentile');
  const [narrow, wide] = [await of({ level: 0.5, draws: 200 }), await of({ draws: undefined })];
  expect(Number(narrow.low)).toBeGreaterThan(Number(wide.low));
  expect(await of({ signal: AbortSignal.abort('no') }).catch((reason: unknown) => reason)).toBe(
    'no',
  );
});

it.each<[args: readonly unknown[], code: string, words: string]>([
  [[], 'TYPE', 'id is missing, expected text'],
  [[5], 'TYPE', 'id is 5, expected text'],
  [['cer@jiwer'], 'TYPE', 'rows is missing, expected an array'],
  [['cer@jiwer', [], null], 'TYPE', 'score: options is null'],
  [['cer@jiwer', [], { drawz: 5 }], 'UNKNOWN', 'score has no option "drawz"'],
  [['cer@jiwer', [], { draws: '1000' }], 'TYPE', 'option draws is "1000"'],
  [['cer@jiwer', [], { draws: 5 }], 'RANGE', 'option draws is 5'],
  [['cer@jiwer', [], { seed: 1.5 }], 'RANGE', 'option seed is 1.5'],
  [['cer@jiwer', [], { level: 1 }], 'RANGE', 'option level is 1'],
  [['cer@jiwer', [], { method: 'x' }], 'RANGE', 'option method is "x"'],
  [['cer@jiwer', [], { signal: {} }], 'TYPE', 'option signal is '],
])('score of %j is refused by name', async (args, code, words) => {
  const call = score as (...all: readonly unknown[]) => Promise<unknown>;
  const error: unknown = await call(...args).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PaliGemmaError);
  const { code: found, message } = error as PaliGemmaError;
  expect([found, message]).toEqual([`ERR_OPTION_${code}`, expect.stringContaining(words)]);
});

it('rows of one picture are one piece of evidence', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    ...{ answer: i < 20 ? 'a' : 'b', truths: ['a'], image: `${Math.floor(i / 10)}.png` },
  }));
  expect(await score('exact@strict', rows)).toMatchObject({ figure: 0.5, reason: 'few-groups' });
  const alone = await score(
    'exact@strict',
    rows.map(({ image: _, ...row }) => row),
  );
  expect(alone).toMatchObject({ figure: 0.5, method: 'wilson' });
});

describe('what is refused', () => {
  it.each<[id: string, row: unknown, words: string]>([
    ['cer', text, 'id is "cer", expected one of cer@jiwer, '],
    ['cer@jiwer', { answer: 'a' }, 'rows[0].truths is missing, expected what cer@jiwer judges'],
    ['cer@jiwer', { answer: 'a', truths: [] }, 'rows[0].truths is empty'],
    ['map@pycocotools', text, 'rows[0].found is missing'],
    ['anls@star', {}, 'rows[0].value is missing'],
  ])('%s of %j', async (id, row, words) => {
    await expect(score(id, [row as ScoredRow])).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
      message: expect.stringContaining(words),
    });
  });
});

describe('what has another type is refused by name', () => {
  /** All that is no value of JSON, and what is one of another type. */
  const othersFor = ([first, ...inner]: Place, old: unknown): unknown[] => {
    if (first === 'value' || first === 'document') {
      return inner.length > 0 ? [5n] : [5n, Symbol('s'), () => 1];
    }
    return [null, true, 5n, Symbol('s'), () => 1, Number.NaN, typeof old === 'string' ? 5 : 'x'];
  };
  const cases = Object.entries(OF_EVERY_KIND).flatMap(([kind, row]) => {
    const { id = '' } = METRICS.find((one) => one.kind === kind) ?? {};
    return placesIn(row).map((place): [string, string, ScoredRow, Place] => [
      id,
      nameOf(place),
      row,
      place,
    ]);
  });

  it.each(cases)('%s: rows[0]%s', async (id, name, row, place) => {
    const old = place.reduce<unknown>((inner, key) => (inner as Bag)[key], row);
    for (const other of othersFor(place, old)) {
      const error: unknown = await score(id, [withOther(row, place, other)]).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(PaliGemmaError);
      const { code, message } = error as PaliGemmaError;
      expect(code).toMatch(/^ERR_OPTION_(TYPE|RANGE)$/);
      // Of a document it is the whole that is none.
      const where = place[0] === 'value' || place[0] === 'document' ? `.${place[0]}` : name;
      expect(message).toContain(`rows[0]${where} is `);
    }
  });

  it.each<[unknown, string]>([
    [null, 'rows is null, expected an array'],
    ['rows', 'rows is "rows", expected an array'],
    [[null], 'rows[0] is null, expected an object'],
    [[[]], 'rows[0] is'],
    [[{ answer: 'y', truths: 'y' }], 'rows[0].truths is "y", expected an array'],
  ])('%j', async (rows, words) => {
    await expect(score('cer@jiwer', rows as ScoredRow[])).rejects.toMatchObject({
      code: 'ERR_OPTION_TYPE',
      message: expect.stringContaining(words),
    });
  });

  it('masks, documents that hold themselves, and getters that throw', async () => {
    const self: Record<string, unknown> = {};
    self['self'] = self;
    const found = [{ ...object, score: 1, rle: { size: [2, 3], counts: 'x' } }];
    const rows: [string, object, string][] = [
      ['anls@star', { value: self, document: {} }, 'rows[0].value is'],
      ['map@pycocotools-masks', { found, objects: [] }, 'rows[0].found[0].rle is'],
      [
        'cer@jiwer',
        {
          truths: ['a'],
          get answer(): string {
            throw new Error('mine');
          },
        },
        'rows cannot be read: mine',
      ],
    ];
    for (const [id, row, words] of rows) {
      await expect(score(id, [row])).rejects.toMatchObject({
        code: 'ERR_OPTION_TYPE',
        message: expect.stringContaining(words),
      });
    }
  });
});

type Place = readonly (string | number)[];
type Bag = Readonly<Record<string | number, unknown>>;

/** The places of all values inside of a value, containers too. */
function placesIn(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = [...at, Array.isArray(value) ? Number(key) : key];
    return [place, ...placesIn(inner, place)];
  });
}

const nameOf = (place: Place): string =>
  place.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');

function withOther(row: ScoredRow, place: Place, other: unknown): ScoredRow {
  // Nothing is shared in it.
  const copy = JSON.parse(JSON.stringify(row)) as Bag;
  const last = place.at(-1) as string | number;
  const inner = place.slice(0, -1).reduce<unknown>((one, key) => (one as Bag)[key], copy);
  (inner as Record<string | number, unknown>)[last] = other;
  return copy as ScoredRow;
}
