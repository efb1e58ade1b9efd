/**
 * The folder of a run: its `run.json` says of which kind it is. What others have put into a folder is never replaced: one that
 * holds something is taken only where it is one of the same kind.
 */
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../errors.js';
import { showPath } from '../options/show.js';
import { makeOutputFolder, outputError } from '../output-error.js';
import { jsonText } from '../wire/json.js';

const MARK = 'run.json';
/** Pictures of a data set come before its run is there. They are named by their content, and replace nothing. */
const PICTURES = 'pictures';

/** What the folders of runs hold, by what `run.json` calls it. */
const KINDS = {
  eval: 'an evaluation',
  comparison: 'a comparison of two evaluations',
  'ocr-benchmark': 'an OCR benchmark',
  'prompt-benchmark': 'a benchmark of prompts',
  'compare-types': 'a comparison of number types',
} as const;
export type RunKind = keyof typeof KINDS;

/** Makes the folder, and marks it as one of that kind. Throws ERR_OUTPUT as `checkRunFolder` does. */
export async function openRunFolder(folder: string, kind: RunKind): Promise<void> {
  const isOwn = await checkRunFolder(folder, kind);
  await makeOutputFolder(folder);
  if (!isOwn) await writeRunFile(folder, MARK, { kind });
}

/** Throws ERR_OUTPUT for a folder that holds something and is not of that kind. Tells whether it is. */
export async function checkRunFolder(folder: string, kind: RunKind): Promise<boolean> {
  // Names with a dot are those of the system, and of files of ours that a kill has left half written.
  const names = (await readdir(folder).catch(() => [])).sort();
  const [found, ...more] = names.filter((name) => !name.startsWith('.') && name !== PICTURES);
  if (found === undefined) return false;
  const other = names.includes(MARK) ? await kindOf(folder) : undefined;
  if (other === kind) return true;
  const held =
    other !== undefined
      ? KINDS[other]
      : more.length === 0
        ? showPath(found)
        : `${showPath(found)} and ${more.length} more`;
  const expected = `a folder that is new or empty, or holds ${KINDS[kind]}`;
  throw makeError('ERR_OUTPUT', `${showPath(folder)} holds ${held}, expected ${expected}`, {
    ...{ name: folder, found: held, expected },
    hint: 'nothing was replaced: name another folder',
  });
}

/** Undefined where another program has written it. */
async function kindOf(folder: string): Promise<RunKind | undefined> {
  try {
    const run: unknown = JSON.parse(await readFile(path.join(folder, MARK), 'utf8'));
    const { kind } = (run ?? {}) as { readonly kind?: unknown };
    return (Object.keys(KINDS) as RunKind[]).find((one) => one === kind);
  } catch {
    return undefined;
  }
}

/** In one step: a kill leaves what was there before. An object is written as JSON. */
export async function writeRunFile(
  folder: string,
  name: string,
  content: object | string,
): Promise<void> {
  const file = path.join(folder, name);
  const part = path.join(folder, `.${name}.${process.pid}.tmp`);
  const text = typeof content === 'string' ? content : `${jsonText(content, 2)}\n`;
  try {
    await writeFile(part, text);
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true }).catch(() => {});
    throw outputError(file, 'write', cause);
  }
}
