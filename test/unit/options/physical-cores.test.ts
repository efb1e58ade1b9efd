import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { physicalCores } from '../../../src/options/physical-cores.js';

describe('physical cores', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'paligemma-cpus-'));
    mkdirSync(path.join(root, 'proc', 'self'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const allow = (list: string) =>
    writeFileSync(
      path.join(root, 'proc/self/status'),
      `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0\n`,
    );
  /** CPUs 0, 1 and so on, each with those of its core; one without is offline. */
  function machine(siblings: readonly (string | undefined)[], file = 'core_cpus_list'): void {
    const folder = path.join(root, 'sys/devices/system/cpu');
    mkdirSync(path.join(folder, 'cpufreq'), { recursive: true });
    for (const [cpu, list] of siblings.entries()) {
      const topology = path.join(folder, `cpu${cpu}`, list === undefined ? '' : 'topology');
      mkdirSync(topology, { recursive: true });
      if (list !== undefined) writeFileSync(path.join(topology, file), `${list}\n`);
    }
  }
  const TWO_PER_CORE = ['0,4', '1,5', '2,6', '3,7', '0,4', '1,5', '2,6', '3,7'];

  it.each([
    ['one thread per core', ['0', '1', '2', '3'], '0-3', 4],
    ['two threads per core', TWO_PER_CORE, '0-7', 4],
    ['neighbours share a core', ['0-1', '0-1', '2-3', '2-3'], '0-3', 2],
    ['some cores with two threads', ['0-1', '0-1', '2', '3'], '0-3', 3],
    ['a mask of both threads of two cores', TWO_PER_CORE, '0-1,4-5', 2],
    ['a mask of one thread of each core', TWO_PER_CORE, '4-7', 4],
    ['a mask of one CPU', TWO_PER_CORE, '5', 1],
    ['a mask beyond what is there', ['0', '1'], '0-127', 2],
    ['CPUs that are offline', ['0', undefined, '2', undefined], '0-3', 2],
  ] as const)('are counted once: %s', (_, siblings, allowed, cores) => {
    machine(siblings);
    allow(allowed);
    expect(physicalCores(root)).toBe(cores);
  });

  it('are read by the name of old kernels too', () => {
    machine(TWO_PER_CORE, 'thread_siblings_list');
    allow('0-7');
    expect(physicalCores(root)).toBe(4);
  });

  it('are unknown without the topology, or without the mask', () => {
    allow('0-3');
    expect(physicalCores(root)).toBe(Number.POSITIVE_INFINITY);
    machine([undefined, undefined]);
    expect(physicalCores(root)).toBe(Number.POSITIVE_INFINITY);
    machine(TWO_PER_CORE);
    rmSync(path.join(root, 'proc'), { recursive: true });
    expect(physicalCores(root)).toBe(Number.POSITIVE_INFINITY);
  });
});
