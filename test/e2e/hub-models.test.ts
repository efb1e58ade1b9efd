/** Models on the hub that are more than one file: checkpoints to convert, split ones, pairs of text and vision. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { convert, inspect as inspectFile, PaliGemma, pull } from '../../src/index.js';
import type { FakeHub } from '../support/fake-hub.js';
import { splitModel, splitParts } from '../support/gguf-files.js';
import { checkpointFolder, DEMO_MODEL, imagePath } from '../support/models.js';
import { HUB, useHub } from '../support/use-hub.js';

const content = randomBytes(1_000_003);
const { ID, folder } = HUB;
let hub: FakeHub;
let home: string;
useHub((fresh) => {
  ({ hub, home } = fresh);
});

describe('a checkpoint on the hub', () => {
  const source = checkpointFolder('tiny-paligemma1');
  beforeEach(() => {
    for (const name of readdirSync(source))
      hub.files.set(name, readFileSync(path.join(source, name)));
    hub.files.set('README.md', Buffer.from('not needed'));
  });
  const output = (): string => path.join(home, 'out.gguf');
  const blobs = (): string[] => readdirSync(path.join(folder(), 'blobs'));

  test('is converted as the same folder on the disk, and what was downloaded goes away', async () => {
    const stages = new Set<string>();
    const report = await convert({
      ...{ source: `${ID}@v1`, output: output(), type: 'q8_0', name: 'x' },
      onProgress: ({ stage }) => stages.add(stage),
    });
    const local = path.join(home, 'local.gguf');
    await convert({ source, output: local, type: 'q8_0', name: 'x' });
    expect(readFileSync(report.output).equals(readFileSync(local))).toBe(true);
    expect([...stages]).toEqual(['download', 'write', 'sync', 'done']);
    expect(blobs()).toEqual([]);
    expect(hub.seen.some(({ path: at }) => at.includes('README'))).toBe(false);
  });

  test('stays in the cache when asked to, or when it was there before', async () => {
    await convert({ source: ID, output: output(), type: 'q8_0', keepDownload: true });
    const kept = blobs();
    expect(kept.length).toBeGreaterThan(4);
    const asked = hub.contents;
    const { output: file } = await convert({ source: ID, output: `${output()}2`, type: 'q8_0' });
    expect([blobs(), hub.contents]).toEqual([kept, asked]);
    expect((await inspectFile(file)).metadata).toMatchObject({ 'general.name': 'repo' });
    await convert({ source: ID, output: `${output()}3`, type: 'q8_0', offline: true });
    expect(hub.contents).toBe(asked);
  });

  test('is converted by several at once, who do not take it away from each other', async () => {
    const one = async (i: number) => {
      // Some begin while others are reading or done.
      await new Promise((resolve) => setTimeout(resolve, i * 15));
      return convert({ source: ID, output: `${output()}${i}`, type: 'q8_0' });
    };
    const reports = await Promise.all(Array.from({ length: 12 }, (_, i) => one(i)));
    const [first, ...others] = reports.map((report) => readFileSync(report.output));
    for (const other of others) expect(other.equals(first as Buffer)).toBe(true);
    expect(blobs()).toEqual([]);
    expect(readdirSync(folder())).not.toContain('.held');
  });

  test('is not downloaded for an output that cannot be', async () => {
    writeFileSync(output(), '');
    await expect(convert({ source: ID, output: output(), type: 'q8_0' })).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    expect(hub.seen).toEqual([]);
  });

  test('is not downloaded for an archive that cannot be converted without a tokenizer', async () => {
    hub.files.clear();
    hub.files.set('m.npz', content);
    await expect(convert({ source: ID, output: output(), type: 'q8_0' })).rejects.toMatchObject({
      code: 'ERR_OPTION_TYPE',
      hint: expect.stringContaining('tokenizer.model'),
    });
    expect(hub.contents).toBe(0);
  });

  test('that is gated names the page to accept', async () => {
    hub.faults = { refuse: { status: 403, code: 'GatedRepo' } };
    await expect(convert({ source: ID, output: output(), type: 'q8_0' })).rejects.toMatchObject({
      code: 'ERR_HUB_GATED',
      hint: expect.stringContaining(`${hub.url}/owner/repo`),
    });
  });

  test('that is none says what there is', async () => {
    hub.files.clear();
    hub.files.set('m.gguf', content);
    await expect(convert({ source: ID, output: output(), type: 'q8_0' })).rejects.toMatchObject({
      code: 'ERR_HUB_NOT_FOUND',
      hint: expect.stringContaining('loaded as they are'),
    });
  });

  test('is not loaded; the error says how it is converted', async () => {
    await expect(PaliGemma.load(ID)).rejects.toMatchObject({
      code: 'ERR_HUB_NOT_FOUND',
      hint: expect.stringContaining("convert({ source: 'hf:owner/repo', output })"),
    });
  });

  test('can be aborted, and goes on from there', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    hub.faults = { stallAt: 1000 };
    const converting = convert({
      ...{ source: ID, output: output(), type: 'q8_0', signal: controller.signal },
    });
    const isPartial = (name: string): boolean =>
      name.endsWith('.incomplete') && statSync(path.join(folder(), 'blobs', name)).size === 1000;
    await vi.waitFor(() => expect(blobs().some(isPartial)).toBe(true), { timeout: 10_000 });
    controller.abort(reason);
    await expect(converting).rejects.toBe(reason);
    hub.faults = {};
    await convert({ source: ID, output: output(), type: 'q8_0' });
    expect(hub.seen.some(({ range }) => range?.startsWith('bytes='))).toBe(true);
  });
});

describe('a model in several files', () => {
  test('comes whole', async () => {
    for (const part of splitParts(DEMO_MODEL, path.join(home, 'm'), 2))
      hub.files.set(path.basename(part), readFileSync(part));
    const totals = new Set<number>();
    const first = await pull(ID, { onProgress: (_, total) => totals.add(total) });
    expect(path.basename(first)).toBe('m-00001-of-00002.gguf');
    expect(hub.contents).toBe(2);
    expect([...totals]).toEqual([
      [...hub.files.values()].reduce((sum, { length }) => sum + length, 0),
    ]);
    for (const source of [ID, first]) {
      const model = await PaliGemma.load(source);
      expect((await model.caption(imagePath('scene1.png'))).text).toMatch(/^a black circle/);
      await model.dispose();
    }
  });

  test('has its vision part with it', async () => {
    const { text, mmproj } = splitModel(DEMO_MODEL, home);
    hub.files.set('m-q4_k_m.gguf', readFileSync(text));
    hub.files.set('mmproj-f16.gguf', readFileSync(mmproj));
    for (const [source, offline] of [
      [`${ID}:q4_k_m`, false],
      [ID, true],
      [{ text: `${ID}:q4_k_m`, mmproj: `${ID}:mmproj` }, true],
    ] as const) {
      const model = await PaliGemma.load(source, { offline });
      expect((await model.caption(imagePath('scene1.png'))).text).toMatch(/^a black circle/);
      await model.dispose();
    }
    expect(hub.contents).toBe(2);
  });
});
