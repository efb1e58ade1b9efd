/** Every metric, once. */
import { ANLS_METRICS } from './anls.js';
import { ANLS_STAR, type DocumentMetric } from './anls-star.js';
import { ANSWER_METRICS } from './answers.js';
import { BLEU, CIDER } from './cider.js';
import { JSON_METRICS } from './json-leaves.js';
import type { TextMetric, WholeMetric } from './metric.js';
import { OBJECTS_METRICS, type ObjectsMetric } from './objects.js';
import { OCR_METRICS } from './ocr.js';
import { isProfile, withProfile } from './profiles.js';
import { REFER_METRICS, type ReferMetric } from './refer.js';

export const TEXT_METRICS: readonly TextMetric[] = [
  ...OCR_METRICS,
  ...ANSWER_METRICS,
  ...ANLS_METRICS,
  ...JSON_METRICS,
  BLEU,
];

/** Told apart by `kind`, and by whether they have `row` or `whole`. */
export type Metric =
  | TextMetric
  | WholeMetric<'text', string, readonly string[]>
  | DocumentMetric
  | ObjectsMetric
  | ReferMetric;

export const METRICS: readonly Metric[] = [
  ...TEXT_METRICS,
  CIDER,
  ANLS_STAR,
  ...OBJECTS_METRICS,
  ...REFER_METRICS,
];

/** `cer@jiwer` of `cer@jiwer+loose`. */
export const withoutProfile = (id: string): string => id.split('+', 1)[0] as string;

/** The metric of an id, which may end in a profile of texts: `cer@jiwer+loose`. Undefined where there is none. */
export function findMetric(id: string): Metric | undefined {
  const [name, ...profiles] = id.split('+');
  const found = METRICS.find((one) => one.id === name);
  const [profile] = profiles;
  if (profile === undefined || found === undefined) return found;
  const suits = found.kind === 'text' && isProfile(profile) && profiles.length === 1;
  return suits ? withProfile(found, profile) : undefined;
}

/** Whether it judges documents, also where it reads them as texts of JSON. */
export const judgesDocuments = ({ id, kind }: Metric): boolean =>
  kind === 'document' || withoutProfile(id) === 'json-f1@vlm-exam';
