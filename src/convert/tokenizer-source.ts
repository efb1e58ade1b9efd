/**
 * The vocabulary as the model file stores it, read from `tokenizer.model` or `tokenizer.json`. Whatever would make our
 * tokenizer cut text differently from the source's is refused here. The tokenizer itself is native/text.
 */
import path from 'node:path';
import { type ErrorCode, makeError } from '../errors.js';
import {
  MAX_PIECES,
  parseSentencePieceModel,
  type SentencePieceModel,
} from './sentencepiece-model.js';
import { SourceFile } from './source-file.js';
import {
  type JsonObject,
  JsonReader,
  type JsonValue,
  jsonTypeOf,
  parseJsonObject,
} from './strict-json.js';

/** tokenizer.ggml.token_type. */
export const TOKEN_TYPE = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

export interface Vocabulary {
  readonly pieces: readonly string[];
  readonly scores: Float32Array;
  readonly types: Int32Array;
  readonly ids: {
    readonly bos: number;
    readonly eos: number;
    readonly unk: number;
    readonly pad: number;
    readonly firstLoc: number;
    readonly firstSeg: number;
    readonly separator: number;
  };
  readonly file: string;
  readonly notes: readonly string[];
}

interface RawVocabulary {
  pieces: (string | undefined)[];
  scores: Float32Array;
  types: Int32Array;
}

const CODE: ErrorCode = 'ERR_TOKENIZER_FORMAT';
const MAX_BYTES = 128 << 20;
const MAX_PIECE_BYTES = 4096;
const SPACE = '\u2581';
const LOC = /^<loc\d{4}>$/;
const SEG = /^<seg\d{3}>$/;
const BYTE = /^<0x[0-9A-F]{2}>$/;
const IMAGE = '<image>';
/**
 * Pieces no merge makes can only stand for single characters, which BPE starts from, so their score is never compared.
 * Finite, because files are checked for finite scores.
 */
const NEVER_MERGED = -1e9;

/**
 * Reads the first `count` pieces, the rows of the embedding that are kept. `imageTokenId` is checked where the file
 * says it.
 */
export async function readVocabulary(
  files: readonly string[],
  count: number,
  imageTokenId: number | undefined,
): Promise<Vocabulary> {
  const notes: string[] = [];
  for (const [i, file] of files.entries()) {
    const raw = await readRaw(file, imageTokenId);
    if (raw.pieces.length >= count) return finish(raw, count, file, notes);
    if (i + 1 === files.length) {
      throw makeError(
        CODE,
        `${path.basename(file)} has ${raw.pieces.length} pieces, expected at least ${count}, one per row of the embedding`,
        {
          name: file,
          found: `${raw.pieces.length} pieces`,
          expected: `at least ${count}`,
          hint: "take the tokenizer of a PaliGemma checkpoint: plain Gemma's has no loc and seg pieces",
        },
      );
    }
    notes.push(`${path.basename(file)} has only ${raw.pieces.length} of ${count} pieces: not used`);
  }
  throw makeError(CODE, 'no tokenizer was given', { name: 'tokenizer' });
}

async function readRaw(file: string, imageTokenId: number | undefined): Promise<RawVocabulary> {
  const source = await SourceFile.open(file, 'the tokenizer');
  try {
    const bytes = await source.readAll(MAX_BYTES);
    await source.assertUnchanged();
    const name = path.basename(file);
    const first = bytes.find((b) => b !== 0x20 && b !== 0x0a && b !== 0x0d && b !== 0x09);
    if (first === 0x7b) return fromJson(parseJsonObject(bytes, name, CODE), name, imageTokenId);
    return fromSentencePiece(parseSentencePieceModel(bytes, name), name);
  } finally {
    await source.close();
  }
}

function fail(name: string, file: string, found: string, expected: string, hint?: string): never {
  throw makeError(CODE, `${file}: ${name} is ${found}, expected ${expected}`, {
    name,
    found,
    expected,
    ...(hint ? { hint } : {}),
  });
}

// --- tokenizer.model ------------------------------------------------------------------------------------------------

