/** Fingerprints: the same for the same bytes, another for another size, beginning, middle or end. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { fingerprint } from '../../../src/runs/fingerprint.js';
import { folderWith } from '../../support/folder.js';

it('tells model files apart', async () => {
  const folder = folderWith([]);
  const at = (name: string): string => path.join(folder, name);
  const bytes = Buffer.alloc(800_000, 'weights ');
  const make = async (change: (copy: Buffer) => Buffer): Promise<string> => {
    writeFileSync(at('changed'), change(Buffer.from(bytes)));
    return fingerprint([at('changed')]);
  };
  writeFileSync(at('model'), bytes);
  copyFileSync(at('model'), at('copy'));
  const own = await fingerprint([at('model')]);
  expect(own).toMatch(/^[0-9a-f]{16}$/);
  expect(await fingerprint([at('copy')])).toBe(own);
  const others = [
    await make((copy) => copy.subarray(1)),
    await make((copy) => copy.fill(0, 0, 1)),
    await make((copy) => copy.fill(0, copy.length - 1)),
    // As fine-tuning does: something everywhere.
    await make((copy) => copy.swap64()),
    await fingerprint([at('model'), at('copy')]),
  ];
  expect(new Set([own, ...others]).size).toBe(6);
  expect(bytes.equals(readFileSync(at('model')))).toBe(true);
});
