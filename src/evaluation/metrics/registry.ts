/** Every metric of texts, once. */
import { ANLS_METRICS } from './anls.js';
import { ANSWER_METRICS } from './answers.js';
import { BLEU } from './cider.js';
import { JSON_METRICS } from './json-leaves.js';
import type { TextMetric } from './metric.js';
import { OCR_METRICS } from './ocr.js';

export const TEXT_METRICS: readonly TextMetric[] = [
  ...OCR_METRICS,
  ...ANSWER_METRICS,
  ...ANLS_METRICS,
  ...JSON_METRICS,
  BLEU,
];
