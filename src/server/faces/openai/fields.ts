/** Fields of requests: those that mean something here, once. All others, and those that are null, are left alone. */
import {
  boolean,
  type Declarations,
  integer,
  list,
  number,
  oneOf,
  type Parsed,
  parseOptions,
  string,
} from '../../../options/option.js';
import { LABEL_LIMITS } from '../../../options/task-arguments.js';
import { TASKS, type TaskName } from '../../../tasks/registry.js';
import { badField } from './errors.js';

/** Most tokens that a client may name: what is more than the server allows becomes what it allows. */
const MANY = 1_000_000_000;

const most = (doc: string) => integer({ default: undefined, min: 1, max: MANY, doc });

export const MODEL_FIELD = {
  model: string<string, undefined>({
    ...{ default: undefined, minLength: 1, maxLength: 256 },
    doc: 'alias of the model; left out, the first one',
  }),
};

const COMMON = {
  ...MODEL_FIELD,
  stream: boolean({ default: false, doc: 'send the answer as it comes' }),
  temperature: number({
    ...{ default: 0, min: 0, max: 2 },
    doc: 'how freely tokens are drawn; 0 always takes the most probable one',
  }),
  top_p: number({
    ...{ default: 1, min: 0, max: 1 },
    doc: 'draw from the most probable tokens that together reach this probability',
  }),
  top_logprobs: integer({
    ...{ default: 0, min: 0, max: 20 },
    doc: 'report this many most probable tokens with each token',
  }),
};

export const CHAT_FIELDS = {
  ...COMMON,
  n: integer({ default: 1, min: 1, max: 1, doc: 'answers' }),
  max_completion_tokens: most('longest answer in tokens'),
  max_tokens: most('older name of max_completion_tokens'),
  seed: integer({
    ...{ default: undefined, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER },
    doc: 'makes drawing repeatable',
  }),
  logprobs: boolean({ default: false, doc: 'report the probability of each token' }),
};

export const RESPONSES_FIELDS = {
  ...COMMON,
  max_output_tokens: most('longest answer in tokens'),
};

const PROMPT_MODES = ['auto', 'verbatim', 'strict'] as const;
export type PromptMode = (typeof PROMPT_MODES)[number];

/** Tasks whose answers are one text, or can be written as one. */
const ASKED_TASKS = (Object.keys(TASKS) as TaskName[]).filter((name) => {
  const { images, answers } = TASKS[name];
  return images !== 'clip' && answers !== 'phrasings';
});

/** The field `paligemma` of a request. */
export const EXTENSION = {
  task: oneOf(ASKED_TASKS, {
    default: undefined,
    doc: 'answer with this task; the text of the message is its question or phrase',
  }),
  labels: list({
    ...{ default: undefined, of: 'label', ...LABEL_LIMITS },
    doc: 'labels of the task, or of a response_format with boxes',
  }),
  prompt_mode: oneOf(PROMPT_MODES, {
    default: 'auto',
    doc: 'text that the model was not trained with: made into a prompt that it was, sent as it is, or refused',
  }),
};

/** What `body` says of the fields that are declared. Throws ERR_OPTION_*. */
export function readFields<D extends Declarations>(
  declarations: D,
  body: Readonly<Record<string, unknown>>,
): Parsed<D> {
  const known = Object.entries(body).filter(
    ([name, value]) => Object.hasOwn(declarations, name) && value !== null,
  );
  return parseOptions('the request', declarations, Object.fromEntries(known));
}

export interface Extension extends Parsed<typeof EXTENSION> {
  /** Arguments of the task by name, and its options. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export function readExtension(body: Readonly<Record<string, unknown>>): Extension {
  const given = readObject(body, 'paligemma');
  const { options: _, task: __, prompt_mode: ___, ...args } = given;
  const options = readObject(given, 'options', 'paligemma.options');
  return { ...readFields(EXTENSION, given), parameters: { ...args, ...options } };
}

/** A field that is an object; an empty one where it is left out. `path`: its name in the whole request. */
export function readObject(
  body: Readonly<Record<string, unknown>>,
  name: string,
  path = name,
): Readonly<Record<string, unknown>> {
  const given = body[name] ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw badField(path, 'no object', 'an object');
  }
  return given as Readonly<Record<string, unknown>>;
}

/** Texts that end an answer. */
export function readStops(stop: unknown): readonly string[] {
  const all = stop === undefined || stop === null ? [] : [stop].flat();
  if (all.length > 4 || all.some((one) => typeof one !== 'string' || one === '')) {
    throw badField('stop', 'something else', 'a text or up to four');
  }
  return all as string[];
}

/** Refuses fields whose meaning cannot be kept. `allowed`: values that ask for nothing. */
export function refuse(
  body: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, readonly string[]>>,
): void {
  for (const [name, allowed] of Object.entries(fields)) {
    const value = body[name] ?? undefined;
    if (value === undefined || value === false) continue;
    if (Array.isArray(value) && value.every((one) => allowed.includes(String(one)))) continue;
    if (typeof value !== 'object' && allowed.includes(String(value))) continue;
    const [first = 'nothing'] = allowed;
    throw badField(name, 'set', `${first}, as it cannot be kept here`);
  }
}
