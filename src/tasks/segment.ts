/** Outlines: boxes with masks, for labels or for one phrase. */

import type { PictureInput } from '../engine/picture.js';
import { makeError } from '../errors.js';
import type { Model } from '../model.js';
import { type Parsed, parseOptions, pick } from '../options/option.js';
import { ANSWER_OPTIONS, REFER_OPTIONS, SEGMENT_OPTIONS } from '../options/tasks.js';
import type { ReferOptions, SegmentOptions } from '../options/types.js';
import type { Prompt } from '../prompt.js';
import { MASK_SIDE, Mask, type Segment } from '../results/mask.js';
import {
  type DetectedObject,
  emptyBox,
  hasArea,
  isWanted,
  labelPresences,
  type Selection,
  selectDetections,
  toDetection,
} from './boxes.js';
import { type BoxesResult, constraints, noteCapitals, readInstances } from './detect.js';
import { BOX_TOKENS, type Instance, MASK_TOKENS, segValue } from './instances.js';
import { askedFor } from './labels.js';
import { REFER_PATTERN, segmentPattern } from './patterns.js';
import { labelsPrompt, phrasePrompt } from './prompt-input.js';
import { maskScore } from './scores.js';
import { TaskRun } from './task-run.js';

/** A detection with its mask and the mask's part of the score. */
export interface SegmentedObject<L extends string = string> extends DetectedObject<L>, Segment<L> {
  /** How clearly the mask tells inside from outside, 0 to 1. */
  readonly maskScore: number;
}

export interface SegmentResult<L extends string = string> extends BoxesResult<L> {
  readonly segments: readonly SegmentedObject<L>[];
}

export type SegmentRun<L extends string = string> = TaskRun<SegmentResult<L>, SegmentedObject<L>>;

export function segment(
  model: Model,
  image: PictureInput,
  labels: string | readonly string[],
  options?: SegmentOptions,
): SegmentRun {
  const o = parseOptions('segment', SEGMENT_OPTIONS, options);
  const { list, prompt } = labelsPrompt('segment', labels, model.info.name);
  const form = constraints(o, segmentPattern(o.restrictLabels ? list : undefined));
  return run(model, image, prompt, list, { ...o, form });
}

/** The one object a phrase speaks of; for checkpoints trained on RefCOCO. */
export function refer(
  model: Model,
  image: PictureInput,
  phrase: string,
  options?: ReferOptions,
): SegmentRun {
  const o = parseOptions('refer', REFER_OPTIONS, options);
  const prompt = phrasePrompt(phrase);
  // Whatever the model outlines is what the phrase speaks of.
  const selection = { minScore: 0, duplicateIou: 1, extra: true };
  const form = constraints(o, REFER_PATTERN);
  return run(model, image, prompt, [prompt.text], { ...o, ...selection, form });
}

type RunOptions = Parsed<typeof ANSWER_OPTIONS> &
  Selection & {
    readonly form: ReturnType<typeof constraints>;
    readonly expectedBox: boolean;
  };

function run(
  model: Model,
  image: PictureInput,
  prompt: Prompt,
  labels: readonly string[],
  o: RunOptions,
): SegmentRun {
  requireMaskCodec(model);
  const labelFor = askedFor(labels);
  return new TaskRun(o.signal, async (emit, signal) => {
    const all: Promise<SegmentedObject>[] = [];
    const drafting = prompt.drafting({ labels, after: BOX_TOKENS + MASK_TOKENS });
    const options = { ...pick(ANSWER_OPTIONS, o), ...o.form, signal };
    const read = await readInstances(model, image, drafting, options, (instance, size) => {
      // A phrase is the label of what it speaks of.
      const detection = toDetection(withLabel(instance, labels), size, o.expectedBox, labelFor);
      if (!hasArea(detection.box)) return emptyBox(instance);
      if (instance.segs.length !== MASK_TOKENS)
        return { text: rawOf(instance), reason: 'malformed' };
      const made = decode(model, instance, signal).then((soft): SegmentedObject => {
        const clearness = maskScore(soft);
        const object = {
          ...detection,
          score: detection.score * clearness,
          maskScore: clearness,
          mask: new Mask(soft, detection.box, size),
        };
        if (isWanted(object, o)) emit(object);
        return object;
      });
      // Its failure is thrown below, where all are awaited.
      made.catch(() => {});
      all.push(made);
      return undefined;
    });
    const { endPresence, ...said } = read;
    const objects = await Promise.all(all);
    const presence = labelPresences(labels, objects, endPresence);
    const { kept, ...left } = selectDetections(objects, o);
    if (kept.length === 0) noteCapitals(model, labels, prompt);
    return { ...said, labels, segments: kept, presence, ...left };
  });
}

function withLabel(instance: Instance, labels: readonly string[]): Instance {
  return instance.label === '' ? { ...instance, label: labels[0] ?? '' } : instance;
}

function decode(model: Model, { segs }: Instance, signal: AbortSignal): Promise<Float32Array> {
  const codes = segs.map((seg) => segValue(seg.text) ?? 0);
  return model.decodeMasks(codes, { signal }).then((all) => all.subarray(0, MASK_SIDE * MASK_SIDE));
}

function rawOf({ locs, segs, labels }: Instance): string {
  return [...locs, ...segs, ...labels].map((piece) => piece.text).join('');
}

function requireMaskCodec(model: Model): void {
  if (model.info.hasMaskCodec) return;
  throw makeError('ERR_MODEL_TENSOR_MISSING', 'the model file has no mask decoder', {
    name: 'mask.dec',
    found: 'no mask.* tensors',
    expected: 'the mask codec of PaliGemma',
    remedy: 'mask-codec-or-boxes',
  });
}
