/** Metrics as users call them. */
import { describe, expect, it } from 'vitest';
import { PaliGemmaError } from '../../../src/errors.js';
import { METRICS } from '../../../src/evaluation/metrics/registry.js';
import { type ScoredRow, score } from '../../../src/evaluation/score.js';

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
  const { values } = await score(id, [isJson ? { answer: '{}', truths: ['{"a":1}'] } : row]);
  expect(values).toHaveLength(1);
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
