/** Rows of an evaluation for tests of its reports: real pictures, and answers with the faults that readers of text make. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { drawnSet } from '../../src/drawn-sets/draw.js';
import { parseLimit } from '../../src/evaluation/limits.js';
import { METRICS } from '../../src/evaluation/metrics/registry.js';
import type { ComparisonReport } from '../../src/evaluation/report/comparison-report.js';
import type { EvaluatedRow, WrittenFinding, WrittenObject } from '../../src/evaluation/rows.js';
import { type Summary, type SummaryOptions, summarise } from '../../src/evaluation/summary.js';
import { imagePath } from './models.js';
import { RandomNumbers } from './random.js';

const ALIKE: Readonly<Record<string, string>> = {
  0: 'O',
  O: '0',
  1: 'I',
  I: '1',
  8: 'B',
  5: 'S',
  S: '5',
  Z: '2',
};

/** Some characters are taken for others, left out or doubled; the more, the lower the score. */
function misread(truth: string, random: RandomNumbers): { answer: string; score: number } {
  const odds = random.below(4);
  let faults = 0;
  const answer = [...truth].map((character) => {
    if (random.below(24) >= odds * 3) return character;
    faults++;
    const kind = random.below(5);
    if (kind === 0) return '';
    return kind === 1 ? character + character : (ALIKE[character] ?? random.of('ABX7'));
  });
  const score = Math.min(0.999, Math.max(0.02, 0.97 - faults * 0.2 + random.below(100) / 900));
  return { answer: answer.join(''), score: Number(score.toFixed(3)) };
}

/** `count` plates and container numbers that were read, the pictures written into `folder`; the last two rows failed. */
export async function readRows(folder: string, count: number): Promise<EvaluatedRow[]> {
  const random = new RandomNumbers(5);
  const rows: EvaluatedRow[] = [];
  for (const set of ['licence-plate', 'container-number'] as const) {
    for await (const { name, picture, answers } of drawnSet(set, { count: Math.ceil(count / 2) })) {
      const index = rows.length;
      const image = path.join(folder, name);
      writeFileSync(image, picture);
      const truth = answers['text'] as string;
      const id = `plates.jsonl:${index + 1}`;
      const given = misread(truth, random);
      rows.push({
        ...{ id, index, image, truths: [truth], prompt: 'ocr', seconds: 0.4 },
        ...given,
      });
    }
  }
  return rows.map((row, i) => {
    if (i < rows.length - 2) return row;
    const { answer: _, score: _score, ...rest } = row;
    const error = { code: 'ERR_IMAGE_CORRUPT', message: `${row.image} is damaged` };
    return { ...rest, error };
  });
}

/** Rows of things in a picture of the fixtures, of which some were found, some at the wrong place, some not. */
export function thingRows(count: number): EvaluatedRow[] {
  const random = new RandomNumbers(11);
  const image = imagePath('scene1.png');
  const size = { width: 224, height: 224 };
  return Array.from({ length: count }, (_, index) => {
    const objects = Array.from({ length: 1 + random.below(4) }, (): WrittenObject => {
      const [x, y, w, h] = [150, 150, 40, 40].map((most) => random.below(most));
      const bbox = [x ?? 0, y ?? 0, 30 + (w ?? 0), 30 + (h ?? 0)] as const;
      const label = random.of(['circle', 'triangle', 'a very long label of a thing']);
      return { label, bbox, area: bbox[2] * bbox[3] };
    });
    const found = objects.flatMap(({ label, bbox: [x, y, w, h] }): WrittenFinding[] => {
      const kind = random.below(5);
      if (kind === 0) return [];
      const by = kind === 1 ? 25 : random.below(5);
      const score = (kind === 1 ? 20 : 60 + random.below(40)) / 100;
      return [{ label, bbox: [x + by, y, w, h], score }];
    });
    return { id: `scenes.json: images[${index}]`, index, image, size, objects, found };
  });
}

/** Texts that would change a page which did not escape them. */
export const HOSTILE = [
  '</dd></dl><script>document.title = "taken"</script><img src=x onerror="document.title=1">',
  '"><svg onload=alert(1)>&lt;b&gt;&#60;',
  '\u202eabc\u2066def\u2069 \u200b\u0000\u0007\u001b[31m',
  '\ud800 half \udc00 \ufffe',
  `${'x'.repeat(100_000)}`,
  'W\u0301'.repeat(50_000),
  '\u202e\u202d'.repeat(50_000),
  'a\n\n\n\tb\r\nc',
  ']]><!--<![CDATA[',
  '',
];

/** As an evaluation sums its rows up. */
export function summaryOf(
  rows: readonly EvaluatedRow[],
  ids: readonly string[],
  limits: readonly string[],
  options: SummaryOptions = {},
): Promise<Summary> {
  const metrics = ids.flatMap((id) => METRICS.filter((one) => one.id === id));
  const parsed = limits.map((limit) => parseLimit(limit, metrics));
  return summarise(rows, metrics, parsed, options);
}

const WORDINGS = [
  'ocr',
  'Read the serial number. Return the number with no additional text.',
  'what is written here?',
];

/** The same rows asked in three wordings: the second reads worse, the third as well as the first in most of them. */
export function worded(rows: readonly EvaluatedRow[]): EvaluatedRow[] {
  return rows.flatMap((row) =>
    WORDINGS.map((phrasing, i): EvaluatedRow => {
      if (row.answer === undefined || i === 0) return { ...row, phrasing };
      const answer = i === 1 ? row.answer.slice(0, 3) : row.answer.replace('X', 'K');
      return { ...row, phrasing, answer };
    }),
  );
}

/** What comparing two runs on the same rows says, with figures that need no resampling. */
export function comparisonOf(
  first: readonly EvaluatedRow[],
  second: readonly EvaluatedRow[],
): Pick<ComparisonReport, 'comparison' | 'rows'> {
  const difference = { figure: -0.08, low: -0.11, high: -0.04, method: 'bca' } as const;
  const judged = { first: 0.11, second: 0.03, difference, p: 0.0002, smallest: 0.03 };
  const metric = { id: 'cer@jiwer', title: 'character error rate', better: 'lower' } as const;
  return {
    comparison: {
      ...{ models: ['plates-q4_0.gguf', 'plates-q8_0.gguf'], rows: first.length, leftOut: 2 },
      differences: [{ ...metric, ...judged, verdict: 'better' }],
    },
    rows: [first, second],
  };
}
