/** Readings of an OCR benchmark for tests of its page: drawn crops, and systems that misread more or less of them. */
import { drawnSet } from '../../src/drawn-sets/draw.js';
import { DOMAINS } from '../../src/drawn-sets/sets.js';
import { parsePrices } from '../../src/evaluation/ocr-benchmark/prices.js';
import type { ReadingRow } from '../../src/evaluation/ocr-benchmark/rows.js';
import {
  type BenchmarkSummary,
  summariseBenchmark,
} from '../../src/evaluation/ocr-benchmark/summary.js';
import { RandomNumbers } from './random.js';

/** `perDomain` crops of each of the ten domains, read once; some of what the worse ones read has failed. */
export async function benchmarkRows(
  systems: readonly string[],
  perDomain: number,
): Promise<ReadingRow[]> {
  const random = new RandomNumbers(11);
  const rows: ReadingRow[] = [];
  for (const domain of DOMAINS) {
    for await (const { name, answers } of drawnSet(domain, { count: perDomain })) {
      const [truth, crop] = [answers['text'] as string, `drawn/${domain}/${name}`];
      for (const [i, system] of systems.entries()) {
        const text = [...truth].map((one) => (random.below(14) < i ? 'x' : one)).join('');
        const isFailure = random.below(60) < i;
        rows.push({
          ...{ id: `${system} | ${crop}`, system, version: `${i}.12.34567`, threads: 1 },
          ...{ startSeconds: 1.234 * i, isTuned: false, crop, picture: '0', group: crop, domain },
          ...{ split: 'scored', isTimed: true, pass: 1, truth },
          ...(isFailure
            ? { error: { code: 'ERR_SYSTEM', message: `${system} ended with exit code ${i}` } }
            : { text, seconds: (0.01 + random.below(1000) / 3e4) * 1.7 ** i }),
        });
      }
    }
  }
  return rows;
}

export const benchmarkSummary = (
  rows: readonly ReadingRow[],
  prices: readonly string[],
): Promise<BenchmarkSummary> =>
  summariseBenchmark(rows, {
    ...{ machine: 'AMD EPYC 9354, 2 processors', loadAtStart: 0.71, threads: 1, repeats: 1 },
    ...{ profile: 'roboflow-2024', prices: parsePrices(prices) },
  });
