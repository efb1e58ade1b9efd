/** The server's file: JSON with the options as keys, read again on request and when it changes. */
import { isUtf8 } from 'node:buffer';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import path from 'node:path';
import { makeError, PaliGemmaError } from '../errors.js';
import { fileFault } from '../options/file-fault.js';
import { type JsonSchema, jsonSchema } from '../options/json-schema.js';
import { parseOptions } from '../options/option.js';
import { checkModels, type ParsedServeOptions, SERVE_OPTIONS } from '../options/server.js';
import { showPath } from '../options/show.js';

/** Editors look for it there. */
const SCHEMA_KEY = '$schema';
/** Files are looked at so often: a mounted ConfigMap is exchanged as a whole, which no watcher of folders sees reliably. */
const LOOK_MS = 1000;

interface Config {
  readonly options: ParsedServeOptions;
  /** An error about an option, with the name of the file where that has it; any other as it is. */
  readonly inFile: (error: unknown) => unknown;
}

/**
 * The options in a file, over which those of `flags` take precedence. `model` is served where neither names any. Throws an
 * error that names file and key.
 */
export function readConfig(
  file: string | undefined,
  flags: Readonly<Record<string, unknown>> = {},
  model?: string,
): Config {
  const ofFile = file === undefined ? {} : fromFile(file);
  const given = { ...ofFile, ...flags };
  const isNamed = 'model' in given || 'models' in given;
  const options: Readonly<Record<string, unknown>> = {
    ...(model !== undefined && !isNamed && { model }),
    ...given,
  };
  const inFile = (error: unknown): unknown => {
    if (file === undefined || !(error instanceof PaliGemmaError)) return error;
    const { code, message, subject = '', found, expected } = error;
    // `models.small.slots` and `keys[0]` are within an option.
    const [option = ''] = /^\w*/.exec(subject) ?? [];
    // Flags have no unknown ones.
    const isUnknown = code === 'ERR_OPTION_UNKNOWN';
    const isOfFile = isUnknown || (Object.hasOwn(ofFile, option) && !Object.hasOwn(flags, option));
    if (!code.startsWith('ERR_OPTION_') || !isOfFile || message.startsWith(file)) return error;
    // It has the words of programs, whose names of options are the keys of the file.
    return makeError(code, `${file}: ${message}`, {
      name: subject,
      ...(found !== undefined && { found }),
      ...(expected !== undefined && { expected }),
    });
  };
  try {
    checkModels(options);
    return { options: parseOptions(file ?? 'serve', SERVE_OPTIONS, options), inFile };
  } catch (error) {
    throw inFile(error);
  }
}

function fromFile(file: string): Readonly<Record<string, unknown>> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw badConfig(file, unreadable(cause), cause);
  }
  // Else a path or name would be read with other characters.
  if (!isUtf8(bytes)) throw badConfig(file, 'not UTF-8');
  let json: unknown;
  try {
    // Editors of Windows begin a file with a mark of its encoding.
    json = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch (cause) {
    const [, place] = /(at position \d+.*|line \d+.*)$/.exec((cause as Error).message) ?? [];
    throw badConfig(file, `no JSON${place === undefined ? '' : ` (${place})`}`, cause);
  }
  if (!isRecord(json)) throw badConfig(file, 'no JSON object');
  const { [SCHEMA_KEY]: _, ...options } = json;
  return fromFolder(path.dirname(file), options);
}

/** Paths in a file are relative to it. */
function fromFolder(folder: string, options: Readonly<Record<string, unknown>>) {
  const place = (value: unknown): unknown =>
    typeof value !== 'string' || value === '' || /^(hf|file):/.test(value)
      ? value
      : path.resolve(folder, value);
  const placeAll = (object: object, names: readonly string[]): object =>
    Object.fromEntries(
      Object.entries(object).map(([key, value]) => [
        key,
        names.includes(key) ? place(value) : value,
      ]),
    );
  const { models } = options;
  return {
    ...placeAll(options, ['model', 'mmproj', 'keysFile']),
    ...(isRecord(models) && {
      models: Object.fromEntries(
        Object.entries(models).map(([alias, one]) => [
          alias,
          typeof one === 'object' && one !== null ? placeAll(one, ['file', 'mmproj']) : place(one),
        ]),
      ),
    }),
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a file is that cannot be read. */
export function unreadable(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT'
    ? 'a file that does not exist'
    : `a file that cannot be read (${fileFault(cause)})`;
}

function badConfig(file: string, found: string, cause?: unknown): Error {
  const expected = 'a JSON file with options of the server';
  const name = showPath(file);
  return makeError('ERR_OPTION_RANGE', `${name} is ${found}, expected ${expected}`, {
    ...{ name: 'config', found: `${name}: ${found}`, expected, cause },
  });
}

/** The schema of the file, for editors: published as docs/serving.schema.json. */
export function configSchema(): JsonSchema {
  const schema = jsonSchema(SERVE_OPTIONS);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'configuration of a PaliGemma server',
    ...schema,
    properties: { [SCHEMA_KEY]: { type: 'string' }, ...(schema['properties'] as object) },
  };
}

/** Calls `changed` when one of the files has changed. What it returns ends that. */
export function watchFiles(
  files: readonly (string | undefined)[],
  changed: () => void,
): () => void {
  const present = files.filter((file) => file !== undefined);
  const listener = (now: { mtimeMs: number; size: number }, before: typeof now): void => {
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size) changed();
  };
  for (const file of present) {
    watchFile(file, { interval: LOOK_MS, persistent: false }, listener);
  }
  return () => present.forEach((file) => void unwatchFile(file, listener));
}
