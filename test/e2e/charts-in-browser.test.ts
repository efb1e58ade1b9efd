/** Charts as a real browser sets them: the widths that they were made with are at least those of its font. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { chartPage } from '../../src/report/svg.js';
import { Browser } from '../support/browser.js';
import { randomCharts } from '../support/charts.js';
import { CHART_FAULTS } from '../support/charts-in-page.js';
import { folderWith } from '../support/folder.js';
import { needsTool } from '../support/needs.js';

it('has no text on another one, and none outside of its panel, in 200 random data sets', {
  ...needsTool('chromium'),
  timeout: 120_000,
}, async () => {
  const charts = Array.from({ length: 200 }, (_, seed) =>
    Object.entries(randomCharts(seed)).map(([kind, chart]) => {
      const svg = chartPage(kind, [chart()], 1, { isFile: seed === 0 });
      return svg.replace('<svg', `<svg id="${kind} ${seed}"`);
    }),
  );
  const file = path.join(folderWith({}), 'charts.html');
  writeFileSync(file, `<!doctype html><meta charset="utf-8">${charts.flat().join('')}`);
  const browser = await Browser.start();
  try {
    await browser.open(file, { width: 1440 });
    const { faults, texts } = await browser.evaluate<{ faults: string[]; texts: number }>(
      CHART_FAULTS,
    );
    expect(faults).toEqual([]);
    expect(texts).toBeGreaterThan(20_000);
  } finally {
    await browser.close();
  }
});
