import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cpuQuota } from '../../../src/options/cpu-quota.js';

describe('the quota of a container', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'paligemma-cgroup-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it.each([
    ['200000 100000\n', 2],
    ['50000 100000\n', 0.5],
    ['max 100000\n', Number.POSITIVE_INFINITY],
    ['', Number.POSITIVE_INFINITY],
  ])('version 2, %j', (text, cores) => {
    writeFileSync(path.join(root, 'cpu.max'), text);
    expect(cpuQuota(root)).toBe(cores);
  });

  it.each([
    ['150000', 1.5],
    ['-1', Number.POSITIVE_INFINITY],
  ])('version 1, %s', (quota, cores) => {
    mkdirSync(path.join(root, 'cpu'));
    writeFileSync(path.join(root, 'cpu', 'cpu.cfs_quota_us'), `${quota}\n`);
    writeFileSync(path.join(root, 'cpu', 'cpu.cfs_period_us'), '100000\n');
    expect(cpuQuota(root)).toBe(cores);
  });

  it('is none where there are no control groups', () => {
    expect(cpuQuota(path.join(root, 'nothing'))).toBe(Number.POSITIVE_INFINITY);
  });
});
