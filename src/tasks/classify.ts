/** Which of some labels fits a picture, with the probability of each. */
import type { Model, PictureInput } from '../model.js';
import type { Note } from '../notes.js';
import { imageOptions } from '../options/image.js';
import { parseOptions } from '../options/option.js';
import { CLASSIFY_OPTIONS, type ClassifyOptions } from '../options/tasks.js';
import type { Timings, Usage } from '../prediction.js';
import { Prompt } from '../prompt.js';
import type { ImageSize } from '../results/types.js';
import { cleanLabels, questionPrompt } from './prompt-input.js';

export interface LabelProbability {
  readonly label: string;
  /** Among the given labels: all of them together are 1. */
  readonly probability: number;
  /** Natural logarithm of the probability of exactly this answer among all answers. */
  readonly logprob: number;
}

export interface ClassifyResult {
  readonly prompt: string;
  /** The most probable one. */
  readonly label: string;
  /** Its probability among the given labels. */
  readonly score: number;
  /** All labels, the most probable first. */
  readonly distribution: readonly LabelProbability[];
  /** The probability that the model answers with one of the labels at all; near 0: the question does not suit them. */
  readonly coverage: number;
  readonly image: ImageSize;
  readonly usage: Usage;
  readonly timings: Timings;
}

export async function classify(
  model: Model,
  image: PictureInput,
  labels: readonly string[],
  options?: ClassifyOptions,
): Promise<ClassifyResult> {
  const o = parseOptions('classify', CLASSIFY_OPTIONS, options);
  const notes: Note[] = [];
  const list = cleanLabels(labels, notes);
  const question = questionPrompt(o.question, o, 1);
  const prompt = new Prompt(question.text, [...notes, ...question.notes]);
  const reading = { ...imageOptions(o), signal: o.signal };
  const scores = await model.score(image, prompt, list, reading);
  const logprobs = scores.candidates.map(({ logprobs: each }) => each.reduce((a, b) => a + b, 0));
  // Around the largest, as all may be far below what exp can hold.
  const best = Math.max(...logprobs);
  const sum = logprobs.reduce((total, logprob) => total + Math.exp(logprob - best), 0);
  const distribution = list
    .map((label, i) => {
      const logprob = logprobs[i] ?? Number.NEGATIVE_INFINITY;
      return { label, probability: Math.exp(logprob - best) / sum, logprob };
    })
    .sort((a, b) => b.probability - a.probability);
  const { usage, timings } = scores;
  return {
    prompt: scores.prompt,
    label: distribution[0]?.label ?? '',
    score: distribution[0]?.probability ?? 0,
    distribution,
    coverage: Math.min(1, Math.exp(best) * sum),
    image: scores.images[0] ?? { width: 0, height: 0 },
    usage,
    timings,
  };
}
