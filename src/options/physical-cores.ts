/** How many cores a process may run on. Two hyperthreads of a core share the units that multiply. */
import { readdirSync, readFileSync } from 'node:fs';

/** Physical cores among the CPUs of the affinity mask; Infinity where Linux does not tell. `root` is for tests. */
export function physicalCores(root = '/'): number {
  const allowed = read(`${root}/proc/self/status`)?.match(/^Cpus_allowed_list:\s*(\S+)$/m)?.[1];
  if (allowed === undefined) return Number.POSITIVE_INFINITY;
  const ranges = allowed.split(',').map((range) => range.split('-').map(Number));
  const cores = new Set<string>();
  for (const cpu of cpus(`${root}/sys/devices/system/cpu`)) {
    if (!ranges.some(([first = 0, last = first]) => first <= cpu && cpu <= last)) continue;
    const topology = `${root}/sys/devices/system/cpu/cpu${cpu}/topology`;
    // The second is the name before Linux 5.3. A CPU that is offline has neither.
    const core = read(`${topology}/core_cpus_list`) ?? read(`${topology}/thread_siblings_list`);
    if (core !== undefined) cores.add(core);
  }
  return cores.size || Number.POSITIVE_INFINITY;
}

function cpus(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap(
      (name) =>
        name
          .match(/^cpu(\d+)$/)
          ?.slice(1)
          .map(Number) ?? [],
    );
  } catch {
    return [];
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
