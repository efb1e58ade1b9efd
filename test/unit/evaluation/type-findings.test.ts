/** The sentences of a comparison of number types. */
import { expect, it } from 'vitest';
import {
  type TypesReport,
  typesFailures,
  typesPower,
  typesTitle,
  typesVerdict,
} from '../../../src/evaluation/type-findings.js';
import { typesReport } from '../../support/benchmark-reports.js';

const sentences = (report: TypesReport): string[] => [
  ...[typesTitle(report), typesVerdict(report), typesPower(report), typesFailures(report)],
];

it('say which types are worse, which are not shown to differ, and what could be shown', () => {
  expect(sentences(typesReport())).toEqual([
    'Number types of plates-3b: ocr of plates.jsonl',
    'By exact@strict, shown to be worse than f32: q4_0; not shown to differ from f32: f16, bf16, q8_0, q6_k, q5_k and q4_k.',
    'The 296 rows that all types have answered could show a difference of 0.0200.',
    'Without an answer, which the figures leave out: 4 of q4_0.',
  ]);
});

it('say which types are better or were not compared, and nothing of what there is not', () => {
  const { types, ...rest } = typesReport();
  const some = types.slice(0, 3).map(({ differences = [], ...one }, i) => ({
    ...one,
    ...(i === 1 && { differences: differences.map((d) => ({ ...d, verdict: 'better' as const })) }),
  }));
  expect(sentences({ ...rest, types: some }).slice(1)).toEqual([
    'By exact@strict, shown to be better than f32: f16; not compared, as no row is answered by both: bf16.',
    '',
    '',
  ]);
});
