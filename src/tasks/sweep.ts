/**
 * Several phrasings of one wish over one encoded picture: how far they agree, and what most of them say. PaliGemma minds
 * a plural or an article; a sweep shows it, and `robust` detection lives on it.
 */

import { allOrNone } from '../abort.js';
import type { PictureInput } from '../engine/picture.js';
import { makeError } from '../errors.js';
import type { Model } from '../model.js';
import { ENCODE_OPTIONS, IMAGE_OPTIONS } from '../options/image.js';
import { type Parsed, parseOptions, pick } from '../options/option.js';
import { reading } from '../options/read.js';
import { showValue } from '../options/show.js';
import { PHRASINGS } from '../options/task-arguments.js';
import { DETECT_OPTIONS, SWEEP_OPTIONS } from '../options/tasks.js';
import type { SweepOptions } from '../options/types.js';
import { Prompt } from '../prompt.js';
import { overlap } from '../results/box.js';
import { type DetectedObject, selectDetections } from './boxes.js';
import { type DetectResult, type DetectRun, detectLabels, noteCapitals } from './detect.js';
import { labelVariants } from './label-variants.js';
import { askedFor, labelList } from './labels.js';
import { labelsPrompt, phrasing } from './prompt-input.js';
import { PROMPTS } from './prompts.js';
import { TaskRun } from './task-run.js';
import { generate } from './text.js';

/** Boxes of one label that overlap at least this much are one object. */
const SAME_OBJECT_IOU = 0.5;

/** An object as several phrasings see it: the mean box, weighed by score, and the mean score, 0 where it was missed. */
export interface ConsensusDetection extends DetectedObject {
  /** How many phrasings found it. */
  readonly support: number;
}

export interface SweptText {
  readonly prompt: string;
  readonly text: string;
  /** The geometric mean of the token probabilities. */
  readonly score: number;
}

export interface SweptBoxes {
  readonly prompt: string;
  readonly raw: string;
  readonly detections: readonly DetectedObject[];
  /** The mean score of its detections; 0 for none. */
  readonly score: number;
}

export interface TextSweep {
  readonly kind: 'text';
  /** What the phrasings say, weighed by their scores; letter case is not minded. */
  readonly consensus: string;
  /** The part of the phrasings that say it, 0 to 1. */
  readonly agreement: number;
  readonly phrasings: readonly SweptText[];
}

export interface BoxesSweep {
  readonly kind: 'boxes';
  readonly consensus: readonly ConsensusDetection[];
  /** The mean part of the phrasings that found an object, 0 to 1; 1 when none found any. */
  readonly agreement: number;
  readonly phrasings: readonly SweptBoxes[];
}

export type SweepResult = TextSweep | BoxesSweep;

/** Prompts that all begin with `detect` give boxes, all others text. */
export async function sweep(
  model: Model,
  image: PictureInput,
  prompts: readonly string[],
  options?: SweepOptions,
): Promise<SweepResult> {
  const o = parseOptions('sweep', SWEEP_OPTIONS, options);
  const list = promptList(prompts);
  const picture = await model.prepare(image, pick(ENCODE_OPTIONS, o));
  const VERB = 'detect ';
  if (!list.every(({ text }) => text.startsWith(VERB))) {
    return voted(
      await allOrNone(o.signal, (signal) =>
        list.map(async (wording) => {
          const { prompt, text, score } = await generate(model, picture, wording, { ...o, signal });
          return { prompt, text: text.trim(), score };
        }),
      ),
    );
  }
  const defaults = parseOptions('detect', DETECT_OPTIONS, {});
  const phrasings = await allOrNone(o.signal, (signal) =>
    list.map((prompt) => {
      const labels = labelList(prompt.text.slice(VERB.length).split(' ; '));
      return detectLabels(model, picture, labels, prompt, { ...defaults, ...o, signal }).result;
    }),
  );
  // Phrasings name the same things differently: what is where counts, not how it is called.
  return matched(phrasings, () => '');
}

function promptList(prompts: readonly string[]): readonly Prompt[] {
  const given = reading('prompts', 'a list of prompts', (): readonly unknown[] | undefined =>
    Array.isArray(prompts) ? [...(prompts as readonly unknown[])] : undefined,
  );
  const n = given?.length ?? 0;
  const isFew = given !== undefined && n <= PHRASINGS.maxCount;
  const each = isFew ? given.map((one) => phrasing(one)) : [];
  const list = [...new Map(each.map((one) => [one.text, one])).values()];
  if (list.length >= PHRASINGS.minCount) return list;
  const found =
    given === undefined
      ? showValue(prompts)
      : list.length === 1 && n > 1
        ? `one prompt ${n} times`
        : `a list of ${n}`;
  const expected = `${PHRASINGS.minCount} to ${PHRASINGS.maxCount} different prompts`;
  const code = given === undefined ? 'ERR_OPTION_TYPE' : 'ERR_OPTION_RANGE';
  throw makeError(code, `prompts is ${found}, expected ${expected}`, {
    name: 'prompts',
    found,
    expected,
  });
}

function voted(phrasings: readonly SweptText[]): TextSweep {
  const votes = new Map<string, SweptText[]>();
  for (const one of phrasings) {
    const key = one.text.toLowerCase();
    votes.set(key, [...(votes.get(key) ?? []), one]);
  }
  const weight = (group: readonly SweptText[]): number =>
    group.reduce((sum, one) => sum + one.score, 0);
  const best = [...votes.values()].sort((a, b) => weight(b) - weight(a))[0] ?? [];
  return {
    kind: 'text',
    consensus: best[0]?.text ?? '',
    agreement: best.length / phrasings.length,
    phrasings,
  };
}

