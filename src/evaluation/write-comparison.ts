/** Two runs compared, as files. */
import path from 'node:path';
import { openRunFolder, writeRunFile } from '../runs/run-folder.js';
import type { RunComparison, StoredRun } from './compare.js';
import { htmlComparison } from './report/comparison-report.js';

/** `comparison.html` and `comparison.json`. */
export async function writeComparison(
  folder: string,
  [first, second]: readonly [StoredRun, StoredRun],
  comparison: RunComparison,
  signal: AbortSignal,
): Promise<void> {
  await openRunFolder(folder, 'comparison');
  const title = `${comparison.models.join(' and ')}: ${first.task} of ${path.basename(first.dataset)}`;
  const rows = [first.rows, second.rows] as const;
  const page = await htmlComparison({ title, comparison, rows, folder: first.folder, signal });
  await writeRunFile(folder, 'comparison.html', page);
  await writeRunFile(folder, 'comparison.json', comparison);
}
