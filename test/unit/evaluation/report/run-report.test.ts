import { writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { htmlComparison } from '../../../../src/evaluation/report/comparison-report.js';
import { htmlReport } from '../../../../src/evaluation/report/run-report.js';
import type { EvaluatedRow } from '../../../../src/evaluation/rows.js';
import {
  comparisonOf,
  HOSTILE,
  summaryOf,
  thingRows,
  worded,
} from '../../../support/evaluation-rows.js';
import { folderWith } from '../../../support/folder.js';

const RUN = { model: 'm.gguf', task: 'ocr', split: 'val' };

function texts(answers: readonly (string | undefined)[], truth = 'truth'): EvaluatedRow[] {
  return answers.map((answer, index) => {
    const row = { id: `d.jsonl:${index + 1}`, index, image: `${index}.png`, truths: [truth] };
    return answer === undefined
      ? { ...row, error: { code: 'ERR_X', message: `no ${index}.png` } }
      : { ...row, answer };
  });
}

async function report(
  rows: readonly EvaluatedRow[],
  limits: readonly string[],
  more = {},
  groupBy?: string,
): Promise<string> {
  const ids = ['exact@strict', 'similarity@levenshtein'];
  const summary = await summaryOf(rows, ids, limits, { groupBy });
  return htmlReport({ title: 'T', run: RUN, summary, rows, ...more });
}

const named = (page: string): string[] =>
  [...page.matchAll(/<h3>([^<]*)<\/h3>/g)].map(([, name]) => name ?? '');

describe('htmlReport', () => {
  it.each([
    [['truth'], [], 'Judged</strong> No limit was set. 1 row, all answered.'],
    [['truth', 'truth'], ['exact>=1'], 'Met</strong> The limit is met. 2 rows, all answered.'],
    [
      ['x', 'truth'],
      ['exact>=1', 'exact>=0'],
      'Missed</strong> 1 of 2 limits is missed: exact&#62;=1 (0.5000).',
    ],
    [
      ['truth', undefined],
      ['exact>=1'],
      'No limit is met while rows have failed. 1 of 2 rows answered (50 %); 1 failed',
    ],
  ])('begins with whether it is good enough: %j, %j', async (answers, limits, words) => {
    expect(await report(texts(answers), limits)).toContain(words);
  });

  it('shows the rows that are most wrong, no right one, and 24 at most', async () => {
    const page = await report(texts(['truth', 'truths', 'nothing like it', 'trut']), []);
    // All equally wrong by equality.
    expect(named(page)).toEqual(['d.jsonl:2', 'd.jsonl:3', 'd.jsonl:4']);
    expect(page).toContain('<bdi class="text">truth<ins>s</ins></bdi>');
    expect(page).toContain('<bdi class="text">trut<del>h</del></bdi>');
    expect(named(await report(texts(Array(30).fill('wrong')), []))).toHaveLength(24);
  });

  it('has published figures beside its own', async () => {
    const summary = await summaryOf(texts(['truth']), ['exact@strict'], []);
    const source = 'https://example.org/table';
    const published = [{ model: 'Same', figure: 0.7, source, note: 'greedy' }];
    const page = await report(texts(['truth']), [], { summary: { ...summary, published } });
    expect(page).toContain('Same</th><td class="number">0.7000');
    expect(page).toContain('example.org');
  });

  it('joins rows that failed for one reason', async () => {
    const page = await report(texts([undefined, undefined, 'truth']), []);
    expect(page).toContain(
      'no 0.png</th><td>ERR_X</td><td class="number">2</td><td>d.jsonl:1, d.jsonl:2</td>',
    );
  });

  it('shows groups of rows', async () => {
    const rows = texts([...Array(6).fill('truth'), ...Array(4).fill('x')]);
    const named = rows.map((row, i) => ({ ...row, fields: { kind: i < 6 ? 'plates' : 'signs' } }));
    const page = await report(named, [], {}, 'kind');
    expect(page).toMatch(/plates<\/th><td class="number">6<\/td><td class="number">1\.0000/);
    expect(page).toMatch(/signs<\/th><td class="number">4<\/td><td class="number">0\.0000/);
  });

  it('compares phrasings, and shows the rows of the first', async () => {
    const rows = worded(texts(Array.from({ length: 24 }, (_, i) => (i < 12 ? 'truth' : 'trutX'))));
    const page = await report(rows, []);
    expect(page).toContain('<h2>Phrasings</h2>');
    expect(page).toContain('3 phrasings over 24 rows that all have answered');
    expect(page).toMatch(/Return the number[^|]*?<td>worse<\/td>/);
    expect(page).toContain('No difference is shown among the best 2 of 3 phrasings.');
    expect(named(page)).toHaveLength(12);
  });

  it('draws what is there and what was found, and says it', async () => {
    const rows = thingRows(3);
    const summary = await summaryOf(rows, ['f1@iou-0.5'], []);
    const page = await htmlReport({ title: 'T', run: RUN, summary, rows });
    expect(page).toContain('<path class="there" d="M');
    expect(page).toContain('<path class="found" d="M');
    expect(page).toMatch(/alt="Picture of [^"]*; there: [^"]*; found: /);
  });

  it('escapes every text', async () => {
    const rows = HOSTILE.map(
      (text, index): EvaluatedRow => ({
        ...{ id: text, index, image: text, truths: [text, text], prompt: text, answer: `${text}x` },
      }),
    );
    // Distances of texts of that length take seconds.
    const summary = await summaryOf(rows, ['exact@strict'], []);
    const page = await htmlReport({ title: HOSTILE[0] as string, run: RUN, summary, rows });
    expect(page).not.toMatch(/<script|<svg onload|onerror="|<!--<|\u202e|\u2066|\ud800/);
    expect(page).toContain('U+202E and 799 more');
    // U+FFFD of what cannot be written down.
    expect(Buffer.from(page).toString('utf8')).toBe(page);
  });

  it('stops with the reason of its signal', async () => {
    const reason = new Error('enough');
    const stopped = report(texts(['x']), [], { signal: AbortSignal.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
  });
});

it('keeps a page with 60 pictures within 3 MB, whatever they show, and shows those that cannot be read', async () => {
  const folder = folderWith({ '0.png': 'no picture' });
  const answers = Array.from({ length: 60 }, (_, i) => (i < 24 ? 'truth' : 'wrong'));
  const first = texts(Array(60).fill('wrong'));
  const second = texts(answers).map((row, i) =>
    i < 36 ? row : { ...row, answer: 'still further away' },
  );
  const noise = Buffer.alloc(640 * 640 * 3);
  for (let i = 1; i < 60; i++) {
    for (let k = 0; k < noise.length; k++)
      noise[k] = (noise[(k * 7 + 1) % noise.length] ?? 0) * 31 + i * k + (k >> 3);
    const raw = { width: 640, height: 640, channels: 3 } as const;
    await sharp(noise, { raw })
      .png({ compressionLevel: 1 })
      .toFile(path.join(folder, `${i}.png`));
  }
  const page = await htmlComparison({ title: 'T', folder, ...comparisonOf(first, second) });
  writeFileSync(path.join(folder, 'report.html'), page);
  expect(page.match(/<img src="data:image\/webp/g)).toHaveLength(59);
  expect(page).toContain('The picture cannot be read: ');
  expect(Buffer.byteLength(page)).toBeLessThan(3_000_000);
  expect(Buffer.byteLength(page)).toBeGreaterThan(300_000);
});
