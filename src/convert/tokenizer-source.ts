/**
 * The vocabulary as the model file stores it, read from `tokenizer.model` or `tokenizer.json`. Whatever would make our
 * tokenizer cut text differently from the source's is refused here. The tokenizer itself is native/text.
 */
import path from 'node:path';
import { type ErrorCode, makeError } from '../errors.js';
import { ADDED_FLAG, type AddedToken, addedTokenList, readAddedTokens } from './added-tokens.js';
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
  /** Tokens that are not simply user-defined pieces of the model: ids and bits of ADDED_FLAG. */
  readonly added: readonly { readonly id: number; readonly flags: number }[];
  /** All ids from here on have no text. */
  readonly named: number;
  readonly file: string;
  readonly notes: readonly string[];
}

interface RawVocabulary {
  pieces: (string | undefined)[];
  scores: number[];
  types: number[];
}

/** What the settings and the weights say about the vocabulary. */
export interface VocabularySize {
  /** Pieces of the base: rows of the embedding before `<image>`, or all of a source that has no such row. */
  readonly base: number;
  /** The id of `<image>`, where there may be tokens from there on. */
  readonly imageTokenId: number | undefined;
  /** Rows of the embedding. */
  readonly rows: number;
}

const CODE: ErrorCode = 'ERR_TOKENIZER_FORMAT';
const MAX_BYTES = 128 << 20;
const MAX_PIECE_BYTES = 4096;
const SPACE = '\u2581';
const LOC = /^<loc\d{4}>$/;
const SEG = /^<seg\d{3}>$/;
const BYTE = /^<0x[0-9A-F]{2}>$/;
const IMAGE = '<image>';
/** After the base and no reason to keep rows: GemmaTokenizer of transformers 5 adds `<mask>` to a vocabulary without it. */
const UNTRAINED: ReadonlySet<string> = new Set([IMAGE, '<mask>']);
/**
 * Pieces no merge makes can only stand for single characters, which BPE starts from, so their score is never compared.
 * Finite, because files are checked for finite scores.
 */
const NEVER_MERGED = -1e9;

/**
 * Reads the pieces of the base and the tokens that were added after `<image>`. Those of fine-tuning are in files beside the
 * tokenizer, which are read too.
 */
export async function readVocabulary(
  files: readonly string[],
  size: VocabularySize,
): Promise<Vocabulary> {
  const notes: string[] = [];
  for (const [i, file] of files.entries()) {
    const name = path.basename(file);
    const { raw, own } = await readRaw(file);
    const added = await readAddedTokens(path.dirname(file), own);
    for (const token of added) addToken(raw, token, size);
    const gap = Array.from(raw.pieces).indexOf(undefined);
    const present = gap < 0 ? raw.pieces.length : gap;
    if (present >= size.base) return finish(raw, added, size, file, notes);
    if (i + 1 === files.length) {
      throw makeError(
        CODE,
        `${name} has ${present} pieces, expected at least ${size.base}, one per row of the embedding`,
        {
          name: file,
          found: `${present} pieces`,
          expected: `at least ${size.base}`,
          hint: "take the tokenizer of a PaliGemma checkpoint: plain Gemma's has no loc and seg pieces",
        },
      );
    }
    notes.push(`${name} has only ${present} of ${size.base} pieces: not used`);
  }
  throw makeError(CODE, 'no tokenizer was given', { name: 'tokenizer' });
}

/** `own`: the added tokens of a tokenizer.json; a tokenizer.model has none. */
async function readRaw(
  file: string,
): Promise<{ readonly raw: RawVocabulary; readonly own?: AddedToken[] }> {
  const source = await SourceFile.open(file, 'the tokenizer');
  try {
    const bytes = await source.readAll(MAX_BYTES);
    await source.assertUnchanged();
    const name = path.basename(file);
    const first = bytes.find((b) => b !== 0x20 && b !== 0x0a && b !== 0x0d && b !== 0x09);
    if (first !== 0x7b)
      return { raw: fromSentencePiece(parseSentencePieceModel(bytes, name), name) };
    const json = parseJsonObject(bytes, name, CODE);
    return { raw: fromJson(json, name), own: addedTokenList(json.get('added_tokens'), name) };
  } finally {
    await source.close();
  }
}

