/** Charts as a real browser sets them: the widths that they were made with are at least those of its font. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { chartPage } from '../../src/report/svg.js';
import { Browser } from '../support/browser.js';
import { randomCharts } from '../support/charts.js';
import { folderWith } from '../support/folder.js';
import { needsTool } from '../support/needs.js';

/** In the page: texts that are on each other or leave their picture. A letter's box is higher than what is drawn of it. */
const FAULTS = `(() => {
  const faults = [];
  let texts = 0;
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll('text')].map((text) => {
      const { left, right, top, bottom } = text.getBoundingClientRect();
      const isTurned = text.hasAttribute('transform');
      const [x, y] = isTurned ? [1.5, 0] : [0, 1.5];
      const content = text.lastChild?.textContent ?? '';
      return { content, left: left + x, right: right - x, top: top + y, bottom: bottom - y };
    }).filter(({ left, right }) => right > left);
    texts += boxes.length;
    boxes.forEach((box, i) => {
      const name = svg.id + ': ' + box.content;
      if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) {
        faults.push(name + ' leaves the panel');
      }
      for (const other of boxes.slice(i + 1)) {
        if (box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom) {
          faults.push(name + ' is on ' + other.content);
        }
      }
    });
  }
  return { faults, texts };
})()`;

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
    const { faults, texts } = await browser.evaluate<{ faults: string[]; texts: number }>(FAULTS);
    expect(faults).toEqual([]);
    expect(texts).toBeGreaterThan(20_000);
  } finally {
    await browser.close();
  }
});
