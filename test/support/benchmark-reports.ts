/** Benchmarks of phrasings and of number types for tests of their reports: answers with faults, compared as the commands do. */
import { METRICS } from '../../src/evaluation/metrics/registry.js';
import { comparePhrasings, type PhrasingReport } from '../../src/evaluation/phrasings.js';
import type { PromptBenchmark, PromptQuestion } from '../../src/evaluation/prompt-findings.js';
import type { EvaluatedRow } from '../../src/evaluation/rows.js';
import type { TypeFigures, TypesReport } from '../../src/evaluation/type-findings.js';
import type { WeightType } from '../../src/index.js';
import { RandomNumbers } from './random.js';

const SETTINGS = { version: '1.0.0', node: 'v22.0.0', machine: 'AMD EPYC 9354, 2 threads, linux' };

/** `odds`: of each phrasing, in how many of 24 rows it is answered right. */
export function asked(
  odds: Readonly<Record<string, number>>,
  metric = 'exact@vlm-exam',
  count = 50,
): Promise<PhrasingReport> {
  const random = new RandomNumbers(3);
  const rows = Array.from({ length: count }, (_, index) => index).flatMap((index) =>
    Object.entries(odds).map(([phrasing, right]): EvaluatedRow => {
      const answer = random.below(24) < right ? `truth ${index}` : `wrong ${random.below(3)}`;
      const image = `${index}.png`;
      return { id: String(index), index, image, phrasing, truths: [`truth ${index}`], answer };
    }),
  );
  const judge = METRICS.find(({ id }) => id === metric) as (typeof METRICS)[number];
  return comparePhrasings(rows, Object.keys(odds), judge);
}

/** Seven questions: two whose wording matters, three where it is not shown, two of which nothing is right; rows failed in one. */
export async function promptBenchmark(): Promise<PromptBenchmark> {
  const long = 'Read the serial number. Return the number with no additional text. '.repeat(3);
  const question = async (
    set: PromptQuestion['set'],
    kind: string,
    failed: number,
    odds: Readonly<Record<string, number>>,
    metric?: string,
  ): Promise<PromptQuestion> => ({
    ...{ set, kind, failed, run: `${set}/${kind}` },
    phrasings: await asked(odds, metric),
  });
  const words = ['answer en how much is the tax?', 'how much tax is there?', 'tax', long];
  const all = (right: readonly number[]): Record<string, number> =>
    Object.fromEntries(words.map((one, i) => [one, right[i] ?? 0]));
  return {
    ...{ model: 'paligemma2-3b-mix-448-q8_0.gguf', count: 50, seed: 1, settings: SETTINGS },
    questions: [
      await question('receipts', 'tax', 3, all([22, 20, 6, 14])),
      await question('menus', 'price', 0, all([20, 21, 20, 20])),
      await question('coins', 'count', 0, all([14, 4, 12, 13]), 'count@tallyqa'),
      await question('coins', 'total', 0, all([0, 0, 0, 0])),
      await question('plurals', 'find', 0, all([24, 24, 24, 24])),
      await question('serial-plate', 'text', 0, all([20, 19, 21, 18]), 'similarity@levenshtein'),
      await question('container-number', 'text', 0, all([0, 0, 0, 0])),
    ],
  };
}

const NUMBER_TYPES: readonly (readonly [type: WeightType, bits: number, figure: number])[] = [
  ...([
    ['f32', 32, 0.93],
    ['f16', 16, 0.93],
    ['bf16', 16, 0.929],
    ['q8_0', 8.5, 0.928],
    ['q6_k', 6.6, 0.921],
  ] as const),
  ...([
    ['q5_k', 5.5, 0.924],
    ['q4_k', 4.5, 0.93],
    ['q4_0', 4.5, 0.871],
  ] as const),
];

/** All types by two metrics; the last is shown to be worse, and some of its rows failed. */
export function typesReport(): TypesReport {
  const metrics = [
    { id: 'exact@strict', title: 'exact match', better: 'higher' },
    { id: 'cer@jiwer', title: 'character error rate', better: 'lower' },
  ] as const;
  const around = (figure: number, by: number) =>
    ({ figure, low: figure - by, high: figure + by, method: 'bca' }) as const;
  const alike = { figure: 0, low: null, high: null, method: null, reason: 'no-spread' } as const;
  const types = NUMBER_TYPES.map(([type, bits, share], i): TypeFigures => {
    const difference = share - 0.93;
    const figures = metrics.map((one, k) => ({
      ...one,
      ...around(k === 0 ? share : (1 - share) / 4, k === 0 ? 0.03 : 0.01),
    }));
    const isWorst = i === NUMBER_TYPES.length - 1;
    return {
      ...{ type, bytes: bits * 3.65e8, memoryBytes: bits * 3.65e8 + 4e8, seconds: 2.4 - i / 10 },
      ...{ rows: 300, failed: isWorst ? 4 : 0, figures },
      ...(i > 0 && {
        agreement: around(0.999 - i / 100, 0.001),
        differences: metrics.map((one, k) => ({
          ...one,
          ...{
            first: 0.93,
            second: share,
            p: isWorst ? 0.001 : 1,
            smallest: i === 1 ? null : 0.02,
          },
          difference: i === 1 ? alike : around(k === 0 ? difference : -difference / 4, 0.02),
          verdict: isWorst ? ('worse' as const) : ('not shown' as const),
        })),
      }),
    };
  });
  return {
    ...{ checkpoint: '/models/plates-3b', dataset: '/data/plates.jsonl', task: 'ocr' },
    ...{ compared: 296, settings: SETTINGS, types },
  };
}
