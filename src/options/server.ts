/** Options of the server: of the plugin, of `paligemma serve` and of its file. What they do is in src/server. */
import { makeError, PaliGemmaError } from '../errors.js';
import { checkIsolation, LOAD_OPTIONS } from './load.js';
import {
  boolean,
  type Declaration,
  type Entries,
  integer,
  list,
  number,
  oneOf,
  type Parsed,
  parseOptions,
  path,
  REQUIRED,
  record,
  string,
} from './option.js';
import { showValue } from './show.js';
import type { ServedModelOptions, ServerOptions } from './types.js';

// Callbacks and secrets have no place there.
const { onProgress: _, onNote: __, signal: ___, token: ____, ...rest } = LOAD_OPTIONS;

/** How a model is loaded, as far as a file can say it. */
export const MODEL_OPTIONS = rest;

/** One of several models. */
export const SERVED_MODEL_OPTIONS = {
  file: path({
    default: REQUIRED,
    doc: 'its GGUF file, or a model on the hub such as hf:owner/repo',
  }),
  mmproj: path({
    default: undefined,
    doc: 'its vision part, where `file` has the language model only',
  }),
  loadAt: oneOf(['start', 'first-use'], {
    default: 'start',
    doc: 'load it with the server, or when it is first asked for',
  }),
  ...MODEL_OPTIONS,
};

const text = { minLength: 1, maxLength: 1024 };

/** What a client names a model by. It becomes part of addresses and of labels of metrics. */
const ALIAS = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** A name or an address as the header Host has it, without port. */
const HOST = '([A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*|\\[[0-9A-Fa-f:.]+\\])';
const PORT = '(:[1-9][0-9]{0,4})';

const BYTE = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const V4 = `${BYTE}(\\.${BYTE}){3}`;
const V6 = '[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*';

/** As browsers write it: in small letters, without the port that the scheme has anyway. */
function originOf(text: string): string {
  const origin = text.toLowerCase().replace(/\/$/, '');
  return origin.replace(/^(http:.*):80$|^(https:.*):443$/, '$1$2');
}

