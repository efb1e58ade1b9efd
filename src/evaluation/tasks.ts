/** By which metrics a task is judged when none is named, the headline first. */
import { makeError } from '../errors.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { showValue } from '../options/show.js';
import type { TextMetric } from './metrics/metric.js';
import { TEXT_METRICS } from './metrics/registry.js';

export const USUAL_METRICS: Readonly<Record<EvaluatedTask, readonly string[]>> = {
  ocr: ['cer@jiwer', 'wer@jiwer', 'similarity@levenshtein', 'exact@strict'],
  ask: ['exact@lower', 'vqa@leave-one-out', 'anls@big_vision'],
  caption: ['similarity@levenshtein', 'exact@strict'],
  count: ['count@tallyqa', 'exact@strict'],
};

/** Throws ERR_OPTION_RANGE for an id that is none. */
export function metricsFor(
  task: EvaluatedTask,
  named: readonly string[] | undefined,
): readonly TextMetric[] {
  return (named ?? USUAL_METRICS[task]).map((name) => {
    const found = TEXT_METRICS.find(({ id }) => id === name);
    if (found !== undefined) return found;
    const expected = TEXT_METRICS.map(({ id }) => id).join(', ');
    throw makeError(
      'ERR_OPTION_RANGE',
      `option metric is ${showValue(name)}, expected one of ${expected}`,
      {
        ...{ name: 'metric', found: showValue(name), expected },
      },
    );
  });
}
