/** Outlines: boxes with masks, for labels or for one phrase. */
import { makeError } from '../errors.js';
import type { Model, PictureInput } from '../model.js';
import { parseOptions } from '../options/option.js';
import {
  REFER_OPTIONS,
  type ReferOptions,
  SEGMENT_OPTIONS,
  type SegmentOptions,
  speaking,
} from '../options/tasks.js';
import type { Prompt } from '../prompt.js';
import { MASK_SIDE, Mask } from '../results/mask.js';
import type { Segment } from '../results/types.js';
import { type DetectedObject, emptyBox, hasArea, selectDetections, toDetection } from './boxes.js';
import { type BoxesResult, readInstances } from './detect.js';
import { BOX_TOKENS, type Instance, MASK_TOKENS, segValue } from './instances.js';
import { REFER_PATTERN, segmentPattern } from './patterns.js';
import { labelsPrompt, phrasePrompt } from './prompt-input.js';
import { maskScore } from './scores.js';
import { TaskRun } from './task-run.js';

/** A detection with its mask and the mask's part of the score. */
export interface SegmentedObject extends DetectedObject, Segment {
  /** How clearly the mask tells inside from outside, 0 to 1. */
  readonly maskScore: number;
}

export interface SegmentResult extends BoxesResult {
  readonly segments: readonly SegmentedObject[];
}

export type SegmentRun = TaskRun<SegmentResult, SegmentedObject>;

export function segment(
  model: Model,
  image: PictureInput,
  labels: string | readonly string[],
  options?: SegmentOptions,
): SegmentRun {
  const o = parseOptions('segment', SEGMENT_OPTIONS, options);
  const { list, prompt } = labelsPrompt('segment', labels);
  const pattern = o.constrained ? segmentPattern(o.restrictLabels ? list : undefined) : undefined;
  return run(model, image, prompt, list, { ...o, pattern });
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
  const pattern = o.constrained ? REFER_PATTERN : undefined;
  const limits = { minScore: 0, duplicateIou: 1 };
  return run(model, image, prompt, [prompt.text], { ...o, ...limits, pattern });
}

type RunOptions = Parameters<typeof speaking>[0] & {
  readonly pattern: string | undefined;
  readonly expectedBox: boolean;
  readonly minScore: number;
  readonly duplicateIou: number;
};

function run(
  model: Model,
  image: PictureInput,
  prompt: Prompt,
  labels: readonly string[],
  o: RunOptions,
): SegmentRun {
  requireMaskCodec(model);
  return new TaskRun(o.signal, async (emit, signal) => {
    const all: Promise<SegmentedObject>[] = [];
    const drafts = { draftLabels: labels.join(';'), draftAfter: BOX_TOKENS + MASK_TOKENS };
    const options = { ...speaking(o), pattern: o.pattern, signal, ...drafts };
    const said = await readInstances(model, image, prompt, options, (instance, size) => {
      const detection = toDetection(instance, size, o.expectedBox);
      if (!hasArea(detection.box)) return emptyBox(instance);
      if (instance.segs.length !== MASK_TOKENS)
        return { text: rawOf(instance), reason: 'malformed' };
      const made = decode(model, instance, signal).then((soft): SegmentedObject => {
        const clearness = maskScore(soft);
        const object = {
          ...detection,
          // A phrase is the label of what it speaks of.
          label: detection.label === '' ? (labels[0] ?? '') : detection.label,
          score: detection.score * clearness,
          maskScore: clearness,
          mask: new Mask(soft, detection.box, size),
        };
        if (object.score >= o.minScore) emit(object);
        return object;
      });
      // Its failure is told below, when all are waited for.
      made.catch(() => {});
      all.push(made);
      return undefined;
    });
    const { kept, ...left } = selectDetections(await Promise.all(all), o);
    return { ...said, labels, segments: kept, ...left };
  });
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
    hint: 'convert the checkpoint again with --mask-codec vae-oid.npz; detect works without it',
  });
}
