/** Options of intervals and of what a data set could show: `score` and the statistics of `node-paligemma/evaluation`. */
import { integer, number, oneOf, signal } from './option.js';

const level = number({
  default: 0.95,
  min: 0,
  aboveMin: true,
  max: 0.999,
  doc: 'share of data sets whose intervals have the true figure in them',
});

export const ESTIMATE_OPTIONS = {
  level,
  draws: integer({
    default: undefined,
    min: 100,
    max: 100_000_000,
    doc: 'how often rows are drawn again; left out, 10,000 times, or 1,000 where each draw of a metric is computed anew',
  }),
  seed: integer({
    default: 1,
    min: Number.MIN_SAFE_INTEGER,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'the same seed, rows and draws give the same bytes',
  }),
  method: oneOf(['bca', 'percentile'], {
    default: undefined,
    doc: 'how an interval is made of the draws; left out, as the figure asks for',
  }),
  signal: signal({ doc: 'abort; the call rejects with the reason of the signal' }),
};

export const POWER_OPTIONS = {
  level,
  power: number({
    default: 0.8,
    min: 0,
    aboveMin: true,
    max: 0.999,
    doc: 'probability that a difference of this size is shown',
  }),
};