export const SERVER_OPTIONS = {
  model: path({
    default: undefined,
    letter: 'm',
    doc: 'the model to serve, under the alias `paligemma`: a GGUF file, or one on the hub such as hf:owner/repo; left out, and without `models`, the demo model',
  }),
  mmproj: path({
    default: undefined,
    doc: 'its vision part, where `model` has the language model only',
  }),
  models: record({
    default: undefined,
    cli: false,
    of: 'model',
    names: ALIAS,
    minCount: 1,
    maxCount: 64,
    value: path({ default: REQUIRED, doc: 'its GGUF file' }),
    detailed: SERVED_MODEL_OPTIONS,
    doc: 'several models by alias, such as { "small": "a.gguf" }; requests that name none get the first',
    // What editors show by the name of its type.
  }) as Entries & Declaration<Readonly<Record<string, string | ServedModelOptions>> | undefined>,
  prefix: string<string, undefined>({
    default: undefined,
    ...text,
    form: { pattern: /^(\/[\w.~-]+)+$/, words: 'a path such as "/ai"' },
    doc: 'what the path of every route begins with',
  }),

  keys: list({
    default: undefined,
    cli: false,
    of: 'key',
    minCount: 1,
    maxCount: 10_000,
    minLength: 8,
    maxLength: 1024,
    isSecret: true,
    doc: 'keys of clients, as they are or as sha256: and 64 hexadecimal digits; left out, none is needed',
  }),
  keysFile: path({
    default: undefined,
    cli: false,
    doc: 'file with a key on each line, in the same form; read again when it changes',
  }),
  requestsPerMinute: integer({
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: 'requests that one key may send in a minute, else 429; 0 for any number',
  }),
  hosts: list({
    default: undefined,
    cli: false,
    of: 'host',
    minCount: 1,
    maxCount: 100,
    minLength: 1,
    maxLength: 253,
    form: {
      pattern: new RegExp(`^${HOST}$`),
      words: 'a name or address without scheme and port, such as ai.example or [::1]',
      stored: (host) => host.toLowerCase(),
    },
    doc: 'names that the server may be called by; left out, any, but only those of this machine on a loopback address without keys, as a web page could call it by a name of its own',
  }),
  origins: list({
    default: undefined,
    cli: false,
    of: 'origin',
    minCount: 1,
    maxCount: 100,
    minLength: 1,
    maxLength: 253,
    form: {
      pattern: new RegExp(`^[A-Za-z][A-Za-z0-9+.-]*://${HOST}${PORT}?/?$`),
      words: 'a scheme and a host without path, such as https://app.example',
      stored: originOf,
    },
    doc: 'web pages that may call the server; left out, only its own',
  }),
  pictureHosts: list({
    default: undefined,
    cli: false,
    of: 'host',
    minCount: 1,
    maxCount: 1000,
    minLength: 1,
    maxLength: 300,
    form: {
      // Names may have letters of any language. What is more than a pattern can tell is refused by the server.
      pattern:
        /^([Hh][Tt][Tt][Pp][Ss]?:\/\/)?(\*|(\*\.)?[A-Za-z0-9_.\u0080-\uD7FF\uE000-\uFFFF-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$/,
      words: 'a host such as images.example or *.images.example',
    },
    doc: 'hosts that pictures may be fetched from when a request names an address: images.example, *.images.example, or * for all; with a port if it is another one, with http:// if it is not https; left out, nothing is fetched',
  }),
  pictureNetworks: list({
    default: undefined,
    cli: false,
    of: 'network',
    minCount: 1,
    maxCount: 100,
    minLength: 2,
    maxLength: 50,
    form: {
      // What is more than a pattern can tell is refused by the server.
      pattern: new RegExp(
        `^(${V4}(/([0-9]|[12][0-9]|3[0-2]))?|${V6}(/(1[01][0-9]|12[0-8]|[1-9]?[0-9]))?)$`,
      ),
      words: 'a network such as 10.1.0.0/16, or an address',
    },
    doc: 'networks of your own in which these hosts may be; left out, they are reached in the public internet only',
  }),

  maxRequests: integer({
    default: 64,
    min: 1,
    max: 100_000,
    doc: 'requests that are read, wait or run at the same time; one more gets 503',
  }),
  maxQueuedTokens: integer({
    default: 65_536,
    min: 1,
    max: 1_000_000_000,
    unit: 'tokens',
    doc: 'cost of these requests together: tokens of pictures and prompts, and of the longest answers',
  }),
  maxBodyBytes: integer({
    default: 16 * 1024 * 1024,
    min: 1024,
    max: 256 * 1024 * 1024,
    unit: 'bytes',
    doc: 'largest body of a request, counted while it arrives',
  }),
  maxPictures: integer({
    default: 8,
    min: 1,
    max: 128,
    doc: 'pictures in one request',
  }),
  maxPixels: integer({
    default: 50_000_000,
    min: 1,
    max: 500_000_000,
    unit: 'pixels',
    doc: 'refuse larger pictures before they are decoded',
  }),
  maxUploadBytes: integer({
    default: 64 * 1024 * 1024,
    min: 0,
    max: 68_719_476_736,
    unit: 'bytes',
    doc: 'pictures that are kept for questions by their ids, all together; one more gets 507; 0 for none',
  }),
  uploadMs: integer({
    default: 3_600_000,
    min: 1,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'time that an uploaded picture is kept',
  }),
  maxAnswerTokens: integer({
    default: 1024,
    min: 1,
    max: 1_048_576,
    unit: 'tokens',
    doc: 'most that a request may set maxTokens to',
  }),
  deadlineMs: integer({
    default: 60_000,
    min: 1,
    max: 86_400_000,
    unit: 'ms',
    doc: 'time for a request from its first line to its answer, else 504; a client may set less with the header x-deadline-ms',
  }),
  drainMs: integer({
    default: 25_000,
    min: 0,
    max: 86_400_000,
    unit: 'ms',
    doc: 'time that accepted requests have when the server closes',
  }),
  unloadAfterMs: integer({
    default: 0,
    min: 0,
    max: 2_147_483_647,
    unit: 'ms',
    doc: 'free a model that was not used for so long; the next request loads it again; 0 never',
  }),
  maxModelMb: number({
    default: 0,
    min: 0,
    max: 1_048_576,
    unit: 'MiB',
    doc: 'memory for all models together: before another one is loaded, those unused longest are freed; 0 for no bound',
  }),
  metrics: boolean({
    default: true,
    doc: 'answer /metrics in the text format of Prometheus',
  }),
};

/** Of a server of its own, which `paligemma serve` starts. */
export const SERVE_OPTIONS = {
  host: string({
    default: '127.0.0.1',
    ...text,
    placeholder: 'address',
    doc: 'address to listen on; 0.0.0.0 for all of this machine, which needs keys',
  }),
  port: integer({ default: 8765, min: 0, max: 65_535, doc: 'port to listen on; 0 for a free one' }),
  withoutKeys: boolean({
    default: false,
    doc: 'let everyone who reaches the address ask',
  }),
  logRequests: boolean({
    default: false,
    doc: 'write a line of JSON to standard error for each request, with its route and without its address and body',
  }),
  ...SERVER_OPTIONS,
};

export type ParsedServeOptions = Parsed<typeof SERVE_OPTIONS>;
export type ParsedServerOptions = Parsed<typeof SERVER_OPTIONS>;
export type ParsedServedModel = Parsed<typeof SERVED_MODEL_OPTIONS>;

/** What a model is called that was named without an alias. */
export const DEFAULT_ALIAS = 'paligemma';

/** Whether clients have to send a key. */
export const hasKeys = ({
  keys,
  keysFile,
}: Pick<ParsedServerOptions, 'keys' | 'keysFile'>): boolean =>
  keys !== undefined || keysFile !== undefined;

export function parseServerOptions(options?: ServerOptions): ParsedServerOptions {
  checkModels(options ?? {});
  return parseOptions('paligemma', SERVER_OPTIONS, options);
}

/** For options before they are parsed: a record says of its entries only what each may be, not which key is wrong. */
export function checkModels(options: { readonly models?: unknown }): void {
  const ofModel = Object.keys(options).find((name) => Object.hasOwn(MODEL_OPTIONS, name));
  if (ofModel !== undefined) {
    throw makeError('ERR_OPTION_UNKNOWN', `the server has no option "${ofModel}"`, {
      ...{ name: ofModel, found: `"${ofModel}"`, expected: 'an option of the server' },
      hint: `each model has it: "models": { "${DEFAULT_ALIAS}": { "file": "…", "${ofModel}": … } }`,
    });
  }
  const { models } = options;
  if (typeof models !== 'object' || models === null) return;
  for (const [alias, one] of Object.entries(models)) {
    if (typeof one === 'object' && one !== null) parseServedModel(alias, one);
  }
}

/** Every model by its alias, with all of its options; none where none is named. */
export function servedModels(
  o: Pick<ParsedServerOptions, 'model' | 'mmproj' | 'models'>,
): ReadonlyMap<string, ParsedServedModel> {
  const { model, mmproj, models = {} } = o;
  const named: Readonly<Record<string, unknown>> = {
    ...(model !== undefined && { [DEFAULT_ALIAS]: { file: model, mmproj } }),
    ...models,
  };
  return new Map(
    Object.entries(named).map(([alias, one]) => [
      alias,
      parseServedModel(alias, typeof one === 'string' ? { file: one } : one),
    ]),
  );
}

function parseServedModel(alias: string, options: unknown): ParsedServedModel {
  if (!ALIAS.test(alias)) {
    const found = `an alias ${showValue(alias)}`;
    const expected = 'small letters, digits, ".", "_" and "-", at most 64';
    throw makeError('ERR_OPTION_RANGE', `models has ${found}, expected ${expected}`, {
      ...{ name: 'models', found, expected },
    });
  }
  try {
    const parsed = parseOptions(`models.${alias}`, SERVED_MODEL_OPTIONS, options);
    checkIsolation(parsed);
    return parsed;
  } catch (error) {
    if (!(error instanceof PaliGemmaError) || error.code === 'ERR_OPTION_UNKNOWN') throw error;
    const { code, message, subject, found, expected } = error;
    throw makeError(code, `models.${alias}: ${message}`, {
      name: `models.${alias}.${subject}`,
      ...(found !== undefined && { found }),
      ...(expected !== undefined && { expected }),
    });
  }
}
