/** Memory stays at a few chunks however large the checkpoint is. Measured in a process of its own. */
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { convertInChild } from '../../support/convert-child.js';
import {
  copyOf,
  rawSafetensors,
  readFolder,
  TINY1,
  temporaryFolder,
} from '../../support/convert-sources.js';

const WIDTH = 1024;
const FEED_FORWARD = 12_288;
const LAYERS = 2;
const MB = 1e6;

/** A PaliGemma 1 with two large layers, 320 MB of zeros: a sparse file, so that making it costs nothing. */
function largeCheckpoint(folder: string): string {
  const source = copyOf(TINY1, folder);
  const file = path.join(source, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  Object.assign(config.text_config, { hidden_size: WIDTH, intermediate_size: FEED_FORWARD });
  writeFileSync(file, JSON.stringify(config));
  const resize = (size: number) => ({ 64: WIDTH, 96: FEED_FORWARD })[size] ?? size;
  const entries: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { shape }] of readFolder(TINY1)) {
    const text = name.startsWith('language_model');
    const projector = name.startsWith('multi_modal');
    const sizes = text ? shape.map(resize) : projector ? [WIDTH, ...shape.slice(1)] : shape;
    const bytes = sizes.reduce((a, b) => a * b, 4);
    entries[name] = { dtype: 'F32', shape: sizes, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const header = rawSafetensors(JSON.stringify(entries), []);
  const descriptor = openSync(path.join(source, 'model.safetensors'), 'w');
  writeSync(descriptor, header);
  ftruncateSync(descriptor, header.length + offset);
  closeSync(descriptor);
  return source;
}

describe('memory', () => {
  const folder = temporaryFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('peaks below 200 MB while 300 MB are converted', { timeout: 120_000 }, async () => {
    const source = largeCheckpoint(folder);
    const output = path.join(folder, 'large.gguf');
    const child = convertInChild(
      { source, output, type: 'f32' },
      { nodeFlags: ['--max-old-space-size=64'] },
    );
    const report = JSON.parse((await child.line('report')).slice('report '.length));
    expect(await child.ended).toBe(0);
    expect(statSync(path.join(source, 'model.safetensors')).size).toBeGreaterThan(300 * MB);
    expect(report.bytes).toBe(statSync(output).size);
    expect(report.bytes).toBeGreaterThan(300 * MB);
    // Node itself takes 45 to 70 MB, the buffers at most three chunks of 34 MB.
    expect(report.maxRssKb * 1024).toBeLessThan(200 * MB);
    expect(LAYERS * 3 * WIDTH * FEED_FORWARD * 4).toBeGreaterThan(290 * MB);
  });
});
