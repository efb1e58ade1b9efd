/** Folders of pictures that are named after their class: `cat/1.jpg`, or `train/cat/1.jpg`. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { unreadable } from './faults.js';
import type { RowSource } from './rows.js';

const PICTURE = /^[^.].*\.(jpe?g|png|webp|gif|avif|tiff?|bmp)$/i;
const SPLIT = /^(train|training|val|valid|validation|test)$/i;

interface ClassFolder {
  readonly label: string;
  readonly folder: string;
}

/** One source for each split; none where there are less than two classes. */
export async function classFolderSources(
  folder: string,
  splitOf: (name: string) => string | undefined,
): Promise<RowSource[]> {
  const splits = new Map<string, ClassFolder[]>();
  for (const name of await foldersIn(folder)) {
    if (!SPLIT.test(name)) continue;
    const inside = path.join(folder, name);
    const classes = await classesIn(inside);
    if (classes.length > 0) splits.set(inside, classes);
  }
  if (splits.size === 0) splits.set(folder, await classesIn(folder));
  const labels = [...new Set([...splits.values()].flat().map(({ label }) => label))].sort();
  if (labels.length < 2) return [];
  return [...splits].map(([file, classes]) =>
    sourceOf(file, file === folder ? undefined : splitOf(path.basename(file)), { classes, labels }),
  );
}

function sourceOf(
  file: string,
  split: string | undefined,
  { classes, labels }: { readonly classes: ClassFolder[]; readonly labels: string[] },
): RowSource {
  return {
    ...{ file, split },
    async *content() {
      for (const { label, folder } of classes) {
        for (const name of await picturesIn(folder)) yield `${label}/${name}\n`;
      }
    },
    async *rows({ signal }) {
      for (const { label, folder } of classes) {
        for (const name of await picturesIn(folder)) {
          signal?.throwIfAborted();
          const image = path.join(folder, name);
          yield {
            ...{ place: { file: image }, split, image },
            request: { kind: 'task', task: 'classify', arguments: { labels } },
            expected: { kind: 'label', label, labels },
            fields: {},
          };
        }
      }
    },
  };
}

/** Folders with pictures. */
async function classesIn(folder: string): Promise<ClassFolder[]> {
  const classes: ClassFolder[] = [];
  for (const label of await foldersIn(folder)) {
    const inside = path.join(folder, label);
    if ((await picturesIn(inside)).length > 0) classes.push({ label, folder: inside });
  }
  return classes;
}

const foldersIn = (folder: string): Promise<string[]> =>
  namesIn(folder, (entry) => !entry.name.startsWith('.') && !entry.isFile());

const picturesIn = (folder: string): Promise<string[]> =>
  namesIn(folder, (entry) => PICTURE.test(entry.name) && !entry.isDirectory());

/** Sorted by code unit, so that rows come in the same order everywhere. */
async function namesIn(folder: string, isWanted: (entry: Dirent) => boolean): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter(isWanted)
      .map(({ name }) => name)
      .sort();
  } catch (cause) {
    // A link to a file is no folder.
    if ((cause as NodeJS.ErrnoException).code === 'ENOTDIR') return [];
    throw unreadable(folder, cause);
  }
}
