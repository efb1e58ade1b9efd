/** A folder of its own for each test. No expectations live here. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** Creates a folder with these files, empty ones unless stated otherwise; removed when the test is over. */
export function folderWith(files: readonly string[] | Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-batch-'));
  // Not at once: Windows keeps a folder while one of its files is being closed.
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const contents = Array.isArray(files) ? files.map((file) => [file, '']) : Object.entries(files);
  for (const [file, content] of contents as [string, string][]) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  }
  return folder;
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
