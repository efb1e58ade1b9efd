/**
 * Which of some labels fits a picture, with the probability of each. One meaning has many spellings (`cat`, `cats`, `Cat`),
 * so that each label is asked for by the sum of its own.
 */
import type { PictureInput } from '../engine/picture.js';
import { type Model, sendNote } from '../model.js';
import type { Note } from '../notes.js';
import { ENCODE_OPTIONS } from '../options/image.js';
import { parseOptions, pick } from '../options/option.js';
import { CLASSIFY_OPTIONS } from '../options/tasks.js';
import type { ClassifyOptions } from '../options/types.js';
import type { Timings, Usage } from '../prediction.js';
import { Prompt } from '../prompt.js';
import type { ImageSize } from '../results/types.js';
import { numbersOf } from './label-variants.js';
import { choices, lowCoverage, questionPrompt } from './prompt-input.js';

export interface LabelProbability<L extends string = string> {
  readonly label: L;
  /** Among the given labels: all of them together are 1. */
  readonly probability: number;
  /** Natural logarithm of the probability of this answer among all answers, in any spelling unless `variants` is off. */
  readonly logprob: number;
}

export interface ClassifyResult<L extends string = string> {
  readonly prompt: string;
  /** The most probable one. */
  readonly label: L;
  /** Its probability among the given labels; 1 where there is one label. */
  readonly score: number;
  /** All labels, the most probable first. */
  readonly distribution: readonly LabelProbability<L>[];
  /**
   * The probability, 0 to 1, that the model answers with one of the labels at all; near 0: the question does not suit them.
   * Of one label alone, how probable it is.
   */
  readonly coverage: number;
  readonly image: ImageSize;
  readonly usage: Usage;
  readonly timings: Timings;
}

export async function classify(
  model: Model,
  image: PictureInput,
  labels: string | readonly string[],
  options?: ClassifyOptions,
): Promise<ClassifyResult> {
  const o = parseOptions('classify', CLASSIFY_OPTIONS, options);
  const notes: Note[] = [];
  const list = choices(labels, notes);
  const question = questionPrompt(o.question, o, 1);
  const prompt = new Prompt(question.text, [...notes, ...question.notes]);
  const reading = pick(ENCODE_OPTIONS, o);
  const spellings = o.variants ? spellingsOf(list) : list.map((label) => [label]);
  const scores = await model.score(image, prompt, spellings.flat(), reading);
  const each = scores.candidates.map(({ logprobs }) => logprobs.reduce((a, b) => a + b, 0));
  const logprobs = spellings.map((own) => logSum(each.splice(0, own.length)));
  const coverage = logSum(logprobs);
  const distribution = list
    .map((label, i) => {
      const logprob = logprobs[i] ?? Number.NEGATIVE_INFINITY;
      return { label, probability: Math.exp(logprob - coverage), logprob };
    })
    .sort((a, b) => b.probability - a.probability);
  const covered = Math.min(1, Math.exp(coverage));
  const low = lowCoverage(scores.prompt, covered);
  if (low !== undefined) sendNote(model, low);
  const { usage, timings } = scores;
  return {
    prompt: scores.prompt,
    label: distribution[0]?.label ?? '',
    score: distribution[0]?.probability ?? 0,
    distribution,
    coverage: covered,
    image: scores.images[0] ?? { width: 0, height: 0 },
    usage,
    timings,
  };
}

/** Of each label itself, its singular and its plural, each also with its first letter in the other case; none of two labels. */
export function spellingsOf(labels: readonly string[]): string[][] {
  const flipped = (text: string): string => {
    const [first = ''] = text;
    const upper = first.toUpperCase();
    return (first === upper ? first.toLowerCase() : upper) + text.slice(first.length);
  };
  const numbers = labels.map((label) => numbersOf(label));
  // The place of the one label whose number a text is. Made once: labels may be many.
  const owners = new Map<string, number | 'several'>();
  for (const [i, own] of numbers.entries()) {
    for (const one of own) owners.set(one, (owners.get(one) ?? i) === i ? i : 'several');
  }
  const isFree = (spelling: string, i: number): boolean =>
    [spelling, flipped(spelling)].every((one) => (owners.get(one) ?? i) === i);
  return labels.map((label, i) => {
    const own = (numbers[i] ?? []).flatMap((one) => [one, flipped(one)]);
    return [label, ...new Set(own.filter((one) => one !== label && isFree(one, i)))];
  });
}

/** log(sum(exp(x))), around the largest, as all may be far below what exp can hold. */
function logSum(logs: readonly number[]): number {
  const best = Math.max(...logs);
  if (!Number.isFinite(best)) return best;
  return best + Math.log(logs.reduce((sum, one) => sum + Math.exp(one - best), 0));
}
