/** What benchmarks share that are several runs in one folder: the folder, what the runs have in common, and the reports. */
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../errors.js';
import { showPath } from '../options/show.js';
import { makeOutputFolder, outputError } from '../output-error.js';
import { jsonText } from '../wire/json.js';
import { readRun } from './compare.js';

const REPORTS = ['report.md', 'report.html'] as const;

/** Throws ERR_OUTPUT for a folder with a report of something else, which would be replaced. `data`: the file that is beside ours. */
export async function openFolder(folder: string, data: string): Promise<void> {
  await makeOutputFolder(folder);
  const there = new Set(await readdir(folder).catch(() => []));
  const found = REPORTS.find((name) => there.has(name));
  if (found === undefined || there.has(data)) return;
  const name = path.join(folder, found);
  const message = `${showPath(name)} is there already, and there is no ${data} beside it`;
  throw makeError('ERR_OUTPUT', message, {
    ...{ name, found, expected: 'a folder without it' },
    hint: 'name another folder',
  });
}

/** What the `run.json` of all runs have alike. */
export async function commonSettings(
  folders: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const [first = {}, ...others] = await Promise.all(
    folders.map(async (folder) => (await readRun(folder)).run),
  );
  const isAlike = ([name, value]: readonly [string, unknown]): boolean =>
    others.every((other) => jsonText(other[name] ?? null) === jsonText(value));
  // A run that is continued begins anew.
  const own = Object.entries(first).filter(([name]) => name !== 'started' && name !== 'ended');
  return Object.fromEntries(own.filter(isAlike));
}

/** The data first: a folder with a report has it. */
export async function writeReports<T extends object>(
  folder: string,
  data: string,
  report: T,
  markdown: (report: T) => string,
  html: (report: T) => string,
): Promise<void> {
  const [md, page] = REPORTS;
  for (const [name, text] of [
    [data, `${jsonText(report, 2)}\n`],
    [md, markdown(report)],
    [page, html(report)],
  ] as const) {
    const file = path.join(folder, name);
    await writeFile(file, text).catch((cause: unknown) => {
      throw outputError(file, 'write', cause);
    });
  }
}
