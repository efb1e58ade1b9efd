/** The parser of `<loc0123>… <seg045>… dog ; …`: what it finds, and that it loses nothing of what it does not understand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Piece } from '../../../src/prediction.js';
import {
  type Dropped,
  type Instance,
  InstanceParser,
  locValue,
  segValue,
} from '../../../src/tasks/instances.js';

/** Tokens of a text as the tokenizer might cut it: loc and seg tokens whole, the rest by words. */
function piecesOf(text: string): Piece[] {
  return (text.match(/<loc\d{4}>|<seg\d{3}>| ?[^ <]+| |</g) ?? []).map((part) => piece(part));
}

function piece(text: string): Piece {
  return { text, token: 7, logprob: -0.5 };
}

function parse(
  pieces: readonly Piece[],
  isCut = false,
): { instances: Instance[]; dropped: readonly Dropped[] } {
  const parser = new InstanceParser();
  const instances = pieces.flatMap((one) => parser.push(one));
  instances.push(...parser.end(isCut));
  return { instances, dropped: parser.dropped };
}

/** Short: `0,1,2,3 dog`, with `+` and the codes for masks. */
function show({ locs, segs, label }: Instance): string {
  const numbers = locs.map((loc) => locValue(loc.text)).join();
  return `${numbers}${segs.length > 0 ? `+${segs.length}` : ''} ${label}`;
}

const SEGS = Array.from({ length: 16 }, (_, i) => `<seg${String(i).padStart(3, '0')}>`).join('');
const BOX = '<loc0001><loc0002><loc0003><loc0004>';

describe('well-formed answers', () => {
  for (const [text, expected] of [
    ['', []],
    [`${BOX} dog`, ['1,2,3,4 dog']],
    [`${BOX} red dog ; ${BOX} cat`, ['1,2,3,4 red dog', '1,2,3,4 cat']],
    [`${BOX}${SEGS} dog ; ${BOX}${SEGS} cat`, ['1,2,3,4+16 dog', '1,2,3,4+16 cat']],
    // RefCOCO: no label.
    [`${BOX}${SEGS}`, ['1,2,3,4+16 ']],
    [BOX, ['1,2,3,4 ']],
    // Without the separator: the next box says it.
    [`${BOX} dog${BOX} cat`, ['1,2,3,4 dog', '1,2,3,4 cat']],
    [`${BOX}${SEGS}${BOX}${SEGS}`, ['1,2,3,4+16 ', '1,2,3,4+16 ']],
    [`${BOX} dog ; `, ['1,2,3,4 dog']],
    [' ; ; ', []],
    [`<loc0000><loc1023><loc0000><loc1023> x`, ['0,1023,0,1023 x']],
  ] as const) {
    test(`"${text.replaceAll(SEGS, '<seg…>').replaceAll(BOX, '<loc…>')}"`, () => {
      const { instances, dropped } = parse(piecesOf(text));
      expect(instances.map(show)).toEqual(expected);
      expect(dropped).toEqual([]);
    });
  }

  test('an instance is given with the token that ends it', () => {
    const parser = new InstanceParser();
    const given = piecesOf(`${BOX} dog ; ${BOX} cat`).map((one) => parser.push(one).map(show));
    expect(given.map((each) => each.length)).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(parser.end(false).map(show)).toEqual(['1,2,3,4 cat']);
    expect(parser.end(false)).toEqual([]);
  });

  test('a space before a separator is not of the label', () => {
    const pieces = [...piecesOf(BOX), piece(' dog'), piece(' ;'), piece(' '), ...piecesOf(BOX)];
    const [first] = parse([...pieces, piece(' '), piece('cat')]).instances;
    expect(first?.labels.map(({ text }) => text)).toEqual([' dog']);
    // One before the label is: without it the label is another token.
    const spaced = parse([...piecesOf(BOX), piece(' '), piece('cat')]).instances[0];
    expect(spaced?.labels.map(({ text }) => text)).toEqual([' ', 'cat']);
  });

  test('a token that holds the separator counts for the label before it', () => {
    const pieces = [...piecesOf(BOX), piece(' dog ;'), piece(' '), ...piecesOf(`${BOX} cat`)];
    expect(parse(pieces).instances.map(show)).toEqual(['1,2,3,4 dog', '1,2,3,4 cat']);
  });
});

describe('everything else is reported', () => {
  for (const [text, isCut, instances, dropped] of [
    ['a dog', false, [], [{ text: 'a dog', reason: 'text' }]],
    ['a dog', true, [], [{ text: 'a dog', reason: 'text' }]],
    [
      '<loc0001><loc0002> dog',
      false,
      [],
      [{ text: '<loc0001><loc0002> dog', reason: 'malformed' }],
    ],
    [`<loc0009>${BOX} dog`, false, [], [{ text: `<loc0009>${BOX} dog`, reason: 'malformed' }]],
    [
      `${BOX}<seg000> dog ; ${BOX} cat`,
      false,
      ['1,2,3,4 cat'],
      [{ text: `${BOX}<seg000> dog`, reason: 'malformed' }],
    ],
    [`${SEGS} dog`, false, [], [{ text: `${SEGS} dog`, reason: 'malformed' }]],
    [
      `${BOX} dog ; <loc0001>`,
      true,
      ['1,2,3,4 dog'],
      [{ text: '<loc0001>', reason: 'incomplete' }],
    ],
    // It may have wanted to say more of the label.
    [`${BOX} do`, true, [], [{ text: `${BOX} do`, reason: 'incomplete' }]],
    [`${BOX} dog ; `, true, ['1,2,3,4 dog'], []],
    [`dog ${BOX} cat`, false, ['1,2,3,4 cat'], [{ text: 'dog', reason: 'text' }]],
    [`dog ${SEGS}`, false, [], [{ text: `dog ${SEGS}`, reason: 'text' }]],
    [
      `${BOX} dog <seg001> ; ${BOX} cat`,
      false,
      ['1,2,3,4 dog', '1,2,3,4 cat'],
      [{ text: '<seg001>', reason: 'malformed' }],
    ],
    // No token is spelled like these: they are text.
    ['<loc1024><loc12> dog', false, [], [{ text: '<loc1024><loc12> dog', reason: 'text' }]],
    ['<seg128>', false, [], [{ text: '<seg128>', reason: 'text' }]],
  ] as const) {
    test(`"${text.replaceAll(SEGS, '<seg…>').replaceAll(BOX, '<loc…>')}"${isCut ? ', cut off' : ''}`, () => {
      const found = parse(piecesOf(text), isCut);
      expect(found.instances.map(show)).toEqual(instances);
      expect(found.dropped).toEqual(dropped);
    });
  }
});

