/** The commands by which the documents pack the packages name the tarball and nothing else. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/models.js';

const pages = [
  ...['README.md', 'packages/demo-model/README.md'],
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const commands = pages.flatMap((page) =>
  [...readFileSync(path.join(ROOT, page), 'utf8').matchAll(/^npm pack\b[^#\n]*/gm)].map(([one]) =>
    one.trim(),
  ),
);

it('finds those of the README', () => {
  expect(commands).toHaveLength(2);
});

it.each(commands)(
  '%s',
  (command) => {
    // The scripts of the packages would compile and copy.
    const { stdout, stderr } = spawnSync(`${command} --dry-run --ignore-scripts`, {
      ...{ cwd: ROOT, shell: true, encoding: 'utf8' },
    });
    expect(stdout).toMatch(/^node-paligemma-(demo-model-)?\d+\.\d+\.\d+\.tgz\n$/);
    expect(stderr).toBe('');
  },
  60_000,
);
