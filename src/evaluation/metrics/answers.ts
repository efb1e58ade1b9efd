/** Whether an answer is right: equality, VQA accuracy, relaxed accuracy, counts. */
import { best, type TextMetric, textMean } from './metric.js';
import { float, integer, SPACE, split, strip } from './python.js';
import { normaliseVqa, stripVqa } from './vqa-text.js';

const equal = (answer: string, truth: string): number => Number(answer === truth);

/**
 * VQAv2 and TextVQA: the mean over all truths but one at a time, and texts are made alike unless the truths are. Meant for
 * ten truths; a single one is compared, as without it none would be left.
 */
function leaveOneOut(answer: string, truths: readonly string[]): number {
  let given = stripVqa(answer);
  let all = truths.map(stripVqa);
  if (new Set(all).size > 1) {
    given = normaliseVqa(given);
    all = all.map(normaliseVqa);
  }
  const matches = all.map((truth) => Number(truth === given));
  if (matches.length === 1) return matches[0] as number;
  const count = matches.reduce((sum, one) => sum + one, 0);
  const accuracies = matches.map((one) => Math.min(1, (count - one) / 3));
  return accuracies.reduce((sum, one) => sum + one, 0) / accuracies.length;
}

/** OKVQA, A-OKVQA and VizWiz: texts are compared as they are. A single truth is enough for 1. */
function minThree(answer: string, truths: readonly string[]): number {
  const count = truths.filter((truth) => truth === answer).length;
  return truths.length === 1 ? count : Math.min(1, count / 3);
}

/** A number; "50%" is 0.5. Only "%" at the very end counts, and all of them are taken off. */
function numberOf(text: string): number | undefined {
  if (!text.endsWith('%')) return float(text);
  const number = float(text.replace(/%+$/, ''));
  return number === undefined ? undefined : number / 100;
}

/** ChartQA: within 5 % for numbers, equal for everything else, and for a truth of 0. */
function relaxed(answer: string, truth: string): number {
  const [a, t] = [answer.toLowerCase(), truth.toLowerCase()];
  const [given, target] = [numberOf(a), numberOf(t)];
  if (given === undefined || target === undefined || target === 0) return Number(a === t);
  return Number(Math.abs(given - target) / Math.abs(target) <= 0.05);
}

const SMALL =
  `zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
  seventeen eighteen nineteen`.split(/\s+/);
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

const WORDS_TO_20: ReadonlyMap<string, string> = new Map([
  ['none', '0'],
  ...[...SMALL, 'twenty'].map((word, i) => [word, String(i)] as const),
]);

const numeral = (text: string): string => WORDS_TO_20.get(text.toLowerCase()) ?? text;

const WORDS_TO_99: ReadonlyMap<string, number> = new Map([
  ...SMALL.map((word, i) => [word, i] as const),
  ...TENS.flatMap((tens, i) => [
    [tens, 20 + 10 * i] as const,
    ...SMALL.slice(1, 10).map((ones, j) => [`${tens}-${ones}`, 21 + 10 * i + j] as const),
  ]),
]);

/** Without Markdown's marks, an article in front, and white space but single spaces; in lower case. */
function plainAnswer(text: string): string {
  const unmarked = strip(text.replace(/[*`_]/g, ''));
  return split(unmarked.replace(ARTICLE, '')).join(' ').toLowerCase();
}

const ARTICLE = new RegExp(`^(?:an?|the)[${SPACE}]+`, 'i');

function strictMatch(answer: string, truth: string): boolean {
  const [a, t] = [plainAnswer(answer), plainAnswer(truth)];
  return a === t || a.replaceAll(' ', '') === t.replaceAll(' ', '');
}

/** The one whole number of an answer, in digits or in words; undefined where there is none, or several. */
function countOf(answer: string): bigint | number | undefined {
  const text = plainAnswer(answer);
  const whole = integer(text) ?? WORDS_TO_99.get(text);
  if (whole !== undefined) return whole;
  const digits = text.match(/\p{Nd}+/gu) ?? [];
  if (digits.length > 0) return digits.length === 1 ? integer(digits[0] as string) : undefined;
  const words = (text.match(/[a-z]+(?:-[a-z]+)?/g) ?? []).flatMap(
    (word) => WORDS_TO_99.get(word) ?? [],
  );
  return words.length === 1 ? words[0] : undefined;
}

/** Where the truth is no number, the answers are compared as texts. */
function sameCount(answer: string, truth: string): number {
  const expected = countOf(truth);
  if (expected === undefined) return Number(strictMatch(answer, truth));
  const given = countOf(answer);
  // A number from words and one from digits are equal as well.
  return Number(given !== undefined && BigInt(given) === BigInt(expected));
}

export const ANSWER_METRICS: readonly TextMetric[] = [
  textMean(
    {
      id: 'exact@strict',
      title: 'exact match',
      formula: 'share of answers that are one of the truths, to the byte',
      source:
        "big_vision, evaluators/proj/paligemma/transfers/vqa.py, 'acc' of one truth and 'acc_any' of several",
    },
    best(equal),
  ),
  textMean(
    {
      id: 'exact@lower',
      title: 'exact match without case',
      formula: 'as exact@strict, of both in lower case',
      source: 'the same with to_lower',
    },
    best((answer, truth) => equal(answer.toLowerCase(), truth.toLowerCase())),
  ),
  textMean(
    {
      id: 'exact@nospace',
      title: 'exact match without white space',
      formula: 'as exact@strict, of both without any white space',
      source: 'for readers that drop spaces',
    },
    best((answer, truth) => equal(split(answer).join(''), split(truth).join(''))),
  ),
  textMean(
    {
      id: 'exact@vlm-exam',
      title: 'exact match without marks',
      formula:
        'equality with or without spaces, in lower case, without Markdown and an article in front',
      source: 'roboflow/vlm-exam, qa.py, strict_match',
    },
    best((answer, truth) => Number(strictMatch(answer, truth))),
  ),
  textMean(
    {
      id: 'vqa@leave-one-out',
      title: 'VQA accuracy',
      formula: 'mean over the truths of min(1, answers alike among the others / 3)',
      source: 'big_vision, vqav2.py; https://visualqa.org/evaluation.html',
    },
    leaveOneOut,
  ),
  textMean(
    {
      id: 'vqa@min3',
      title: 'VQA accuracy, texts as they are',
      formula: 'min(1, truths that are the answer / 3); of one truth, equality',
      source: "big_vision, vqa.py, 'acc'",
    },
    minThree,
  ),
  textMean(
    {
      id: 'relaxed@big_vision',
      title: 'relaxed accuracy',
      formula: 'numbers within 5 % of a truth other than 0, else equality, in lower case',
      source: 'big_vision, chartqa.py with to_lower',
    },
    best(relaxed),
  ),
  textMean(
    {
      id: 'count@tallyqa',
      title: 'count',
      formula: 'equality, where none and zero to twenty are digits',
      source: 'big_vision, tallyqa.py',
    },
    best((answer, truth) => equal(numeral(answer), numeral(truth))),
  ),
  textMean(
    {
      id: 'count@vlm-exam',
      title: 'count in a sentence',
      formula: 'the one whole number of the answer, in digits or words to 99, is that of the truth',
      source: 'roboflow/vlm-exam, qa.py, CountingTask',
    },
    best(sameCount),
  ),
];
