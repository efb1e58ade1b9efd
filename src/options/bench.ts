/** Options of `paligemma bench`. What they do is in src/bench. */
import { boolean, integer } from './option.js';

export const BENCH_OPTIONS = {
  rounds: integer({ default: 5, min: 1, max: 1000, doc: 'how often each stage is measured' }),
  maxTokens: integer({
    default: 16,
    min: 2,
    max: 4096,
    unit: 'tokens',
    doc: 'length of an answer',
  }),
  maxConcurrency: integer({
    default: 8,
    min: 1,
    max: 64,
    doc: 'requests at once, at most; measured at 1, 2, 4 and so on',
  }),
  roofline: boolean({
    default: false,
    doc: 'measure what this machine can do at most, and how near each stage comes',
  }),
};
