/** How much of the CPU a container may use. Node counts the cores it may run on, which is often more. */
import { readFileSync } from 'node:fs';

/** Cores' worth of time that the control group grants; Infinity without a limit. `root` is for tests. */
export function cpuQuota(root = '/sys/fs/cgroup'): number {
  // Version 2: "200000 100000", microseconds per period, or "max 100000".
  const [quota, period] = read(`${root}/cpu.max`)?.split(' ') ?? [
    read(`${root}/cpu/cpu.cfs_quota_us`),
    read(`${root}/cpu/cpu.cfs_period_us`),
  ];
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
