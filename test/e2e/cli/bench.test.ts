/** `paligemma bench`: the report is complete and its figures are of this run. What they are is no test's business. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BenchReport } from '../../../src/bench/report.js';
import { paligemma } from './command.js';

describe('bench', () => {
  const quick = ['--rounds', '1', '--max-concurrency', '2', '--max-tokens', '2'];

  it('prints every stage as JSON, with the limits of the machine', async () => {
    const { code, stdout } = await paligemma(['bench', ...quick, '--roofline', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as BenchReport;
    for (const { p50, p95, p99, count } of Object.values(report.stages)) {
      expect(count).toBeGreaterThan(0);
      expect(p50).toBeGreaterThan(0);
      expect(p95).toBeGreaterThanOrEqual(p50);
      expect(p99).toBeGreaterThanOrEqual(p95);
    }
    expect(report.loads.map(({ concurrency }) => concurrency)).toEqual([1, 2]);
    expect(report.model.file).toBe('shapes-mix-224-q8_0.gguf');
    expect(report.memory.peakBytes).toBeGreaterThan(report.model.fileBytes);
    expect(report.roofline?.readBytesPerSecond).toBeGreaterThan(1e8);
    expect(report.roofline?.shares.decode).toBeGreaterThan(0);
    expect(report.othersShare).toBeGreaterThanOrEqual(0);
  });

  it('prints a table', async () => {
    const { code, stdout, stderr } = await paligemma(['bench', ...quick]);
    expect(code).toBe(0);
    for (const words of ['encode the picture', 'decode, per token', 'at once', 'cores']) {
      expect(stdout).toContain(words);
    }
    expect(stderr).toContain('measuring stages');
  });

  it('refuses what is no model', async () => {
    const { code, stdout, stderr } = await paligemma([
      'bench',
      '--model',
      path.join('no', 'model.gguf'),
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('ERR_MODEL_NOT_FOUND');
  });
});
