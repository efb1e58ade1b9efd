/**
 * Tokens that were added to a tokenizer beside its model, from the files that Hugging Face libraries keep them in, and how
 * each is found in a text. native/text/tokenizer.h has the same flags.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type ErrorCode, makeError } from '../errors.js';
import { MAX_PIECES } from './sentencepiece-model.js';
import { SourceFile } from './source-file.js';
import { JsonReader, type JsonValue, jsonTypeOf, parseJsonObject } from './strict-json.js';

/** Bits of AddedToken.flags (tokenizers, AddedToken). */
export const ADDED_FLAG = {
  singleWord: 1,
  lstrip: 2,
  rstrip: 4,
  normalized: 8,
  /** No piece of the model: merging never makes it. */
  outside: 16,
} as const;

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly flags: number;
  /** For messages. */
  readonly file: string;
}

const CODE: ErrorCode = 'ERR_TOKENIZER_FORMAT';
/** tokenizer.json holds the whole vocabulary. */
const MAX_BYTES = 128 << 20;

/**
 * All added tokens that the files beside a tokenizer name, by id; files that disagree are refused. `own`: those of a
 * tokenizer that was read already, which count instead of tokenizer.json's.
 */
export async function readAddedTokens(
  folder: string,
  own?: readonly AddedToken[],
): Promise<AddedToken[]> {
  const special = await readSpecialTokens(folder);
  const lists = [
    own ??
      (await readJson(folder, 'tokenizer.json', (json, file) =>
        addedTokenList(json.get('added_tokens'), file),
      )),
    await readJson(folder, 'tokenizer_config.json', (json, file) =>
      decoderEntries(json.get('added_tokens_decoder'), file),
    ),
    await readJson(folder, 'added_tokens.json', (json, file) =>
      // A list without flags: transformers makes AddedToken(text, normalized = not special).
      [...json].map(([content, id]) => ({
        id: wholeId(id, file, content),
        content,
        flags: special.has(content) ? 0 : ADDED_FLAG.normalized,
        file,
      })),
    ),
  ];
  return merged(lists.flatMap((list) => list ?? []));
}

/** The list of tokenizer.json. */
export function addedTokenList(list: JsonValue | undefined, file: string): AddedToken[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return refuse('added_tokens', file, jsonTypeOf(list), 'an array');
  if (list.length > MAX_PIECES) {
    refuse('added_tokens', file, `${list.length} entries`, `at most ${MAX_PIECES}`);
  }
  const seen = new Set<number>();
  return list.map((value, i) => {
    const where = `added_tokens.${i}`;
    if (!(value instanceof Map)) return refuse(where, file, jsonTypeOf(value), 'an object');
    const token = new JsonReader(value, file, where, CODE);
    const id = token.required('id', token.integer('id', 0, MAX_PIECES - 1));
    if (seen.has(id)) refuse(`${where}.id`, file, String(id), 'every id once');
    seen.add(id);
    return entry(token, id, file);
  });
}

/** The object of tokenizer_config.json: ids to tokens. */
function decoderEntries(value: JsonValue | undefined, file: string): AddedToken[] {
  if (value === undefined || value === null) return [];
  const name = 'added_tokens_decoder';
  if (!(value instanceof Map)) return refuse(name, file, jsonTypeOf(value), 'an object');
  return [...value].map(([key, token]) => {
    const where = `${name}.${key}`;
    if (!(token instanceof Map)) return refuse(where, file, jsonTypeOf(token), 'an object');
    const id = wholeId(/^\d+$/.test(key) ? Number(key) : null, file, where);
    return entry(new JsonReader(token, file, where, CODE), id, file);
  });
}

function entry(token: JsonReader, id: number, file: string): AddedToken {
  const content = token.required('content', token.string('content'));
  const special = token.boolean('special') ?? false;
  const flags =
    (token.boolean('single_word') ? ADDED_FLAG.singleWord : 0) |
    (token.boolean('lstrip') ? ADDED_FLAG.lstrip : 0) |
    (token.boolean('rstrip') ? ADDED_FLAG.rstrip : 0) |
    ((token.boolean('normalized') ?? !special) ? ADDED_FLAG.normalized : 0);
  return { id, content, flags, file };
}

function wholeId(id: JsonValue, file: string, name: string): number {
  if (Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < MAX_PIECES) {
    return id as number;
  }
  return refuse(`the id of ${name}`, file, jsonTypeOf(id), `0 to ${MAX_PIECES - 1}`);
}

/** The texts of special_tokens_map.json. */
async function readSpecialTokens(folder: string): Promise<ReadonlySet<string>> {
  const texts = new Set<string>();
  const take = (value: JsonValue | undefined): void => {
    if (typeof value === 'string') texts.add(value);
    else if (Array.isArray(value)) value.forEach(take);
    else if (value instanceof Map) take(value.get('content'));
  };
  await readJson(folder, 'special_tokens_map.json', (json) => {
    for (const value of json.values()) take(value);
    return [];
  });
  return texts;
}

async function readJson(
  folder: string,
  name: string,
  read: (json: ReadonlyMap<string, JsonValue>, file: string) => AddedToken[],
): Promise<AddedToken[] | undefined> {
  const file = path.join(folder, name);
  if (!(await stat(file).catch(() => undefined))) return undefined;
  const source = await SourceFile.open(file, 'a list of added tokens');
  try {
    return read(parseJsonObject(await source.readAll(MAX_BYTES), name, CODE), name);
  } finally {
    await source.close();
  }
}

/** Each id once; the first file's flags count. */
function merged(tokens: readonly AddedToken[]): AddedToken[] {
  const byId = new Map<number, AddedToken>();
  const byContent = new Map<string, AddedToken>();
  for (const token of tokens) {
    for (const other of [byId.get(token.id), byContent.get(token.content)]) {
      if (!other || (other.id === token.id && other.content === token.content)) continue;
      const text = ({ id, content }: AddedToken) => `${JSON.stringify(content)} with id ${id}`;
      refuse(
        'an added token',
        token.file,
        text(token),
        `${text(other)}, as ${other.file} says`,
        'the files are of different tokenizers: save the tokenizer of training once more, whole',
      );
    }
    if (byId.has(token.id)) continue;
    byId.set(token.id, token);
    byContent.set(token.content, token);
  }
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

function refuse(name: string, file: string, found: string, expected: string, hint?: string): never {
  throw makeError(CODE, `${file}: ${name} is ${found}, expected ${expected}`, {
    name,
    found,
    expected,
    ...(hint ? { hint } : {}),
  });
}
