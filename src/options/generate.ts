/** Options of `predict` and `stream`. What they do is in src/model.ts and the engine. */
import { ENCODE_OPTIONS } from './image.js';
import { MAX_CONTEXT_LENGTH } from './limits.js';
import { boolean, integer, number, type Parsed, parseOptions, string } from './option.js';
import type { GenerateOptions } from './types.js';

/** How long an answer may be and how its tokens are drawn: for every call that generates text. */
export const SAMPLING_OPTIONS = {
  maxTokens: integer({
    default: undefined,
    min: 1,
    max: MAX_CONTEXT_LENGTH,
    unit: 'tokens',
    doc: 'longest answer; left out, 256 or what still fits the context, whichever is less',
  }),
  temperature: number({
    default: 0,
    min: 0,
    max: 100,
    doc: 'how freely tokens are drawn; 0 always takes the most probable one',
  }),
  topK: integer({
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: 'draw from this many most probable tokens only; 0 turns it off',
  }),
  topP: number({
    default: 1,
    min: 0,
    aboveMin: true,
    max: 1,
    doc: 'draw from the most probable tokens that together reach this probability; 1 turns it off',
  }),
  seed: integer({
    default: undefined,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'makes drawing repeatable; left out, every call with a temperature draws anew',
  }),
};

export const GENERATE_OPTIONS = {
  ...SAMPLING_OPTIONS,
  topLogprobs: integer({
    default: 0,
    min: 0,
    max: 20,
    doc: 'report this many most probable tokens with each token',
  }),
  pattern: string({
    placeholder: 'regex',
    default: undefined,
    minLength: 1,
    maxLength: 1_000_000,
    doc: 'regular expression that the whole answer must match; see docs/prompts.md for its syntax',
  }),
  locProbabilities: boolean({
    default: false,
    cli: false,
    doc: 'report the probabilities of all 1024 loc tokens with each loc token, and the presence of boxes',
  }),
  minPresence: number({
    default: undefined,
    min: 0,
    max: 1,
    cli: false,
    doc: 'presence from which a box begins, else the answer ends; left out, the likeliest token decides',
  }),
  stopAtRepetition: boolean({
    default: false,
    doc: 'end an answer that repeats the same boxes',
  }),
  ...ENCODE_OPTIONS,
};

export type ParsedGenerateOptions = Parsed<typeof GENERATE_OPTIONS>;

export function parseGenerateOptions(
  options?: GenerateOptions,
  owner = 'predict',
): ParsedGenerateOptions {
  return parseOptions(owner, GENERATE_OPTIONS, options);
}
