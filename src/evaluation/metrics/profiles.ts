/** What of a text counts: white space, case, the forms of characters. */
import { TEXT_PROFILES, type TextProfile } from '../../options/closed-sets.js';
import type { TextMetric, WholeMetric } from './metric.js';
import { SPACE, strip } from './python.js';

const RUNS = new RegExp(`[${SPACE}]+`, 'g');

/** Typographic marks and what is typed for them. */
const ASCII: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '‚': "'",
  '′': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '″': '"',
  '‐': '-',
  '‑': '-',
  '‒': '-',
  '–': '-',
  '—': '-',
  '−': '-',
  '…': '...',
};
const MARKS = new RegExp(`[${Object.keys(ASCII).join('')}]`, 'g');

const PROFILES: Readonly<Record<TextProfile, (text: string) => string>> = {
  // An assumption: what the benchmark of that year did to texts is not published.
  'roboflow-2024': strip,
  // The end of the line belongs to the program that prints it.
  strict: (text) => text.replace(/\r?\n$/, ''),
  loose: (text) =>
    strip(text.normalize('NFC').replace(RUNS, ' '))
      .replace(MARKS, (mark) => ASCII[mark] ?? mark)
      .toLowerCase(),
};

export const normalised = (profile: TextProfile, text: string): string => PROFILES[profile](text);

export const isProfile = (name: string): name is TextProfile =>
  TEXT_PROFILES.some((one) => one === name);

type AnyTextMetric = TextMetric | WholeMetric<'text', string, readonly string[]>;

/** The metric of texts as the profile leaves them, which is another metric: `cer@jiwer+loose`. */
export function withProfile(metric: AnyTextMetric, profile: TextProfile): AnyTextMetric {
  const text = (given: string): string => normalised(profile, given);
  const described = {
    id: `${metric.id}+${profile}`,
    title: `${metric.title} (${profile})`,
    formula: `${metric.formula}; of texts as the profile ${profile} leaves them`,
  };
  if (!('whole' in metric)) {
    return {
      ...{ ...metric, ...described },
      row: (answer, truths) => metric.row(text(answer), truths.map(text)),
    };
  }
  return {
    ...{ ...metric, ...described },
    whole: (rows) =>
      metric.whole(
        rows.map(({ answer, truth }) => ({ answer: text(answer), truth: truth.map(text) })),
      ),
  };
}