/** Groups the detections of all phrasings into objects: same `nameOf` the label, same place. */
function matched(
  phrasings: readonly DetectResult[],
  nameOf: (label: string) => string,
): BoxesSweep {
  interface Member {
    readonly from: DetectResult;
    readonly detection: DetectedObject;
  }
  const all = phrasings
    .flatMap((from) => from.detections.map((detection): Member => ({ from, detection })))
    .sort((a, b) => b.detection.score - a.detection.score);
  const groups: Member[][] = [];
  for (const member of all) {
    const { detection, from } = member;
    const group = groups.find(
      ([seed, ...others]) =>
        seed !== undefined &&
        nameOf(seed.detection.label) === nameOf(detection.label) &&
        [seed, ...others].every((other) => other.from !== from) &&
        overlap(seed.detection.box, detection.box) >= SAME_OBJECT_IOU,
    );
    if (group) group.push(member);
    else groups.push([member]);
  }
  const consensus = groups.map((group) => {
    const found = group.map(({ detection }) => detection);
    return toConsensus(found, phrasings.length);
  });
  const supports = consensus.map(({ support }) => support / phrasings.length);
  return {
    kind: 'boxes',
    consensus: consensus.sort((a, b) => b.score - a.score),
    agreement: supports.length === 0 ? 1 : mean(supports),
    phrasings: phrasings.map(({ prompt, raw, detections }) => {
      const score = detections.length === 0 ? 0 : mean(detections.map((one) => one.score));
      return { prompt, raw, detections, score };
    }),
  };
}

/** `found` is not empty and the best comes first. */
function toConsensus(found: readonly DetectedObject[], phrasings: number): ConsensusDetection {
  const total = found.reduce((sum, one) => sum + one.score, 0);
  // Scores may all be 0.
  const weigh = (of: (one: DetectedObject) => number): number =>
    total > 0
      ? found.reduce((sum, one) => sum + of(one) * one.score, 0) / total
      : mean(found.map(of));
  const part = (of: (one: DetectedObject) => number): number =>
    found.reduce((sum, one) => sum + of(one), 0) / phrasings;
  return {
    label: found[0]?.label ?? '',
    score: total / phrasings,
    box: {
      xmin: weigh(({ box }) => box.xmin),
      ymin: weigh(({ box }) => box.ymin),
      xmax: weigh(({ box }) => box.xmax),
      ymax: weigh(({ box }) => box.ymax),
    },
    labelScore: part((one) => one.labelScore),
    boxScore: part((one) => one.boxScore),
    presence: meanOf(found.map((one) => one.presence)),
    asked: found.some((one) => one.asked),
    support: found.length,
  };
}

/** Of those that are known; undefined when none is. */
function meanOf(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((one) => one !== undefined);
  return known.length > 0 ? mean(known) : undefined;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

/** What `robust` adds to the result of detect. */
export interface RobustResult extends DetectResult {
  readonly detections: readonly ConsensusDetection[];
  readonly agreement: number;
  /** The prompts that were sent, the plain one first. */
  readonly prompts: readonly string[];
}

/**
 * detect with the labels as they are, in singular and plural, with and without an article. Keeps the objects that more than
 * half of those phrasings found which found anything: a phrasing that the model does not understand has no say.
 */
export function detectRobust(
  model: Model,
  image: PictureInput,
  labels: string | readonly string[],
  o: Parsed<typeof DETECT_OPTIONS>,
): DetectRun {
  const { list, prompt } = labelsPrompt('detect', labels, model.info.name);
  const variants = list.map((label) => labelVariants(label));
  const meaning = new Map(variants.flatMap((all, i) => all.map((one) => [one, list[i] ?? one])));
  const nameOf = (said: string): string => meaning.get(said) ?? said;
  const labelFor = askedFor(list);
  const most = Math.max(...variants.map((all) => all.length));
  const wordings = Array.from({ length: most }, (_, k) =>
    variants.map((all, i) => all[Math.min(k, all.length - 1)] ?? list[i] ?? ''),
  );
  return new TaskRun(o.signal, async (emit, signal) => {
    const picture = await model.prepare(image, { ...pick(IMAGE_OPTIONS, o), signal });
    // Before the thresholds: what is weak in one phrasing may be strong in another.
    const each = { ...o, minScore: 0, extra: true };
    const phrasings = await allOrNone(signal, (own) =>
      wordings.map((wording, i) => {
        const sent = new Prompt(PROMPTS.detect(wording), i === 0 ? prompt.notes : []);
        return detectLabels(model, picture, wording, sent, { ...each, signal: own }).result;
      }),
    );
    const plain = phrasings[0] as DetectResult;
    const { consensus, agreement } = matched(phrasings, nameOf);
    const speaking = phrasings.filter(({ detections }) => detections.length > 0).length;
    const agreed = consensus
      .filter(({ support }) => support * 2 > speaking)
      .map((one) => ({
        ...one,
        label: nameOf(one.label),
        asked: labelFor(one.label) !== undefined,
      }));
    const presence = list.map((label, i) => ({
      label,
      // Two labels may share a wording, so that the places in the lists differ.
      presence: meanOf(
        phrasings.map((one, k) => one.presence.find((p) => p.label === wordings[k]?.[i])?.presence),
      ),
    }));
    const { kept, ...left } = selectDetections(agreed, o);
    if (kept.length === 0) noteCapitals(model, list, prompt);
    for (const detection of kept) emit(detection);
    const prompts = phrasings.map(({ prompt }) => prompt);
    const found = { detections: kept, presence, ...left };
    const result: RobustResult = { ...plain, ...found, agreement, prompts };
    return result;
  });
}
