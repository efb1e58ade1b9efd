/** How near a text that was read is to the one that is there: error rates and similarities. */
import { indel, levenshtein } from './edit-distance.js';
import { best, type TextMetric, textMean } from './metric.js';
import { codePoints, joinSpaces, strip, stripEnd } from './python.js';

/** Edits, and the length of the truth. */
type Errors = readonly [edits: number, length: number];

/** jiwer strips both texts, and no more. */
function characterErrors(answer: string, truth: string): Errors {
  const [a, t] = [codePoints(strip(answer)), codePoints(strip(truth))];
  return [levenshtein(a, t), t.length];
}

/** jiwer splits at spaces alone: a line break or a tab is part of a word. */
function wordErrors(answer: string, truth: string): Errors {
  const words = (text: string): string[] =>
    strip(joinSpaces(text))
      .split(' ')
      .filter((word) => word !== '');
  const ids = new Map<string, number>();
  const idsOf = (text: string): number[] =>
    words(text).map((word) => {
      const id = ids.get(word) ?? ids.size;
      ids.set(word, id);
      return id;
    });
  const [a, t] = [idsOf(answer), idsOf(truth)];
  return [levenshtein(a, t), t.length];
}

/** As jiwer: where the truth is empty, every insertion is an error of its own. */
const rate = ([edits, length]: Errors): number => (length === 0 ? edits : edits / length);

/** Of several truths the one with the lowest rate. */
function nearest(
  errors: (answer: string, truth: string) => Errors,
  answer: string,
  truths: readonly string[],
): Errors {
  const all = truths.map((truth) => errors(answer, truth));
  return all.reduce((one, other) => (rate(other) < rate(one) ? other : one));
}

const corpusRate = (
  described: Pick<TextMetric, 'id' | 'title' | 'formula'>,
  errors: (answer: string, truth: string) => Errors,
): TextMetric => ({
  ...described,
  ...{ kind: 'text', better: 'lower', isMean: false, source: 'jiwer 4.0.0' },
  row: (answer, truths) => nearest(errors, answer, truths),
  figure: ([edits = 0, length = 0], rows) => (rows === 0 ? Number.NaN : rate([edits, length])),
});

/** 1 - distance / longest: 1 for two empty texts. */
const similarity = (answer: string, truth: string): number => {
  const [a, t] = [codePoints(answer), codePoints(truth)];
  const longest = Math.max(a.length, t.length);
  return longest === 0 ? 1 : 1 - levenshtein(a, t) / longest;
};

const indelRatio = (answer: string, truth: string): number => {
  const [a, t] = [codePoints(answer), codePoints(truth)];
  const both = a.length + t.length;
  return both === 0 ? 1 : 1 - indel(a, t) / both;
};

/** Line ends alike, a code fence around all taken off, no white space at the ends of lines. */
function transcription(text: string): string {
  const inside = strip(text.replaceAll('\r\n', '\n'))
    .replace(/^```[a-zA-Z]*\n/, '')
    .replace(/\n```$/, '');
  return strip(inside.split('\n').map(stripEnd).join('\n'));
}

const transcribed = (answer: string, truth: string): number =>
  similarity(transcription(answer), transcription(truth));

export const OCR_METRICS: readonly TextMetric[] = [
  corpusRate(
    {
      id: 'cer@jiwer',
      title: 'character error rate',
      formula: 'edits of all rows / characters of all truths, after strip()',
    },
    characterErrors,
  ),
  corpusRate(
    {
      id: 'wer@jiwer',
      title: 'word error rate',
      formula: 'edited words of all rows / words of all truths, split at spaces',
    },
    wordErrors,
  ),
  {
    ...textMean(
      {
        id: 'cer@mean',
        title: 'character error rate, mean of rows',
        formula: 'mean of edits / characters of the truth',
        source: 'jiwer 4.0.0, row by row',
      },
      (answer, truths) => rate(nearest(characterErrors, answer, truths)),
    ),
    better: 'lower',
  },
  textMean(
    {
      id: 'similarity@levenshtein',
      title: 'similarity',
      formula: 'mean of 1 - edits / length of the longer text',
      source: 'rapidfuzz 3.14.6, Levenshtein.normalized_similarity',
    },
    best(similarity),
  ),
  textMean(
    {
      id: 'similarity@indel',
      title: 'similarity by insertions and deletions',
      formula: 'mean of 1 - (insertions + deletions) / length of both texts',
      source: 'rapidfuzz 3.14.6, fuzz.ratio / 100',
    },
    best(indelRatio),
  ),
  textMean(
    {
      id: 'similarity@vlm-exam',
      title: 'similarity of a transcription',
      formula:
        'as similarity@levenshtein, without a code fence, blanks at the ends of lines and CR',
      source: 'roboflow/vlm-exam, qa.py, transcription_similarity',
    },
    best(transcribed),
  ),
  textMean(
    {
      id: 'ocr@vlm-exam',
      title: 'read correctly',
      formula: 'share of rows with similarity@vlm-exam of at least 0.95',
      source: 'roboflow/vlm-exam, qa.py, OCRTask',
    },
    best((answer, truth) => Number(transcribed(answer, truth) >= 0.95)),
  ),
];
