/** The reports of several runs in one folder. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { writeReports } from '../../../src/evaluation/several-runs.js';
import { folderWith } from '../../support/folder.js';

it('are data, Markdown and a page', async () => {
  const folder = folderWith({});
  await writeReports(
    folder,
    'types.json',
    { a: 1 },
    ({ a }) => `# ${a}`,
    ({ a }) => `<p>${a}`,
  );
  expect(readdirSync(folder).sort()).toEqual(['report.html', 'report.md', 'types.json']);
  expect(readFileSync(path.join(folder, 'report.md'), 'utf8')).toBe('# 1');
});
