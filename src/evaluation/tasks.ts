/** What each evaluated task expects of a row, and by which metrics it is judged when none is named, the headline first. */
import type { Expected } from '../datasets/rows.js';
import { makeError } from '../errors.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { showValue } from '../options/show.js';
import { METRICS, type Metric } from './metrics/registry.js';

interface Evaluated {
  readonly expects: Expected['kind'];
  readonly metrics: readonly string[];
}

export const EVALUATED: Readonly<Record<EvaluatedTask, Evaluated>> = {
  ocr: {
    expects: 'text',
    metrics: ['cer@jiwer', 'wer@jiwer', 'similarity@levenshtein', 'exact@strict'],
  },
  ask: { expects: 'text', metrics: ['exact@lower', 'vqa@leave-one-out', 'anls@big_vision'] },
  caption: {
    expects: 'text',
    metrics: ['cider@pycocoevalcap', 'bleu4@pycocoevalcap', 'similarity@levenshtein'],
  },
  count: { expects: 'text', metrics: ['count@tallyqa', 'exact@strict'] },
  detect: {
    expects: 'objects',
    metrics: ['map@pycocotools', 'f1@iou-0.5', 'precision@iou-0.5', 'recall@iou-0.5'],
  },
  segment: {
    expects: 'objects',
    metrics: ['map@pycocotools-masks', 'map@pycocotools', 'f1@iou-0.5'],
  },
  refer: {
    expects: 'reference',
    metrics: ['miou@refcoco', 'boxacc@refcoco-0.5', 'boxacc@refcoco-0.75'],
  },
  classify: { expects: 'label', metrics: ['exact@strict', 'exact@lower'] },
  extract: { expects: 'document', metrics: ['anls@star', 'json-f1@vlm-exam'] },
};

/** Whether a metric judges what the task expects. */
function suits({ id, kind }: Metric, expects: Expected['kind']): boolean {
  if (expects === 'label') return kind === 'text';
  // It reads documents that are written as texts.
  return kind === expects || (expects === 'document' && id === 'json-f1@vlm-exam');
}

/** Throws ERR_OPTION_RANGE for an id that is none, or of a metric for something else. */
export function metricsFor(
  task: EvaluatedTask,
  named: readonly string[] | undefined,
): readonly Metric[] {
  const { expects, metrics } = EVALUATED[task];
  const known = METRICS.filter((metric) => suits(metric, expects));
  return (named ?? metrics).map((name) => {
    const found = known.find(({ id }) => id === name);
    if (found !== undefined) return found;
    const expected = known.map(({ id }) => id).join(', ');
    const message = `option metric is ${showValue(name)}, expected one of ${expected}`;
    throw makeError('ERR_OPTION_RANGE', message, {
      ...{ name: 'metric', found: showValue(name), expected },
    });
  });
}
