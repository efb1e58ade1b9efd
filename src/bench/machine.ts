/** What is measured on, and whether others used it meanwhile. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Machine } from './report.js';

const FEATURES = [
  ...[
    'avx2',
    'f16c',
    'avx_vnni',
    'avx512f',
    'avx512_vnni',
    'avx512_bf16',
    'amx_tile',
    'amx_int8',
    'amx_bf16',
  ],
  ...['asimddp', 'i8mm', 'bf16', 'sve'],
];

export function machine(): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    features: features(),
    memoryBytes: os.totalmem(),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
}

function features(): string[] {
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8');
    const has = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.trim().split(' '));
    return FEATURES.filter((feature) => has.has(feature));
  } catch {
    return []; // not Linux
  }
}

/** Bytes this process had in memory at most. */
export function peakBytes(): number {
  try {
    const kib = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Watches from its making on how much of the cores other processes take. */
export class Neighbours {
  readonly #begin = busy();

  /** 0 to 1. What the hypervisor gave to other machines counts as well. */
  share(): number {
    const now = busy();
    const all = now.all - this.#begin.all;
    const others = now.busy - this.#begin.busy - (now.own - this.#begin.own);
    return all > 0 ? Math.max(0, others / all) : 0;
  }
}

function busy(): { busy: number; all: number; own: number } {
  const usage = process.cpuUsage();
  let [busyMs, idleMs] = [0, 0];
  for (const { times } of os.cpus()) {
    busyMs += times.user + times.nice + times.sys + times.irq;
    idleMs += times.idle;
  }
  const stolen = stolenMs();
  return {
    busy: busyMs + stolen,
    all: busyMs + idleMs + stolen,
    own: (usage.user + usage.system) / 1000,
  };
}

/** Time in which a virtual machine was ready to run and was not let. */
function stolenMs(): number {
  try {
    const ticks = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.trim().split(/\s+/)[8];
    return Number(ticks ?? 0) * 10;
  } catch {
    return 0;
  }
}
