/**
 * The two kinds of question of a decision, and how the model answers them: which of some options is right, with the probability
 * of each, and where a thing is. Yes or no, choices and levels are all options. How a question is written, and what its answer
 * looks like, is each face's.
 */
import { PaliGemmaError } from '../../../errors.js';
import type {
  DetectedObject,
  ModelInfo,
  PaliGemma,
  Picture,
  Timings,
  Usage,
} from '../../../index.js';
import { total } from '../../../prediction.js';
import { choices, questionPrompt } from '../../../tasks/prompt-input.js';
import { badField } from '../openai/errors.js';

/** One question of a request. */
export interface Question {
  /** Its place among the pictures of the request. */
  readonly picture: number;
  /** Tokens beside the picture. An estimate: the engine counts exactly. */
  readonly tokens: number;
  /** Put to a model; what is wrong with its words was found before. */
  readonly ask: (model: PaliGemma, picture: Picture, signal: AbortSignal) => Promise<Answered>;
}

export interface Answered {
  /** As the face writes it. */
  readonly answer: object;
  readonly usage: Usage;
  readonly timings: Timings;
}

/** What is written for the answer of any question beside what the API has a place for. */
interface Said {
  readonly prompt: string;
}

export interface Chosen extends Said {
  /** Of the options in their order; their sum is 1. */
  readonly probabilities: readonly number[];
  /** The place of the most probable one. */
  readonly best: number;
  /** 0 where all are equally probable, 1 where one is certain. */
  readonly confidence: number;
  /** The probability, 0 to 1, that the model answers with one of the options at all. */
  readonly coverage: number;
}

export interface Option {
  /** `true` is asked for as "yes", and `false` as "no". */
  readonly value: string | boolean;
  readonly description?: string | undefined;
}

/** Where a question is in a request, for failures: `questions[2]`. */
type Place = string;

interface Choosing {
  readonly at: Place;
  readonly picture: number;
  /** Left out, what the picture shows. */
  readonly question: string | undefined;
  readonly options: readonly Option[];
  /** The field of the options: `choices`. */
  readonly field: string;
}

/** Characters that make a token, at least. */
const CHARACTERS_PER_TOKEN = 3;
/** A word has up to so many spellings. */
const SPELLINGS = 4;
/** Of a box: four edges, and how it and its label are separated from the next. */
const BOX_TOKENS = 8;

/** A question about some options. Throws ERR_REQUEST_FORMAT and ERR_OPTION_* where it cannot be asked. */
export function choosing(
  { at, picture, question, options, field }: Choosing,
  answer: (chosen: Chosen) => object,
): Question {
  checkQuestion(question, `${at}.instructions`);
  const words = wordsOf(options, `${at}.${field}`);
  // Yes and no are words, and no things of which there are several.
  const variants = options.some(({ value }) => typeof value === 'string');
  const characters = words.flat().join('').length * (variants ? SPELLINGS : 1);
  return {
    picture,
    tokens: Math.ceil(((question?.length ?? 0) + characters) / CHARACTERS_PER_TOKEN),
    ask: async (model, image, signal) => {
      const said = await model.classify(image, words.flat(), {
        ...{ variants, signal, ...(question !== undefined && { question }) },
      });
      const { distribution, coverage, prompt, usage, timings } = said;
      const each = new Map(distribution.map((one) => [one.label, one.probability]));
      const probabilities = words.map((own) =>
        own.reduce((sum, word) => sum + (each.get(word) ?? 0), 0),
      );
      const best = probabilities.indexOf(Math.max(...probabilities));
      const confidence = concentration(probabilities);
      const chosen = { probabilities, best, confidence, coverage, prompt };
      return { answer: answer(chosen), usage, timings };
    },
  };
}

/** How far the most probable one is above all being equal. */
function concentration(probabilities: readonly number[]): number {
  if (probabilities.length === 1) return 1;
  const equal = 1 / probabilities.length;
  return Math.max(0, (Math.max(...probabilities) - equal) / (1 - equal));
}

/** The mean of the places of the options, each weighted by its probability. */
export function meanOf({ probabilities }: Chosen): number {
  return probabilities.reduce((sum, probability, i) => sum + i * probability, 0);
}