/** Puts an added token in its place; what is there already must be the same text. */
function addToken(raw: RawVocabulary, token: AddedToken, { imageTokenId }: VocabularySize): void {
  const { id, content, file } = token;
  const present = raw.pieces[id];
  if (present === '<0x09>' && content === '\t') return; // see restoreTab
  if (present !== undefined && present !== content) {
    fail(`added token ${id}`, file, JSON.stringify(content), JSON.stringify(present));
  }
  if (imageTokenId !== undefined && (content === IMAGE) !== (id === imageTokenId)) {
    const hint = 'config.json (image_token_index) and the tokenizer must be of one checkpoint';
    if (content === IMAGE) {
      fail(`the id of ${IMAGE}`, file, String(id), `${imageTokenId}, as config.json says`, hint);
    }
    fail(`token ${id}`, file, JSON.stringify(content), `${IMAGE}, as config.json says`, hint);
  }
  raw.pieces[id] = content;
  const type = raw.types[id];
  // Also for a piece of the model: Hugging Face finds every added token before the model sees the text.
  if (type === undefined || type === TOKEN_TYPE.normal || type === TOKEN_TYPE.unused) {
    raw.types[id] = SPECIAL.get(content) ?? TOKEN_TYPE.userDefined;
    raw.scores[id] = 0;
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
  return { pieces: [...model.pieces], scores: [...model.scores], types: [...model.types] };
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

function fromJson(json: JsonObject, file: string): RawVocabulary {
  checkPipeline(new JsonReader(json, file, '', CODE), file);
  const model = json.get('model');
  if (!(model instanceof Map)) return fail('model', file, jsonTypeOf(model), 'an object');
  checkModel(new JsonReader(model, file, 'model', CODE), file);

  const pieces = readVocab(model.get('vocab'), file);
  const ranks = readMerges(model.get('merges'), new Set(pieces), file);
  restoreTab(pieces);
  const result: RawVocabulary = { pieces, scores: [], types: [] };
  for (const [id, piece] of pieces.entries()) {
    const name = piece ?? '';
    const type = SPECIAL.get(name) ?? (BYTE.test(name) ? TOKEN_TYPE.byte : TOKEN_TYPE.normal);
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
  added: readonly AddedToken[],
  size: VocabularySize,
  file: string,
  notes: string[],
): Vocabulary {
  const name = path.basename(file);
  const { named, count } = extent(added, size, notes);
  const pieces: string[] = [];
  const types = Int32Array.from({ length: count }, (_, id) => raw.types[id] ?? TOKEN_TYPE.unused);
  const scores = Float32Array.from({ length: count }, (_, id) => raw.scores[id] ?? 0);
  const ids = new Map<string, number>();
  for (let id = 0; id < count; id++) {
    const absent = id < size.base ? undefined : unnamedPiece(id, size.imageTokenId);
    const piece = raw.pieces[id] ?? absent;
    if (id === size.imageTokenId) types[id] = TOKEN_TYPE.control;
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
      return fail(JSON.stringify(piece), name, 'missing', `it in the first ${size.base} pieces`);
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
    scores,
    types,
    added: flagged(added, types, size),
    named,
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

/** What stands for an id that no tokenizer names, as llama.cpp's converters write it. */
function unnamedPiece(id: number, imageTokenId: number | undefined): string {
  return id === imageTokenId ? IMAGE : `[PAD${id}]`;
}

/** The same vocabulary with `count` pieces: those that are new have no text, and are never generated. */
export function withUnnamed(
  vocabulary: Vocabulary,
  count: number,
  imageTokenId: number | undefined,
): Vocabulary {
  const { length } = vocabulary.pieces;
  if (count <= length) return vocabulary;
  const ids = Array.from({ length: count - length }, (_, i) => length + i);
  const type = (id: number) => (id === imageTokenId ? TOKEN_TYPE.control : TOKEN_TYPE.unused);
  return {
    ...vocabulary,
    pieces: [...vocabulary.pieces, ...ids.map((id) => unnamedPiece(id, imageTokenId))],
    types: Int32Array.from([...vocabulary.types, ...ids.map(type)]),
    scores: Float32Array.from([...vocabulary.scores, ...ids.map(() => 0)]),
  };
}

/** How many rows are kept: the base, and where tokens come after `<image>` all up to the last of them. */
function extent(
  added: readonly AddedToken[],
  { base, imageTokenId, rows }: VocabularySize,
  notes: string[],
): { readonly named: number; readonly count: number } {
  const own = added.filter(({ id, content }) => id >= base && !UNTRAINED.has(content));
  const last = own.at(-1);
  const named = Math.max(last?.id ?? 0, imageTokenId ?? base - 1) + 1;
  if (!last) return { named, count: base };
  const { id, content, file } = last;
  if (imageTokenId === undefined) {
    notes.push(
      `${own.length} added tokens of ${file} were left out: the weights have no row for them`,
    );
    return { named: base, count: base };
  }
  if (id >= rows) {
    fail(
      `the added token ${JSON.stringify(content)}`,
      file,
      `number ${id}`,
      `a row of the embedding, which has ${rows}`,
      'the weights are of a model that was not resized for these tokens: resize_token_embeddings and training come before saving',
    );
  }
  const texts = own.slice(0, 5).map((token) => JSON.stringify(token.content));
  notes.push(
    `${own.length} ${own.length === 1 ? 'token that was' : 'tokens that were'} added after ${IMAGE} ${own.length === 1 ? 'is' : 'are'} kept: ${texts.join(', ')}${own.length > 5 ? ' …' : ''}`,
  );
  return { named, count: id + 1 };
}

/** Tokens after the base are no pieces of the model; others are only told apart by flags. */
function flagged(
  added: readonly AddedToken[],
  types: Int32Array,
  { base }: VocabularySize,
): { readonly id: number; readonly flags: number }[] {
  return added
    .filter(({ id }) => types[id] === TOKEN_TYPE.userDefined)
    .map(({ id, flags }) => ({ id, flags: id >= base ? flags | ADDED_FLAG.outside : flags }))
    .filter(({ flags }) => flags !== 0);
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
