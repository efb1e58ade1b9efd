/**
 * CIDEr (R. Vedantam et al., "CIDEr: Consensus-based Image Description Evaluation", 2015) and BLEU-4 of captions, as
 * pycocoevalcap 1.2 computes them. Both are figures of a corpus; what a row has of its own is a contribution to CIDEr, and
 * the BLEU of a corpus of one.
 */
import type { Described, TextMetric } from './metric.js';
import { captionWords } from './ptb-tokenizer.js';

const LONGEST = 4;
/** Of the penalty on differences of length. */
const SIGMA = 6;

/** Numbers for sequences of 1 to 4 words, the same for equal ones. */
class Sequences {
  private readonly words = new Map<string, number>();
  /** By the sequence without its last word, and that word. */
  private readonly ids = new Map<number, number>();

  /** How often each occurs, by length; in the order in which they occur. */
  count(words: readonly string[]): Counts[] {
    const numbers = words.map((word) => idOf(this.words, word));
    let shorter = new Array<number>(words.length).fill(0);
    return Array.from({ length: LONGEST }, (_, k) => {
      const counts = new Map<number, number>();
      shorter = shorter.slice(0, Math.max(0, words.length - k)).map((before, i) => {
        const id = idOf(this.ids, before * 2 ** 26 + (numbers[i + k] as number));
        counts.set(id, (counts.get(id) ?? 0) + 1);
        return id;
      });
      return counts;
    });
  }
}

/** From 1: 0 is the sequence without words. */
function idOf<Key>(ids: Map<Key, number>, key: Key): number {
  const known = ids.get(key);
  if (known !== undefined) return known;
  ids.set(key, ids.size + 1);
  return ids.size;
}

type Counts = ReadonlyMap<number, number>;

/** Weights of the sequences of one caption, by their length. */
interface Weighted {
  readonly weights: readonly Counts[];
  readonly norms: readonly number[];
  /** Of pairs of words, which stand for the length. */
  readonly pairs: number;
}

export interface Caption {
  readonly answer: string;
  /** At least one. */
  readonly truths: readonly string[];
}

export interface CorpusFigure {
  readonly figure: number;
  /** Of each row, in order. They depend on all rows, and are no figures of their own. */
  readonly contributions: readonly number[];
}

/** A metric whose figure, and whose rows' contributions, exist for all rows together alone. */
export interface CorpusMetric extends Described {
  readonly kind: 'corpus';
  /** Rows below which the figure says little. */
  readonly fewest: number;
  /** NaN of no rows. For an interval by resampling the figure is made anew for each sample. */
  readonly corpus: (rows: readonly Caption[]) => CorpusFigure;
}

/** 0 for a single row, where every weight is the logarithm of 1. */
function cider(rows: readonly Caption[]): CorpusFigure {
  const sequences = new Sequences();
  const counted = rows.map(({ answer, truths }) => ({
    answer: sequences.count(captionWords(answer)),
    truths: truths.map((truth) => sequences.count(captionWords(truth))),
  }));
  const pictures = new Map<number, number>();
  for (const { truths } of counted) {
    const seen = new Set(truths.flatMap((counts) => counts.flatMap((one) => [...one.keys()])));
    for (const id of seen) pictures.set(id, (pictures.get(id) ?? 0) + 1);
  }
  const all = Math.log(rows.length);
  const weigh = (counts: readonly Counts[]): Weighted => weighted(counts, pictures, all);
  const contributions = counted.map(({ answer, truths }) => {
    const given = weigh(answer);
    const sums = new Float64Array(LONGEST);
    for (const truth of truths) addSimilarities(sums, given, weigh(truth));
    const mean = sums.reduce((sum, one) => sum + one, 0) / LONGEST;
    return (mean / truths.length) * 10;
  });
  const sum = contributions.reduce((total, one) => total + one, 0);
  return { figure: sum / rows.length, contributions };
}

