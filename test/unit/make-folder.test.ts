import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder } from '../../src/make-folder.js';
import { makeOutputFolder } from '../../src/output-error.js';
import { folderWith } from '../support/folder.js';
import { ROOT } from '../support/models.js';
import { onlyWhere } from '../support/needs.js';

it('makes a folder with those above it, many at once', async () => {
  const folder = path.join(folderWith([]), 'a', 'b', 'c');
  await Promise.all([makeFolder(folder), makeFolder(folder), makeFolder(path.join(folder, 'd'))]);
  await makeFolder(folder);
  expect(readdirSync(folder)).toEqual(['d']);
});

it('is refused where there is a file', async () => {
  const file = path.join(folderWith({}), 'file');
  writeFileSync(file, '');
  for (const folder of [file, path.join(file, 'x')]) {
    await expect(makeOutputFolder(folder)).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
      message: expect.stringContaining('a file, expected a folder'),
    });
  }
});

const PROC = onlyWhere(existsSync('/proc/self'), '/proc');
it('ends where the system takes no new folders', PROC, async () => {
  for (const folder of ['/proc/x', '/proc/x/y/z']) {
    await expect(makeOutputFolder(folder)).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
      message: expect.stringContaining('its folder takes no new files'),
    });
  }
});

it('is what all of the package makes folders with', () => {
  const files = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const others = files
    .filter((file) => file.endsWith('.ts') && file !== 'make-folder.ts')
    .filter((file) =>
      /\bmkdir(Sync)?\(.*recursive/.test(readFileSync(path.join(ROOT, 'src', file), 'utf8')),
    );
  expect(others).toEqual([]);
});
