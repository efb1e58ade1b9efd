/** How right one reading is, by each of the rules that are reported. */
import type { TextProfile } from '../../options/closed-sets.js';
import type { TextMetric } from '../metrics/metric.js';
import { normalised } from '../metrics/profiles.js';
import { TEXT_METRICS } from '../metrics/registry.js';
import type { ReadingRow } from './rows.js';

const ruleOf = (id: string): ((text: string, truth: string) => number) => {
  const metric = TEXT_METRICS.find((one) => one.id === id) as TextMetric;
  return (text, truth) => metric.row(text, [truth])[0] as number;
};

const errorRate = ruleOf('cer@mean');

/** By the names that reports have, each from 0 to 1; the first is the headline. */
export const ACCURACIES: Readonly<Record<string, (text: string, truth: string) => number>> = {
  levenshtein: ruleOf('similarity@levenshtein'),
  indel: ruleOf('similarity@indel'),
  cer: (text, truth) => Math.max(0, 1 - errorRate(text, truth)),
  exact: ruleOf('exact@strict'),
  'exact-nospace': ruleOf('exact@nospace'),
};

/** 0 where it failed: what answers nothing has read nothing. */
export function accuracyOf(row: ReadingRow, profile: TextProfile, name = 'levenshtein'): number {
  if (row.text === undefined) return 0;
  const rule = ACCURACIES[name] as (text: string, truth: string) => number;
  return rule(normalised(profile, row.text), normalised(profile, row.truth));
}
