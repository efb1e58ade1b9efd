/** What benchmarks share that are several runs in one folder: what the runs have in common, and the reports. */
import { writeRunFile } from '../runs/run-folder.js';
import { jsonText } from '../wire/json.js';
import { readRun } from './compare.js';

/** What `run.json` says of a run itself: one that is continued begins anew. */
const OF_A_RUN: ReadonlySet<string> = new Set(['kind', 'started', 'ended']);

/** What the `run.json` of all runs have alike. */
export async function commonSettings(
  folders: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const [first = {}, ...others] = await Promise.all(
    folders.map(async (folder) => (await readRun(folder)).run),
  );
  const isAlike = ([name, value]: readonly [string, unknown]): boolean =>
    others.every((other) => jsonText(other[name] ?? null) === jsonText(value));
  const own = Object.entries(first).filter(([name]) => !OF_A_RUN.has(name));
  return Object.fromEntries(own.filter(isAlike));
}

/** `data`: the file of the report itself. */
export async function writeReports<T extends object>(
  folder: string,
  data: string,
  report: T,
  markdown: (report: T) => string,
  html: (report: T) => string,
): Promise<void> {
  await writeRunFile(folder, data, report);
  await writeRunFile(folder, 'report.md', markdown(report));
  await writeRunFile(folder, 'report.html', html(report));
}
