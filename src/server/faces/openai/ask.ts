/** One question of a client to the model: what both APIs make out of a request, and what both put into an answer. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ModelInfo, type Piece, parseDetections, type TokenLogprob } from '../../../index.js';
import { type Declarations, parseOptions } from '../../../options/option.js';
import { TASKS, type Task } from '../../../tasks/registry.js';
import { taskJson } from '../../../wire/results.js';
import type { Running, Service } from '../../service.js';
import { parametersOf, splitParameters } from '../typed-schema.js';
import { badField } from './errors.js';
import type { Extension } from './fields.js';
import { type Plan, planOf, type Reading } from './formats.js';
import { promptOf, type Turn } from './turn.js';

/** How tokens are drawn and what is reported of them. */
export interface Drawing {
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number | undefined;
  /** Tokens. */
  readonly most: number | undefined;
  /** Of how many tokens the probability is reported at each place; undefined for none. */
  readonly topLogprobs: number | undefined;
}

export interface Question {
  readonly model: string | undefined;
  readonly turn: Turn;
  /** The field that the turn was in. */
  readonly field: 'messages' | 'input';
  readonly extension: Extension;
  readonly drawing: Drawing;
  /** A JSON schema, where the answer has to follow one. */
  readonly schema: unknown;
  readonly stops: readonly string[];
}

/** A question that the model works on. */
export interface Asked {
  readonly alias: string;
  readonly created: number;
  /** Of the model and its weights, short. */
  readonly fingerprint: string;
  /** Pieces of the answer as they come; the whole as one where a task makes it. */
  pieces(): AsyncGenerator<AnswerPiece, void, undefined>;
  readonly answer: () => Promise<Answer>;
}

export interface AnswerPiece {
  readonly text: string;
  readonly logprobs: readonly LogprobEntry[] | null;
}

export interface Answer extends Reading {
  readonly isCut: boolean;
  readonly logprobs: readonly LogprobEntry[] | null;
  readonly tokens: { readonly prompt: number; readonly cached: number; readonly answer: number };
  /** What the API has no place for. */
  readonly paligemma: object;
}

/** Starts the answer when its turn has come. What is wrong with the question throws before that. */
export async function ask(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  question: Question,
): Promise<Asked> {
  const { turn, drawing, stops } = question;
  const plan = planFor(question);
  if (drawing.topLogprobs !== undefined && plan.task !== 'generate') {
    throw badField('logprobs', 'set', 'nothing with a task or a response_format');
  }
  const pictures = await service.pictures.fromTexts(turn.pictures, service.senderOf(request));
  const task: Task = TASKS[plan.task];
  const given = { ...sampling(service, question, plan), ...plan.parameters };
  // The model is a field of the request; a drawing has no place in it.
  const { model: _, annotate: __, ...declared } = parametersOf(task);
  const checked = parseOptions(plan.task, declared, given);
  const running = await service.start(request, {
    ...{ task: plan.task, pictures, model: question.model },
    ...splitParameters(task, checked),
  });
  reply.header('x-model', running.alias);
  const notes = [...turn.notes, ...plan.notes];
  return {
    alias: running.alias,
    created: Math.floor(Date.now() / 1000),
    fingerprint: fingerprintOf(running.info),
    answer: async () => {
      const result = await running.result;
      service.answering(request);
      return answerOf(running, result, { plan, notes, stops, drawing });
    },
    pieces: () => piecesOf(running, plan, question),
  };
}

interface NotedPlan extends Plan {
  /** The content is what the model generates, so that it can be sent as it comes. */
  readonly isRaw: boolean;
  readonly notes: readonly string[];
}