test('a loc token after the remains of a character is a loc token', () => {
  // As the detokenizer returns it when the character before is never completed.
  const pieces = [piece('<loc0009>'), piece(''), piece('\uFFFD<loc0001>')];
  const { instances, dropped } = parse([...pieces, ...piecesOf('<loc0002><loc0003><loc0004> dog')]);
  expect(instances.map(show)).toEqual(['1,2,3,4 dog']);
  expect(dropped).toEqual([{ text: '<loc0009>\uFFFD', reason: 'malformed' }]);

  const held = [piece('\uFFFD<loc0001>'), ...piecesOf('<loc0002><loc0003><loc0004> dog')];
  const found = parse(held);
  expect(found.instances.map(show)).toEqual(['1,2,3,4 dog']);
  expect(found.dropped).toEqual([{ text: '\uFFFD', reason: 'text' }]);
});

test('a token that completes no character belongs to the label it is in', () => {
  const [a, b] = [
    { text: '', token: 1, logprob: -1 },
    { text: 'Ä', token: 2, logprob: -2 },
  ];
  const [first] = parse([...piecesOf(BOX), a, b]).instances;
  expect(first?.label).toBe('Ä');
  expect(first?.labels).toEqual([a, b]);
});

test('locValue and segValue know their tokens and nothing else', () => {
  expect([locValue('<loc0000>'), locValue('<loc1023>')]).toEqual([0, 1023]);
  expect([segValue('<seg000>'), segValue('<seg127>')]).toEqual([0, 127]);
  for (const text of ['', '<loc1024>', '<loc012>', ' <loc0001>', '<loc0001> ', '<seg001>', 'x']) {
    expect(locValue(text)).toBeUndefined();
  }
  for (const text of ['<seg128>', '<seg01>', '<loc0001>', '<seg001>\n', '']) {
    expect(segValue(text)).toBeUndefined();
  }
});

describe('whatever a model says', () => {
  const loc = fc.integer({ min: 0, max: 1030 }).map((i) => `<loc${String(i).padStart(4, '0')}>`);
  const seg = fc.integer({ min: 0, max: 130 }).map((i) => `<seg${String(i).padStart(3, '0')}>`);
  const text = fc.oneof(
    fc.constantFrom(' dog', ' ; ', ';', ' ', '', ' ;', 'a;b', '\n', '<loc', '>', '\uFFFD', '😀'),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.tuple(fc.constantFrom('\uFFFD', 'é'), loc).map((parts) => parts.join('')),
  );
  const box = fc.array(loc, { minLength: 4, maxLength: 4 });
  const mask = fc.array(seg, { minLength: 16, maxLength: 16 });
  const answer = fc
    .array(
      fc.oneof(
        loc.map((one) => [one]),
        seg.map((one) => [one]),
        text.map((one) => [one]),
        box,
        mask,
        fc.tuple(box, mask).map((parts) => parts.flat()),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.flat().map(piece));

  /** Without separators and white space, which mean nothing by themselves; sorted, as two lists are compared. */
  function characters(texts: readonly string[]): string {
    return [...texts.join('').replace(/[;\s]/g, '')].sort().join('');
  }

  test('is either in an instance or reported, and nothing is in both', () => {
    fc.assert(
      fc.property(answer, fc.boolean(), (pieces, isCut) => {
        const { instances, dropped } = parse(pieces, isCut);
        const told = [
          ...instances.flatMap(({ locs, segs, labels }) =>
            [...locs, ...segs, ...labels].map((one) => one.text),
          ),
          ...dropped.map((one) => one.text),
        ];
        expect(characters(told)).toBe(characters(pieces.map((one) => one.text)));
      }),
      { numRuns: 2000 },
    );
  });

  test('returns instances that are whole, and calls only the last one incomplete', () => {
    fc.assert(
      fc.property(answer, fc.boolean(), (pieces, isCut) => {
        const { instances, dropped } = parse(pieces, isCut);
        for (const { locs, segs, labels, label } of instances) {
          expect(locs.map((one) => locValue(one.text))).not.toContain(undefined);
          expect(segs.map((one) => segValue(one.text))).not.toContain(undefined);
          expect(locs).toHaveLength(4);
          expect([0, 16]).toContain(segs.length);
          expect(label).toBe(
            labels
              .map((one) => one.text)
              .join('')
              .trim(),
          );
          expect(label).not.toContain(';');
        }
        const cut = dropped.flatMap(({ reason }, i) => (reason === 'incomplete' ? [i] : []));
        expect(cut.length).toBeLessThanOrEqual(isCut ? 1 : 0);
        if (cut.length > 0) expect(cut).toEqual([dropped.length - 1]);
        for (const one of dropped) expect(one.text).not.toBe('');
      }),
      { numRuns: 2000 },
    );
  });
});
