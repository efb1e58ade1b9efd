import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levenshtein } from '../../../../src/evaluation/metrics/edit-distance.js';
import { codePoints } from '../../../../src/evaluation/metrics/python.js';
import { align, diff } from '../../../../src/evaluation/report/text-diff.js';

const TEXT = fc.string({ unit: fc.constantFrom(...'ab0O1l é👍\n'), maxLength: 30 });

describe('diff', () => {
  it.each([
    ['WHY 1631', 'WHY l631', 'WHY [-1][+l]631'],
    ['5S', 'S', '[-5]S'],
    ['', 'new', '[+new]'],
    ['same', 'same', 'same'],
    ['a👍b', 'a👎b', 'a[-👍][+👎]b'],
  ])('of %j and %j', (truth, answer, expected) => {
    const marks = { same: ['', ''], lost: ['[-', ']'], added: ['[+', ']'] };
    const shown = diff(truth, answer).map(({ kind, text }) => marks[kind].join(text));
    expect(shown.join('')).toBe(expected);
  });

  it('has both texts in it', () => {
    fc.assert(
      fc.property(TEXT, TEXT, (truth, answer) => {
        const pieces = diff(truth, answer);
        const without = (kind: string): string =>
          pieces.map((piece) => (piece.kind === kind ? '' : piece.text)).join('');
        expect([without('added'), without('lost')]).toEqual([truth, answer]);
      }),
    );
  });

  it('takes the middle as one piece where it is too long', () => {
    const pieces = diff(`begin${'x'.repeat(100_000)}end`, `begin${'y'.repeat(100_000)}end`);
    expect(pieces.map(({ kind, text }) => [kind, text.length])).toEqual([
      ['same', 5],
      ['lost', 100_000],
      ['added', 100_000],
      ['same', 3],
    ]);
  });
});

it('aligns with as few edits as there can be', () => {
  fc.assert(
    fc.property(TEXT, TEXT, (a, b) => {
      const edits = align([...a], [...b]).filter(([from, to]) => from !== to).length;
      expect(edits).toBe(levenshtein(codePoints(a), codePoints(b)));
    }),
  );
});