function planFor({ turn, field, extension, schema }: Question): NotedPlan {
  const { task, labels, parameters, prompt_mode } = extension;
  if (schema !== undefined) {
    if (task !== undefined) throw badField('paligemma.task', 'set', 'nothing with response_format');
    const plan = planOf(schema, turn.text, labels);
    return { ...plan, isRaw: false, notes: [`the answer is that of the task ${plan.task}`] };
  }
  if (task === undefined || task === 'generate') {
    const { prompt, notes } = promptOf(turn.text, prompt_mode, field);
    const read = (result: object): Reading => ({
      content: (result as { readonly text: string }).text,
      refusal: null,
    });
    return { task: 'generate', parameters: { ...parameters, prompt }, read, isRaw: true, notes };
  }
  // The one text that the task takes, unless it is named.
  const all: Declarations = { ...TASKS[task].arguments, ...TASKS[task].options };
  const text = TEXTS.find((name) => Object.hasOwn(all, name));
  const words = text !== undefined && turn.text !== '' ? { [text]: turn.text } : {};
  const isRaw = (TASKS[task] as Task).parts === 'text';
  return { task, parameters: { ...words, ...parameters }, read: readTask, isRaw, notes: [] };
}

/** Arguments and options of tasks that the text of a message is. */
const TEXTS = ['question', 'phrase', 'statement'];

/** The result of a task as a text. */
function readTask(result: object): Reading {
  const { raw, label, fields } = result as {
    readonly raw?: string;
    readonly label?: string;
    readonly fields?: Readonly<Record<string, { readonly value: unknown }>>;
  };
  const values = Object.entries(fields ?? {}).map(([name, { value }]) => [name, value]);
  return { content: raw ?? label ?? JSON.stringify(Object.fromEntries(values)), refusal: null };
}

/** Options of the API under our names, as far as the task has them. */
function sampling(
  service: Service,
  { model, turn, drawing }: Question,
  { task }: Plan,
): Record<string, unknown> {
  const { temperature, topP, seed, topLogprobs } = drawing;
  const all = {
    temperature,
    ...(topP > 0 && { topP }),
    // Negative ones are as good as others.
    ...(seed !== undefined && { seed: Math.abs(seed) }),
    ...(topLogprobs !== undefined && { topLogprobs }),
    maxTokens: mostTokens(service, model, turn, drawing.most),
  };
  const { options } = TASKS[task];
  return Object.fromEntries(
    Object.entries(all).filter(([name, value]) => value !== undefined && name in options),
  );
}

/** A token has at least one character, and control tokens come with the prompt. */
const CONTROL_TOKENS = 4;

/** Clients name as many tokens as other models have: a bound that the context does not hold is none. */
function mostTokens(
  { models, options }: Service,
  alias: string | undefined,
  { text, pictures }: Turn,
  asked: number | undefined,
): number | undefined {
  if (asked === undefined) return undefined;
  const most = Math.min(asked, options.maxAnswerTokens);
  const { info } = models.statuses.find((one) => one.alias === alias) ?? models.statuses[0] ?? {};
  if (info === undefined) return most;
  const bytes = Buffer.byteLength(text) + CONTROL_TOKENS;
  const room = info.contextLength - pictures.length * info.imageTokenCount - 2 * bytes;
  return most <= room ? most : undefined;
}

// --- answers --------------------------------------------------------------------------------------------------------

interface Reader {
  readonly plan: NotedPlan;
  readonly notes: readonly string[];
  readonly stops: readonly string[];
  readonly drawing: Drawing;
}

/** What results have, as far as they have it. */
interface AnyResult {
  readonly raw?: string;
  readonly image?: { readonly width: number; readonly height: number };
  readonly finishReason?: string;
  readonly usage?: {
    readonly promptTokens: number;
    readonly imageTokens: number;
    readonly completionTokens: number;
    readonly cachedImages: number;
  };
  readonly tokens?: readonly number[];
  readonly logprobs?: readonly number[];
  readonly topLogprobs?: readonly (readonly TokenLogprob[])[];
}

