/** The folder of a benchmark: what is not its own is never replaced. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { openFolder, writeReports } from '../../../src/evaluation/several-runs.js';
import { folderWith } from '../../support/folder.js';

it.each(['report.html', 'report.md'])('is refused with a %s of something else', async (name) => {
  const folder = folderWith({ [name]: 'mine' });
  await expect(openFolder(folder, 'types.json')).rejects.toMatchObject({
    ...{ code: 'ERR_OUTPUT', found: name },
    message: expect.stringContaining('there is no types.json beside it'),
  });
  expect(readFileSync(path.join(folder, name), 'utf8')).toBe('mine');
});

it('is taken where it is new, and where it has what this wrote', async () => {
  const folder = path.join(folderWith({}), 'new');
  await openFolder(folder, 'types.json');
  await writeReports(
    folder,
    'types.json',
    { a: 1 },
    ({ a }) => `# ${a}`,
    ({ a }) => `<p>${a}`,
  );
  expect(readdirSync(folder).sort()).toEqual(['report.html', 'report.md', 'types.json']);
  expect(readFileSync(path.join(folder, 'report.md'), 'utf8')).toBe('# 1');
  await expect(openFolder(folder, 'types.json')).resolves.toBeUndefined();
  await expect(openFolder(folder, 'prompts.json')).rejects.toMatchObject({ code: 'ERR_OUTPUT' });
});