function fromSentencePiece(model: SentencePieceModel, file: string): RawVocabulary {
  const { normalizer } = model;
  const expect = (name: string, found: unknown, expected: unknown) => {
    if (found !== expected) fail(name, file, String(found), String(expected));
  };
  expect('model_type', model.modelType, 2);
  expect('byte_fallback', model.byteFallback, true);
  expect('treat_whitespace_as_suffix', model.whitespaceAsSuffix, false);
  if (normalizer.name !== '') expect('normalizer', normalizer.name, 'identity');
  expect('the size of precompiled_charsmap', normalizer.charsMapBytes, 0);
  expect('add_dummy_prefix', normalizer.addDummyPrefix, false);
  expect('remove_extra_whitespaces', normalizer.removeExtraWhitespaces, false);
  expect('escape_whitespaces', normalizer.escapeWhitespaces, true);
  for (const [i, type] of model.types.entries()) {
    if (type < 1 || type > 6) fail(`the type of piece ${i}`, file, String(type), '1 to 6');
  }
  return {
    pieces: [...model.pieces],
    scores: model.scores.slice(),
    types: model.types.slice(),
  };
}

// --- tokenizer.json -------------------------------------------------------------------------------------------------

/** Pieces that are control or unknown, by the names all Gemma tokenizers use. */
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['<pad>', TOKEN_TYPE.control],
  ['<eos>', TOKEN_TYPE.control],
  ['<bos>', TOKEN_TYPE.control],
  ['<unk>', TOKEN_TYPE.unknown],
  [IMAGE, TOKEN_TYPE.control],
]);

function fromJson(json: JsonObject, file: string, imageTokenId: number | undefined): RawVocabulary {
  checkPipeline(new JsonReader(json, file, '', CODE), file);
  const model = json.get('model');
  if (!(model instanceof Map)) return fail('model', file, jsonTypeOf(model), 'an object');
  checkModel(new JsonReader(model, file, 'model', CODE), file);

  const pieces = readVocab(model.get('vocab'), file);
  const inVocabulary = pieces.length;
  const types = new Map<number, number>();
  for (const { id, content } of readAddedTokens(json.get('added_tokens'), file)) {
    const present = pieces[id];
    if (present !== undefined && present !== content) {
      fail(`added token ${id}`, file, JSON.stringify(content), JSON.stringify(present));
    }
    if (content === IMAGE && imageTokenId !== undefined && id !== imageTokenId) {
      fail(`the id of ${IMAGE}`, file, String(id), `${imageTokenId}, as config.json says`);
    }
    pieces[id] = content;
    types.set(id, SPECIAL.get(content) ?? TOKEN_TYPE.userDefined);
  }
  const ranks = readMerges(model.get('merges'), new Set(pieces.slice(0, inVocabulary)), file);
  restoreTab(pieces);
  const result: RawVocabulary = {
    pieces,
    scores: new Float32Array(pieces.length),
    types: new Int32Array(pieces.length),
  };
  for (const [id, piece] of pieces.entries()) {
    const name = piece ?? '';
    const type = types.get(id) ?? SPECIAL.get(name) ?? (BYTE.test(name) ? TOKEN_TYPE.byte : 1);
    const rank = ranks.get(name);
    result.types[id] = type;
    result.scores[id] =
      type === TOKEN_TYPE.normal ? (rank === undefined ? NEVER_MERGED : -rank) : 0;
  }
  return result;
}

/** Everything around the BPE model must be what Gemma's is: see spec section 4.2. */
function checkPipeline(json: JsonReader, file: string): void {
  const normalizer = json.child('normalizer');
  const pattern = normalizer?.child('pattern');
  if (
    normalizer?.string('type') !== 'Replace' ||
    pattern?.string('String') !== ' ' ||
    normalizer.string('content') !== SPACE
  ) {
    const found = jsonTypeOf(normalizer?.raw('type') ?? null);
    fail('normalizer', file, found, `the replacement of " " by "${SPACE}" and nothing else`);
  }
  const pre = json.child('pre_tokenizer');
  if (!pre) return;
  // Gemma's splits on " ", which the normalizer has replaced already: it never splits anything.
  const splits = pre.string('type') === 'Split' && pre.child('pattern')?.string('String') === ' ';
  if (!splits) {
    fail('pre_tokenizer', file, jsonTypeOf(pre.raw('type')), 'none, or a Split on " "');
  }
}