/** What the model may answer for each option: its value and its description, as far as it can say them. */
function wordsOf(options: readonly Option[], at: Place): string[][] {
  const texts = new Set<unknown>(options.map(({ value }) => asText(value)));
  const own = options.map(({ value }) => {
    if (typeof value === 'string') return value.trim();
    const word = value ? 'yes' : 'no';
    return texts.has(word) ? String(value) : word;
  });
  if (new Set(own).size < own.length) throw badField(at, 'a list with one twice', 'different ones');
  const described = options.map(({ description = '' }) => description.trim());
  const all = [...own, ...described];
  return options.map((_, i) => {
    const [word = '', description = ''] = [own[i], described[i]];
    // What describes two options says nothing of either.
    const isShared = all.indexOf(description) !== all.lastIndexOf(description);
    const words = [word, ...(isShared ? [] : [description])].filter(canBeSaid);
    if (words.length > 0) return words;
    const expected = 'a line of at most 200 characters without ";"';
    throw badField(`${at}[${i}]`, 'no text that the model could answer', expected);
  });
}

const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.trim() : undefined;

/** Whether the model can be asked how probable the text is as its answer. */
function canBeSaid(text: string): boolean {
  try {
    const [said] = choices([text], []);
    return said === text;
  } catch (error) {
    if (error instanceof PaliGemmaError) return false;
    throw error;
  }
}

function checkQuestion(question: string | undefined, name: string): void {
  if (question !== undefined) questionPrompt(question, { language: 'en', bare: false }, 1, name);
}

// --- boxes ----------------------------------------------------------------------------------------------------------

export interface Found extends Said {
  /** Edges from 0 to 1 of the upright picture; undefined where nothing was found. */
  readonly box: Readonly<Record<'left' | 'top' | 'right' | 'bottom', number>> | undefined;
  /** The score of the detection. */
  readonly confidence: number;
  /** The probability, 0 to 1, that the thing is in the picture at all. */
  readonly presence: number | undefined;
}

interface Finding {
  readonly at: Place;
  readonly picture: number;
  readonly thing: string;
  /** Where nothing is found: the best guess of the model, or at last the whole picture, with the confidence 0. */
  readonly isAlways: boolean;
}

const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };

/** A question where a thing is. Throws ERR_REQUEST_FORMAT where it cannot be asked. */
export function finding(
  { at, picture, thing, isAlways }: Finding,
  answer: (found: Found) => object,
): Question {
  // "The dog." is how people write it, "dog" how labels are trained.
  const label = thing.replace(/^(?:the|an?) /i, '').replace(/[.?!]$/, '');
  if (!canBeSaid(label)) {
    const expected = 'the name of a thing, in a line of at most 200 characters without ";"';
    throw badField(`${at}.instructions`, 'no text that could be looked for', expected);
  }
  const tokens = 2 * Math.ceil(label.length / CHARACTERS_PER_TOKEN) + BOX_TOKENS;
  return {
    picture,
    tokens: isAlways ? 2 * tokens : tokens,
    ask: async (model, image, signal) => {
      const first = await model.detect(image, label, { signal });
      const { prompt, presence: all } = first;
      const presence = all[0]?.presence;
      const said = { prompt, presence };
      const tell = (best: DetectedObject | undefined, results: readonly Costs[]): Answered => ({
        answer: answer(
          best === undefined
            ? { ...said, box: isAlways ? WHOLE : undefined, confidence: 0 }
            : { ...said, box: edgesOf(best, image), confidence: best.score },
        ),
        usage: total(results.map(({ usage }) => usage)),
        timings: total(results.map(({ timings }) => timings)),
      });
      const best = bestOf(first.detections);
      if (best !== undefined || !isAlways) return tell(best, [first]);
      const guess = await model.detect(image, label, {
        ...{ signal, minPresence: 0, restrictLabels: true },
        maxTokens: model.tokenize(label).length + BOX_TOKENS,
      });
      return tell(bestOf(guess.detections), [first, guess]);
    },
  };
}

interface Costs {
  readonly usage: Usage;
  readonly timings: Timings;
}

function bestOf(detections: readonly DetectedObject[]): DetectedObject | undefined {
  return [...detections].sort((a, b) => b.score - a.score)[0];
}

function edgesOf({ box }: DetectedObject, { width, height }: Picture) {
  return {
    ...{ left: box.xmin / width, top: box.ymin / height },
    ...{ right: box.xmax / width, bottom: box.ymax / height },
  };
}

/** Tokens of the pictures, once for each question about them, and of the questions. */
export function costOf(questions: readonly Question[], info: ModelInfo): number {
  return questions.reduce(
    (sum, { tokens }) => sum + Math.min(info.imageTokenCount + tokens, info.contextLength),
    0,
  );
}
