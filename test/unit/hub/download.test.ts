/** Who brings a file when several want it. Faults of the network are in test/e2e/hub.test.ts. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { download } from '../../../src/hub/download.js';

test('of several that want a file at once, one brings it, and the others know that they did not', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-download-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const content = Buffer.from('a model');
  const hash = createHash('sha256').update(content).digest('hex');
  const file = path.join(folder, 'blobs', hash);
  const wanted = { name: 'model', url: 'http://hub/model', size: content.length, hash };
  let asked = 0;
  const fetch = async (): Promise<Response> => {
    asked++;
    return new Response(content);
  };
  const brought = await Promise.all([1, 2, 3].map(() => download(file, wanted, { fetch })));
  expect(brought.filter((isOurs) => isOurs)).toHaveLength(1);
  expect(asked).toBe(1);
  expect(readFileSync(file).equals(content)).toBe(true);
});
