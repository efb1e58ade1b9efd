/**
 * CIDEr (R. Vedantam et al., "CIDEr: Consensus-based Image Description Evaluation", 2015) and BLEU-4 of captions, as
 * pycocoevalcap 1.2 computes them. Both are figures of a corpus; what a row has of its own is a contribution to CIDEr, and
 * the BLEU of a corpus of one.
 */
import type { Answered, TextMetric, Whole, WholeMetric } from './metric.js';
import { captionWords } from './ptb-tokenizer.js';

const LONGEST = 4;
/** Of the penalty on differences of length. */
const SIGMA = 6;

/** Numbers for sequences of 1 to 4 words, the same for equal ones. */
class Sequences {
  private readonly words = new Map<string, number>();
  /** By the sequence without its last word, and that word. */
  private readonly ids = new Map<number, number>();

  /** The highest number. */
  get size(): number {
    return this.ids.size;
  }

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

type Caption = Answered<string, readonly string[]>;

/** The sequences of a caption, those of each length after the other, and how often each is there. */
interface Counted {
  readonly ids: Int32Array;
  readonly counts: Float64Array;
  /** Where those of each length begin, and the end. */
  readonly starts: readonly number[];
  /** Of pairs of words, which stand for the length. */
  readonly pairs: number;
}

function countedOf(counts: readonly Counts[]): Counted {
  const starts = [0];
  for (const one of counts) starts.push((starts.at(-1) as number) + one.size);
  return {
    ids: Int32Array.from(counts.flatMap((one) => [...one.keys()])),
    counts: Float64Array.from(counts.flatMap((one) => [...one.values()])),
    starts,
    pairs: [...(counts[1] as Counts).values()].reduce((sum, count) => sum + count, 0),
  };
}

interface CountedRow {
  readonly answer: Counted;
  readonly truths: readonly Counted[];
  /** Each sequence that a truth has, once. */
  readonly known: Int32Array;
}

/** 0 for a single row, where every weight is the logarithm of 1. */
function cider(rows: readonly Caption[]): Whole {
  const sequences = new Sequences();
  const counted = rows.map(({ answer, truth }): CountedRow => {
    const truths = truth.map((one) => countedOf(sequences.count(captionWords(one))));
    return {
      answer: countedOf(sequences.count(captionWords(answer))),
      truths,
      known: Int32Array.from(new Set(truths.flatMap(({ ids }) => [...ids]))),
    };
  });
  const once = new Int32Array(rows.length).fill(1);
  const weights = new Weights(sequences.size);
  const contributions = (): number[] => {
    weights.learn(counted, once);
    return counted.map((row) => weights.contribution(row));
  };
  return {
    contributions: contributions(),
    figure(times = once) {
      const all = weights.learn(counted, times);
      let sum = 0;
      for (const [i, row] of counted.entries()) {
        const count = times[i] as number;
        if (count > 0) sum += count * weights.contribution(row);
      }
      return sum / all;
    },
  };
}

/** A sequence weighs more the fewer pictures have it in their truths. */
class Weights {
  /** By sequence: the logarithm of pictures / pictures that have it. */
  readonly #of: Float64Array;
  /** By sequence: its weight in the answer that is compared. */
  readonly #given: Float64Array;

  constructor(sequences: number) {
    this.#of = new Float64Array(sequences + 1);
    this.#given = new Float64Array(sequences + 1);
  }

  /** Returns how many pictures there are. */
  learn(rows: readonly CountedRow[], times: ArrayLike<number>): number {
    const weights = this.#of.fill(0);
    let pictures = 0;
    for (const [i, { known }] of rows.entries()) {
      const count = times[i] as number;
      if (count === 0) continue;
      pictures += count;
      for (const id of known) weights[id] = (weights[id] as number) + count;
    }
    const all = Math.log(pictures);
    for (const [id, count] of weights.entries()) weights[id] = all - Math.log(Math.max(1, count));
    return pictures;
  }

  contribution({ answer, truths }: CountedRow): number {
    const { ids, counts } = answer;
    for (const [k, id] of ids.entries()) {
      this.#given[id] = (counts[k] as number) * (this.#of[id] as number);
    }
    const norms = this.#norms(answer);
    const sums = new Float64Array(LONGEST);
    for (const truth of truths) this.#addSimilarities(sums, norms, answer, truth);
    for (const id of ids) this.#given[id] = 0;
    const mean = sums.reduce((sum, one) => sum + one, 0) / LONGEST;
    return (mean / truths.length) * 10;
  }

  #norms({ ids, counts, starts }: Counted): number[] {
    return Array.from({ length: LONGEST }, (_, n) => {
      let norm = 0;
      for (let k = starts[n] as number; k < (starts[n + 1] as number); k++) {
        norm += ((counts[k] as number) * (this.#of[ids[k] as number] as number)) ** 2;
      }
      return Math.sqrt(norm);
    });
  }

  #addSimilarities(
    sums: Float64Array,
    norms: readonly number[],
    given: Counted,
    { ids, counts, starts, pairs }: Counted,
  ): void {
    const penalty = Math.exp(-((given.pairs - pairs) ** 2) / (2 * SIGMA ** 2));
    for (let n = 0; n < LONGEST; n++) {
      let [value, norm] = [0, 0];
      for (let k = starts[n] as number; k < (starts[n + 1] as number); k++) {
        const id = ids[k] as number;
        const weight = (counts[k] as number) * (this.#of[id] as number);
        norm += weight ** 2;
        value += Math.min(this.#given[id] as number, weight) * weight;
      }
      const both = (norms[n] as number) * Math.sqrt(norm);
      sums[n] = (sums[n] as number) + (both === 0 ? value : value / both) * penalty;
    }
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

export const CIDER: WholeMetric<'text', string, readonly string[]> = {
  ...{ id: 'cider@pycocoevalcap', title: 'CIDEr', kind: 'text', better: 'higher' },
  formula:
    '10 · mean similarity of weighted sequences of 1 to 4 words with each truth; published figures are 100 times this',
  source: 'pycocoevalcap 1.2, with the words of Stanford’s PTBTokenizer 3.4.1',
  fewest: 100,
  whole: cider,
};

export const BLEU: TextMetric = {
  ...{ id: 'bleu4@pycocoevalcap', title: 'BLEU-4', kind: 'text', isMean: false, better: 'higher' },
  formula:
    'geometric mean of the shares of 1 to 4 words in a row that a truth has, of all rows; less for short answers',
  source: 'pycocoevalcap 1.2, with the words of Stanford’s PTBTokenizer 3.4.1',
  row: bleuParts,
  figure: (sums, rows) => (rows === 0 ? Number.NaN : bleu(sums)),
};