function checkModel(model: JsonReader, file: string): void {
  const type = model.string('type') ?? 'BPE';
  if (type !== 'BPE') fail('model.type', file, type, 'BPE');
  if (model.boolean('byte_fallback') !== true) {
    fail('model.byte_fallback', file, jsonTypeOf(model.raw('byte_fallback')), 'true');
  }
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix'] as const) {
    if (model.string(key)) fail(`model.${key}`, file, jsonTypeOf(model.raw(key)), 'none');
  }
  if (model.positive('dropout', true)) {
    fail('model.dropout', file, jsonTypeOf(model.raw('dropout')), 'none');
  }
  if (model.boolean('ignore_merges')) fail('model.ignore_merges', file, 'true', 'false');
}

function readVocab(vocab: JsonValue | undefined, file: string): (string | undefined)[] {
  if (!(vocab instanceof Map)) return fail('model.vocab', file, jsonTypeOf(vocab), 'an object');
  if (vocab.size > MAX_PIECES) {
    fail('model.vocab', file, `${vocab.size} pieces`, `at most ${MAX_PIECES}`);
  }
  const pieces = new Array<string | undefined>(vocab.size);
  for (const [piece, id] of vocab) {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= vocab.size) {
      fail(`the id of ${JSON.stringify(piece)}`, file, jsonTypeOf(id), `0 to ${vocab.size - 1}`);
    }
    const present = pieces[id as number];
    if (present !== undefined) {
      fail(`id ${id as number}`, file, JSON.stringify([present, piece]), 'one piece');
    }
    pieces[id as number] = piece;
  }
  return pieces;
}

/**
 * Gemma's tokenizer.json has a tab where tokenizer.model has the byte piece <0x09> (transformers,
 * convert_slow_tokenizer.py, GemmaConverter.vocab). The ids of texts are the same; ours is the original.
 */
function restoreTab(pieces: (string | undefined)[]): void {
  const tab = pieces.indexOf('\t');
  if (tab > 0 && pieces[tab - 1] === '<0x08>' && pieces[tab + 1] === '<0x0A>') {
    pieces[tab] = '<0x09>';
  }
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
}

function readAddedTokens(list: JsonValue | undefined, file: string): AddedToken[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return fail('added_tokens', file, jsonTypeOf(list), 'an array');
  if (list.length > MAX_PIECES) {
    fail('added_tokens', file, `${list.length} entries`, `at most ${MAX_PIECES}`);
  }
  const seen = new Set<number>();
  return list.map((value, i) => {
    const path = `added_tokens.${i}`;
    if (!(value instanceof Map)) return fail(path, file, jsonTypeOf(value), 'an object');
    const token = new JsonReader(value, file, path, CODE);
    const id = token.required('id', token.integer('id', 0, MAX_PIECES - 1));
    const content = token.required('content', token.string('content'));
    if (seen.has(id)) fail(`${path}.id`, file, String(id), 'every id once');
    seen.add(id);
    for (const key of ['single_word', 'lstrip', 'rstrip'] as const) {
      if (token.boolean(key)) fail(`${path}.${key}`, file, 'true', 'false');
    }
    return { id, content };
  });
}

/**
 * Rank of the first merge that makes each piece. Merging by the score of the resulting piece, as SentencePiece does, is
 * the same as merging by rank as long as all merges into one piece stand together in the list. They do in lists made
 * from a SentencePiece model (transformers, convert_slow_tokenizer.py, generate_merges).
 */
function readMerges(
  merges: JsonValue | undefined,
  vocabulary: ReadonlySet<string | undefined>,
  file: string,
): ReadonlyMap<string, number> {
  if (!Array.isArray(merges)) return fail('model.merges', file, jsonTypeOf(merges), 'an array');
  const ranks = new Map<string, number>();
  let previous = '';
  for (const [rank, merge] of merges.entries()) {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    const [left, right] = Array.isArray(pair) && pair.length === 2 ? pair : [];
    if (typeof left !== 'string' || typeof right !== 'string' || !left || !right) {
      return fail(`model.merges.${rank}`, file, jsonTypeOf(merge), 'two pieces');
    }
    const piece = left + right;
    for (const part of [left, right, piece]) {
      if (!vocabulary.has(part)) {
        fail(`model.merges.${rank}`, file, JSON.stringify(part), 'pieces of model.vocab');
      }
    }
    if (piece === previous) continue;
    previous = piece;
    if (ranks.has(piece)) {
      fail(
        `model.merges.${rank}`,
        file,
        `a merge into ${JSON.stringify(piece)} apart from the first, ${ranks.get(piece)}`,
        'all merges into one piece together, as in lists made from a SentencePiece model',
        'use tokenizer.model',
      );
    }
    ranks.set(piece, rank);
  }
  return ranks;
}

