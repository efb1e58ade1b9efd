/** `paligemma list`: which models are on this machine, and which files are none. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEMO_MODEL } from '../../support/models.js';
import { paligemma } from './command.js';

let folder: string;
let cache: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-list-'));
  cache = path.join(folder, 'hub');
  const snapshot = path.join(cache, 'models--ada--shapes-gguf', 'snapshots', 'a'.repeat(40));
  mkdirSync(snapshot, { recursive: true });
  copyFileSync(DEMO_MODEL, path.join(snapshot, 'shapes.gguf'));
  copyFileSync(DEMO_MODEL, path.join(folder, 'mine.gguf'));
  writeFileSync(path.join(folder, 'other.gguf'), 'GGUF?');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('names those of a folder, of the cache, and the demo model', async () => {
  const env = { HF_HUB_CACHE: cache };
  const { stdout } = await paligemma(['list', folder, '--json'], { env });
  const { models } = JSON.parse(stdout) as { models: { from: string; file: string }[] };
  expect(models).toHaveLength(3);
  expect(models[1]).toMatchObject({
    file: path.join(folder, 'mine.gguf'),
    name: 'shapes-mix-224',
    type: 'q8_0',
    imageSize: 224,
    from: folder,
  });
  expect(models.map(({ from }) => from)).toEqual(['demo model', folder, 'hf:ada/shapes-gguf']);
  const table = (await paligemma(['list', folder], { env })).stdout.split('\n');
  expect(table[0]).toMatch(/^name +type +pixels +size +file$/);
  expect(table).toHaveLength(5);
});

it('says which of its folders is not there, and lists the others', async () => {
  const env = { HF_HUB_CACHE: cache };
  const missing = path.join(folder, 'missing');
  const file = path.join(folder, 'mine.gguf');
  const some = await paligemma(['list', folder, missing], { env });
  expect([some.code, some.stderr]).toEqual([
    6,
    `error: ERR_MODEL_NOT_FOUND: ${missing} does not exist\n`,
  ]);
  expect(some.stdout).toContain(file);
  const none = await paligemma(['list', file, 'missing'], { env });
  expect(none.code).toBe(1);
  expect(none.stderr).toContain(`ERR_MODEL_NOT_FOUND: ${file} is not a folder\n`);
  expect(none.stderr).toContain('missing does not exist (looked for ');
});
