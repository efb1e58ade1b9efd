/** A page as a reader gets it: what is checked of every page of a report, in a real browser. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect } from 'vitest';
import type { Browser, View } from './browser.js';
import { CHART_FAULTS } from './charts-in-page.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Axe {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** Phones and desks in light and dark, and paper. */
export const VIEWS: readonly View[] = (['light', 'dark'] as const).flatMap((scheme) => [
  ...[360, 1440].map((width) => ({ width, scheme })),
  { width: 800, scheme, media: 'print' as const },
]);

/** Captions of tables that are wider than their room. */
const MOVED = `[...document.querySelectorAll('.table')].filter(
  (one) => one.scrollWidth > one.clientWidth,
).map((one) => one.ariaLabel + ' ' + one.scrollWidth + ' > ' + one.clientWidth)`;

/** Fails where it is wider than the view, asks for another file, runs what is in its texts, or has covered labels or axe's findings. */
export async function checkPage(browser: Browser, file: string, view: View): Promise<void> {
  await browser.open(file, view);
  const { scroll, width, title } = await browser.evaluate<{
    scroll: number;
    width: number;
    title: string;
  }>(
    '({ scroll: document.documentElement.scrollWidth, width: innerWidth, title: document.title })',
  );
  expect([view, scroll <= width, title === 'taken']).toEqual([view, true, false]);
  expect(browser.requests.map((address) => path.basename(address))).toEqual([path.basename(file)]);
  const { faults } = await browser.evaluate<{ faults: string[] }>(CHART_FAULTS);
  const moved = width < 1440 ? [] : await browser.evaluate(MOVED);
  expect([view, faults, moved]).toEqual([view, [], []]);
  if (view.media === 'print') return;
  await browser.evaluate(readFileSync(AXE, 'utf8'));
  const { violations } = await browser.evaluate<Axe>(
    "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => ({ violations }))",
  );
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  const shown = serious.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]);
  expect([view, shown]).toEqual([view, []]);
}