/** A sequence weighs more the fewer pictures have it in their truths. */
function weighted(counts: readonly Counts[], pictures: Counts, all: number): Weighted {
  const norms: number[] = [];
  const weights = counts.map((one) => {
    let norm = 0;
    const weight = new Map<number, number>();
    for (const [id, count] of one) {
      const value = count * (all - Math.log(Math.max(1, pictures.get(id) ?? 0)));
      weight.set(id, value);
      norm += value ** 2;
    }
    norms.push(Math.sqrt(norm));
    return weight;
  });
  const pairs = [...(counts[1] as Counts).values()].reduce((sum, count) => sum + count, 0);
  return { weights, norms, pairs };
}

function addSimilarities(sums: Float64Array, given: Weighted, truth: Weighted): void {
  const penalty = Math.exp(-((given.pairs - truth.pairs) ** 2) / (2 * SIGMA ** 2));
  for (let k = 0; k < LONGEST; k++) {
    const others = truth.weights[k] as Counts;
    let value = 0;
    for (const [id, weight] of given.weights[k] as Counts) {
      const other = others.get(id) ?? 0;
      value += Math.min(weight, other) * other;
    }
    const norm = (given.norms[k] as number) * (truth.norms[k] as number);
    sums[k] = (sums[k] as number) + (norm === 0 ? value : value / norm) * penalty;
  }
}

/** Words of the answer and of the nearest truth, then sequences of each length in the answer, and those in a truth. */
function bleuParts(answer: string, truths: readonly string[]): number[] {
  const sequences = new Sequences();
  const words = captionWords(answer);
  const others = truths.map(captionWords);
  const counts = sequences.count(words);
  const most = others.map((other) => sequences.count(other));
  const lengths = others.map((other) => other.length);
  const nearest = lengths.reduce((best, length) => {
    const [off, least] = [Math.abs(length - words.length), Math.abs(best - words.length)];
    return off < least || (off === least && length < best) ? length : best;
  });
  const there = counts.map((one) => [...one.values()].reduce((sum, count) => sum + count, 0));
  const common = counts.map((one, k) => {
    let sum = 0;
    for (const [id, count] of one) {
      sum += Math.min(count, Math.max(...most.map((other) => other[k]?.get(id) ?? 0)));
    }
    return sum;
  });
  return [words.length, nearest, ...there, ...common];
}

/** As the tool: there may be nothing to divide by. */
const [SMALL, TINY] = [1e-9, 1e-15];

function bleu([length = 0, nearest = 0, ...sums]: readonly number[]): number {
  let share = 1;
  for (let k = 0; k < LONGEST; k++) {
    share *= ((sums[LONGEST + k] as number) + TINY) / ((sums[k] as number) + SMALL);
  }
  const ratio = (length + TINY) / (nearest + SMALL);
  return share ** (1 / LONGEST) * (ratio < 1 ? Math.exp(1 - 1 / ratio) : 1);
}

export const CIDER: CorpusMetric = {
  ...{ id: 'cider@pycocoevalcap', title: 'CIDEr', kind: 'corpus', better: 'higher' },
  formula:
    '10 · mean similarity of weighted sequences of 1 to 4 words with each truth; published figures are 100 times this',
  source: 'pycocoevalcap 1.2, with the words of Stanford’s PTBTokenizer 3.4.1',
  fewest: 100,
  corpus: cider,
};

export const BLEU: TextMetric = {
  ...{ id: 'bleu4@pycocoevalcap', title: 'BLEU-4', kind: 'text', isMean: false, better: 'higher' },
  formula:
    'geometric mean of the shares of 1 to 4 words in a row that a truth has, of all rows; less for short answers',
  source: 'pycocoevalcap 1.2, with the words of Stanford’s PTBTokenizer 3.4.1',
  row: bleuParts,
  figure: (sums, rows) => (rows === 0 ? Number.NaN : bleu(sums)),
};