// --- both -----------------------------------------------------------------------------------------------------------

function finish(
  raw: RawVocabulary,
  count: number,
  file: string,
  notes: readonly string[],
): Vocabulary {
  const name = path.basename(file);
  const pieces: string[] = [];
  const types = raw.types.slice(0, count);
  const ids = new Map<string, number>();
  for (let id = 0; id < count; id++) {
    const piece = raw.pieces[id];
    if (piece === undefined) return fail(`piece ${id}`, name, 'missing', 'every id in use');
    checkPiece(piece, id, types[id] as number, name);
    const earlier = ids.get(piece);
    if (earlier !== undefined) {
      fail(
        `piece ${id}`,
        name,
        `${JSON.stringify(piece)}, like piece ${earlier}`,
        'pieces that differ',
      );
    }
    ids.set(piece, id);
    // Files made by various tools carry loc and seg as normal pieces, which would then be cut apart (spec 4.3).
    if (LOC.test(piece) || SEG.test(piece)) types[id] = TOKEN_TYPE.userDefined;
    pieces.push(piece);
  }
  for (let byte = 0; byte < 256; byte++) {
    const piece = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    if (types[ids.get(piece) ?? -1] !== TOKEN_TYPE.byte) {
      fail(piece, name, ids.has(piece) ? 'an ordinary piece' : 'missing', 'a byte piece');
    }
  }
  const find = (piece: string, type: number) => {
    const id = ids.get(piece);
    if (id === undefined)
      return fail(JSON.stringify(piece), name, 'missing', `it in the first ${count} pieces`);
    if (types[id] !== type) {
      fail(JSON.stringify(piece), name, `of type ${types[id]}`, `of type ${type}`);
    }
    return id;
  };
  const series = (length: number, piece: (i: number) => string) => {
    const first = find(piece(0), TOKEN_TYPE.userDefined);
    for (let i = 1; i < length; i++) {
      const id = find(piece(i), TOKEN_TYPE.userDefined);
      if (id !== first + i) fail(piece(i), name, `piece ${id}`, `piece ${first + i}`);
    }
    return first;
  };
  const separator = ids.get('\n');
  if (separator === undefined) fail('the newline piece', name, 'missing', 'a piece "\\n"');
  return {
    pieces,
    scores: raw.scores.slice(0, count),
    types,
    ids: {
      bos: find('<bos>', TOKEN_TYPE.control),
      eos: find('<eos>', TOKEN_TYPE.control),
      unk: find('<unk>', TOKEN_TYPE.unknown),
      pad: find('<pad>', TOKEN_TYPE.control),
      firstLoc: series(1024, (i) => `<loc${String(i).padStart(4, '0')}>`),
      firstSeg: series(128, (i) => `<seg${String(i).padStart(3, '0')}>`),
      separator,
    },
    file,
    notes,
  };
}

function checkPiece(piece: string, id: number, type: number, file: string): void {
  const bytes = Buffer.byteLength(piece, 'utf8');
  if (bytes === 0 || bytes > MAX_PIECE_BYTES) {
    fail(`piece ${id}`, file, `${bytes} bytes long`, `1 to ${MAX_PIECE_BYTES} bytes`);
  }
  if (/\p{Surrogate}/u.test(piece))
    fail(`piece ${id}`, file, 'half a surrogate pair', 'valid Unicode');
  if (piece.includes('\0')) fail(`piece ${id}`, file, 'a piece with NUL', 'none');
  if ((type === TOKEN_TYPE.byte) !== BYTE.test(piece)) {
    fail(
      `piece ${id}`,
      file,
      `${JSON.stringify(piece)} of type ${type}`,
      '<0x00> to <0xFF>, and only them, of type 6',
    );
  }
}