function answerOf(
  running: Running,
  result: object,
  { plan, notes, stops, drawing }: Reader,
): Answer {
  const known = result as AnyResult;
  const { raw = '', image, usage, finishReason, tokens = [], logprobs = [], topLogprobs } = known;
  const { content, refusal } = plan.read(result);
  const ended = content === null ? undefined : cutAt(content, stops);
  const isLocated = plan.task === 'generate' && raw.includes('<loc') && image !== undefined;
  const found = isLocated ? parseDetections(raw, image).detections : [];
  const { tokens: _, logprobs: __, topLogprobs: ___, usage: ____, ...rest } = taskJson(result);
  return {
    ...{ content: ended?.text ?? null, refusal },
    isCut: finishReason === 'length' && ended?.isCut !== true,
    logprobs:
      drawing.topLogprobs === undefined
        ? null
        : tokens.map((token, i) =>
            entryOf(running, { token, logprob: logprobs[i] ?? 0, top: topLogprobs?.[i] ?? [] }),
          ),
    tokens: {
      prompt: (usage?.promptTokens ?? 0) + (usage?.imageTokens ?? 0),
      cached: (usage?.cachedImages ?? 0) * running.info.imageTokenCount,
      answer: usage?.completionTokens ?? 0,
    },
    paligemma: {
      ...{ task: plan.task, ...rest },
      ...(found.length > 0 && { detections: found.map(({ label, box }) => ({ label, box })) }),
      notes,
    },
  };
}

/** Names the weights, as answers of other ones may differ. */
function fingerprintOf({ name, fileBytes, weightTypes }: ModelInfo): string {
  return `fp_${[name, ...Object.keys(weightTypes), fileBytes].join('_').replace(/[^\w.-]+/g, '-')}`;
}

function cutAt(text: string, stops: readonly string[]): { text: string; isCut: boolean } {
  const places = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  const isCut = places.length > 0;
  return { text: isCut ? text.slice(0, Math.min(...places)) : text, isCut };
}

async function* piecesOf(
  running: Running,
  plan: NotedPlan,
  { stops, drawing }: Question,
): AsyncGenerator<AnswerPiece, void, undefined> {
  if (!plan.isRaw) {
    const { content } = plan.read(await running.result);
    if (content !== null) yield { text: cutAt(content, stops).text, logprobs: null };
    return;
  }
  // What may be the beginning of a text that ends the answer waits for the rest.
  const held = Math.max(0, ...stops.map((stop) => stop.length - 1));
  let [all, sent] = ['', 0];
  for await (const part of running.parts as AsyncIterable<Piece>) {
    all += part.text;
    const { text, isCut } = cutAt(all, stops);
    const end = isCut ? text.length : Math.max(sent, text.length - held);
    const logprobs =
      drawing.topLogprobs === undefined || part.token < 0
        ? null
        : [entryOf(running, { ...part, top: part.topLogprobs ?? [] })];
    if (end > sent || logprobs !== null) yield { text: text.slice(sent, end), logprobs };
    sent = Math.max(sent, end);
  }
  const { text } = cutAt(all, stops);
  if (text.length > sent) yield { text: text.slice(sent), logprobs: null };
}

// --- probabilities --------------------------------------------------------------------------------------------------

interface TokenEntry {
  readonly token: string;
  readonly logprob: number;
  /** UTF-8; null for a token that is part of a character. */
  readonly bytes: readonly number[] | null;
}

export interface LogprobEntry extends TokenEntry {
  readonly top_logprobs: readonly TokenEntry[];
}

/** JSON has no infinity; the API writes this. */
const IMPOSSIBLE = -9999;

function entryOf(
  running: Running,
  {
    token,
    logprob,
    top,
  }: { readonly token: number; readonly logprob: number; readonly top: readonly TokenLogprob[] },
): LogprobEntry {
  const one = (id: number, log: number): TokenEntry => {
    const text = running.textOf([id]);
    const bytes = text.includes('\ufffd') ? null : [...Buffer.from(text)];
    return { token: text, logprob: Math.max(log, IMPOSSIBLE), bytes };
  };
  return {
    ...one(token, logprob),
    top_logprobs: top.map((other) => one(other.token, other.logprob)),
  };
}
