/** Two runs compared, as files. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeOutputFolder, outputError } from '../output-error.js';
import { jsonText } from '../wire/json.js';
import type { RunComparison, StoredRun } from './compare.js';
import { htmlComparison } from './report/comparison-report.js';

/** `comparison.html` and `comparison.json`. */
export async function writeComparison(
  folder: string,
  [first, second]: readonly [StoredRun, StoredRun],
  comparison: RunComparison,
  signal: AbortSignal,
): Promise<void> {
  const title = `${comparison.models.join(' and ')}: ${first.task} of ${path.basename(first.dataset)}`;
  const rows = [first.rows, second.rows] as const;
  const page = await htmlComparison({ title, comparison, rows, folder: first.folder, signal });
  await makeOutputFolder(folder);
  for (const [name, text] of [
    ['comparison.html', page],
    ['comparison.json', `${jsonText(comparison, 2)}\n`],
  ] as const) {
    const file = path.join(folder, name);
    await writeFile(file, text).catch((cause: unknown) => {
      throw outputError(file, 'write', cause);
    });
  }
}
