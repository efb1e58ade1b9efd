/** What calls of a model are given beside their options: checked, or an error that says what was expected. */
import { types } from 'node:util';
import { makeError, PaliGemmaError } from '../errors.js';
import { filePath, placeOf, withShortPaths } from './file.js';
import { MAX_PROMPT_LENGTH } from './limits.js';
import { reading } from './read.js';
import { showValue } from './show.js';

/**
 * A GGUF that holds everything, or a text GGUF and the vision part of it. Paths, `file:` URLs, or models on the hub
 * (`hf:owner/repo[:file][@revision]`), which are downloaded once.
 */
export type ModelSource =
  | string
  | URL
  | { readonly text: string | URL; readonly mmproj: string | URL };

/** More answers than this at once are refused by `score`. */
const MAX_CANDIDATES = 10_000;

/** One picture, or several. */
export function asList<T>(image: T | readonly T[]): readonly T[] {
  const images = reading('image', 'a picture or a list of pictures', (): readonly T[] =>
    Array.isArray(image) ? [...(image as readonly T[])] : [image as T],
  );
  if (images.length > 0) return images;
  throw makeError('ERR_OPTION_RANGE', 'image is an empty list, expected at least one picture', {
    name: 'image',
    found: '[]',
    expected: 'at least one picture',
  });
}

/** What `score` compares. */
export function candidateList(candidates: readonly string[]): readonly string[] {
  const texts = reading('candidates', 'a list of texts', () =>
    Array.isArray(candidates) ? [...(candidates as readonly string[])] : undefined,
  );
  if (texts === undefined || texts.length === 0 || texts.length > MAX_CANDIDATES) {
    const found = texts === undefined ? showValue(candidates) : `${texts.length} texts`;
    const expected = `1 to ${MAX_CANDIDATES} texts`;
    throw makeError(
      texts === undefined ? 'ERR_OPTION_TYPE' : 'ERR_OPTION_RANGE',
      `candidates is ${found}, expected ${expected}`,
      { name: 'candidates', found, expected },
    );
  }
  for (const text of texts) {
    checkString('candidate', text);
    checkLength('candidate', text);
  }
  return texts;
}

/** Numbers as codes of masks and masks have them; a typed array of any kind, or a list. Throws ERR_OPTION_TYPE. */
export function numberList(name: string, values: unknown): ArrayLike<number> {
  const expected = 'a list or typed array of numbers';
  if (
    types.isTypedArray(values) &&
    !types.isBigInt64Array(values) &&
    !types.isBigUint64Array(values)
  ) {
    return values;
  }
  const own = reading(name, expected, () =>
    Array.isArray(values) ? [...(values as readonly unknown[])] : undefined,
  );
  const wrong = own?.findIndex((one) => typeof one !== 'number') ?? -1;
  if (own !== undefined && wrong < 0) return own as readonly number[];
  const found = own === undefined ? showValue(values) : `${showValue(own[wrong])} at ${wrong}`;
  throw makeError('ERR_OPTION_TYPE', `${name} is ${found}, expected ${expected}`, {
    name,
    found,
    expected,
  });
}

export function checkString(name: string, value: unknown, hint?: string): void {
  if (typeof value === 'string') return;
  throw makeError('ERR_OPTION_TYPE', `${name} is ${showValue(value)}, expected a string`, {
    name,
    found: showValue(value),
    expected: 'a string',
    ...(hint !== undefined && { hint }),
  });
}

/** A prompt, of which newcomers give something else. */
export function checkPrompt(value: unknown): void {
  const hint = types.isUint8Array(value)
    ? "the text of a file is readFileSync(file, 'utf8')"
    : 'the picture comes first, then the prompt, then the options';
  checkString('prompt', value, hint);
}

/** No context holds more, so it is refused before it is tokenized. */
export function checkLength(name: string, text: string): void {
  if (text.length > MAX_PROMPT_LENGTH) {
    throw makeError(
      'ERR_PROMPT_TOO_LONG',
      `${name} has ${text.length} characters, expected at most ${MAX_PROMPT_LENGTH}`,
      {
        name,
        found: `${text.length} characters`,
        expected: `at most ${MAX_PROMPT_LENGTH}`,
      },
    );
  }
}

/** Paths or hub ids of the files of a model. */
export function modelPaths(source: ModelSource): string[] {
  const given: unknown = source;
  const isPair =
    typeof given === 'object' &&
    given !== null &&
    !types.isProxy(given) &&
    ('text' in given || 'mmproj' in given) &&
    !(given instanceof URL);
  if (isPlainObject(given) && !isPair) {
    const found = showValue(given);
    throw makeError('ERR_OPTION_TYPE', `model is ${found}, expected the path of a GGUF file`, {
      name: 'model',
      found,
      expected: 'a path or a file: URL',
      hint: 'the model comes first, then the options: load(path, options), or load(undefined, options) for the demo model',
    });
  }
  if (!isPair) return [filePath('model', given, 'a GGUF file', { remedy: 'two-parts' })];
  const { text, mmproj } = reading('model', 'the paths of two GGUF files', () => {
    return { ...(given as { readonly text?: unknown; readonly mmproj?: unknown }) };
  });
  return [
    filePath('model.text', text, 'the GGUF file of the language model'),
    filePath('model.mmproj', mmproj, 'the GGUF file of the vision part'),
  ];
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** `error` about one of `paths`, which are shortened where they are long, with what helps when it is not there. */
export function withPlace(error: unknown, paths: readonly string[]): unknown {
  return withShortPaths(placed(error, paths), paths);
}

function placed(error: unknown, paths: readonly string[]): unknown {
  if (!(error instanceof PaliGemmaError) || error.code !== 'ERR_MODEL_NOT_FOUND') return error;
  const file = paths.find((one) => error.message.includes(one));
  if (file === undefined || error.hint !== undefined) return error;
  const hint = file.startsWith('~')
    ? '"~" is not expanded here: use os.homedir()'
    : file.startsWith('file:')
      ? 'this is text, not a URL: pass new URL(…)'
      : placeOf(file);
  const { subject, found, expected, cause } = error;
  const isGone = hint === undefined && /no such file/i.test(found ?? '');
  if (hint === undefined && !isGone) return error;
  return makeError(error.code, error.message, {
    ...(subject !== undefined && { name: subject }),
    ...(found !== undefined && { found }),
    ...(expected !== undefined && { expected }),
    ...(hint === undefined ? { remedy: 'find-model' as const } : { hint }),
    cause,
  });
}

/** Ids of a vocabulary of so many tokens. */
export function tokenIds(ids: Iterable<number>, vocabularySize: number): readonly number[] {
  const list = reading('ids', 'an array or another iterable of token ids', () =>
    typeof (ids as Partial<typeof ids> | null)?.[Symbol.iterator] === 'function'
      ? [...ids]
      : undefined,
  );
  if (list === undefined) {
    throw makeError('ERR_OPTION_TYPE', `ids is ${showValue(ids)}, expected token ids`, {
      name: 'ids',
      found: showValue(ids),
      expected: 'an array or another iterable of token ids',
    });
  }
  for (const id of list) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabularySize) {
      throw makeError(
        'ERR_OPTION_RANGE',
        `token id is ${showValue(id)}, expected an integer from 0 to ${vocabularySize - 1}`,
        {
          name: 'ids',
          found: showValue(id),
          expected: `0 to ${vocabularySize - 1}`,
        },
      );
    }
  }
  return list;
}
