/** What asking in many words has found, and what it says in words: the same on the console and in reports. */
import type { DrawnSetName } from '../drawn-sets/sets.js';
import { findMetric } from './metrics/registry.js';
import type { PhrasingReport } from './phrasings.js';
import { figureText, plainText } from './report/shown-text.js';

export interface PromptQuestion {
  readonly set: DrawnSetName;
  /** What is asked about its pictures. */
  readonly kind: string;
  readonly failed: number;
  /** Where rows and page are, from the folder of the benchmark. */
  readonly run: string;
  readonly phrasings: PhrasingReport;
}

export interface PromptBenchmark {
  readonly model: string;
  readonly count: number;
  readonly seed: number;
  /** What all questions were asked with: versions, machine, options. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly questions: readonly PromptQuestion[];
}

export const promptsTitle = ({ model }: PromptBenchmark): string =>
  `Phrasings of prompts, asked of ${model}`;

export const questionName = ({ set, kind }: PromptQuestion): string => `${set}, ${kind}`;

/** Whether some phrasing is shown to be worse than the best. */
export const isShown = ({ best, phrasings }: PhrasingReport): boolean =>
  best.length < phrasings.length;

/** Whether no phrasing has anything right: then nothing is known of the wording. */
export function isSilent({ metric, phrasings }: PhrasingReport): boolean {
  const least = findMetric(metric)?.better === 'higher' ? 0 : Number.POSITIVE_INFINITY;
  return phrasings.every(({ figure }) => figure === least);
}

/** Over how many questions the wording was shown to matter, and where most, as sentences. */
export function promptsVerdict({ questions }: PromptBenchmark): string {
  const all = questions.length;
  const part = (n: number): string => (all === 1 ? 'the one question' : `${n} of ${all} questions`);
  const shown = questions.filter(({ phrasings }) => isShown(phrasings)).length;
  const silent = questions.filter(({ phrasings }) => isSilent(phrasings)).length;
  const [widest] = questions.toSorted((a, b) => spreadOf(b) - spreadOf(a));
  return [
    shown === 0
      ? `The wording is not shown to matter in ${all === 1 ? 'the one question' : `any of ${all} questions`}.`
      : `In ${part(shown)} the wording is shown to matter: some phrasing is worse than the best.`,
    ...(widest !== undefined && spreadOf(widest) > 0
      ? [
          `Best and worst phrasing are furthest apart in ${questionName(widest)}: ${figureText(spreadOf(widest))} by ${widest.phrasings.metric}.`,
        ]
      : []),
    ...(silent > 0
      ? [`In ${part(silent)} no phrasing has anything right, which says nothing about the wording.`]
      : []),
  ].join(' ');
}

const spreadOf = ({ phrasings }: PromptQuestion): number => phrasings.spread ?? -1;

/** What is known of the best phrasing, as a part of a sentence. */
export function bestText(report: PhrasingReport): string {
  const { best, phrasings } = report;
  const [first = ''] = best;
  if (report.rows === 0) return 'no row has an answer to all phrasings';
  if (isSilent(report)) return 'no phrasing has anything right';
  if (best.length === 1) return `“${plainText(first)}” is shown to be the best`;
  const which = isShown(report) ? `the best ${best.length} of ` : 'the ';
  return `no difference is shown among ${which}${phrasings.length} phrasings`;
}

/** Empty where every row has an answer to every phrasing. */
export function promptsFailures({ questions }: PromptBenchmark): string {
  const failed = questions.filter((one) => one.failed > 0);
  if (failed.length === 0) return '';
  const named = failed.map((one) => `${one.failed} of ${questionName(one)}`);
  return `Rows without an answer to some phrasing, which the figures leave out: ${named.join('; ')}.`;
}
