/** What each evaluated task expects of a row, and by which metrics it is judged when none is named, the headline first. */
import type { Expected } from '../datasets/rows.js';
import { makeError } from '../errors.js';
import { TEXT_PROFILES, type TextProfile } from '../options/closed-sets.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { showValue } from '../options/show.js';
import { findMetric, judgesDocuments, METRICS, type Metric } from './metrics/registry.js';

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
function suits(metric: Metric, expects: Expected['kind']): boolean {
  if (expects === 'document') return judgesDocuments(metric);
  return metric.kind === (expects === 'label' ? 'text' : expects);
}

/**
 * Those that are named, or the usual ones of the task. With `profile`, those of texts judge what it leaves of them, unless
 * their name has a profile.
 *
 * @throws ERR_OPTION_RANGE for an id that is none, one of a metric for something else, and a profile that none takes
 */
export function metricsFor(
  task: EvaluatedTask,
  named: readonly string[] | undefined,
  profile?: TextProfile,
): readonly Metric[] {
  const { expects, metrics } = EVALUATED[task];
  const found = (named ?? metrics).map((name) => metricFor(expects, name));
  if (profile === undefined) return found;
  const withProfiles = found.map((metric) => findMetric(`${metric.id}+${profile}`) ?? metric);
  if (withProfiles.some((metric, i) => metric !== found[i])) return withProfiles;
  const ids = found.map(({ id }) => id).join(', ');
  const why = found.some(({ kind }) => kind === 'text')
    ? 'all metrics of this run have one'
    : 'no metric of this run compares texts';
  throw makeError('ERR_OPTION_RANGE', `option profile is ${profile}, and ${why}: ${ids}`, {
    ...{ name: 'profile', found: profile, expected: 'a metric of texts without a profile' },
  });
}

function metricFor(expects: Expected['kind'], name: string): Metric {
  const metric = findMetric(name);
  if (metric !== undefined && suits(metric, expects)) return metric;
  const known = METRICS.filter((one) => suits(one, expects));
  const isText = known.some(({ kind }) => kind === 'text');
  const profiles = isText ? `, and of texts +${TEXT_PROFILES.join(', +')} after it` : '';
  const expected = `one of ${known.map(({ id }) => id).join(', ')}${profiles}`;
  const message = `option metric is ${showValue(name)}, expected ${expected}`;
  throw makeError('ERR_OPTION_RANGE', message, {
    ...{ name: 'metric', found: showValue(name), expected },
  });
}
