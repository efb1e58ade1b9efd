/**
 * What a test needs and a machine may lack. Without it a test is left out, and the last line of the run counts it by what is
 * lacking (left-out.mjs); in CI a tool that could be installed is a failure instead.
 */
import { existsSync } from 'node:fs';
import type { TestOptions } from 'vitest';
import { isInstallable, missingTools, SETUP, type TOOLS } from './tools.mjs';

declare module 'vitest' {
  interface TaskMeta {
    /** What this test was left out for. */
    lacking?: string;
  }
}

/** Options of a test or a suite that runs where `condition` is true; elsewhere it is left out as one that needs `what`. */
export function onlyWhere(condition: boolean, what: string): TestOptions {
  return condition ? {} : { skip: true, meta: { lacking: what } };
}

const ON_POSIX = process.platform !== 'win32';
export const NAMED_PIPES = onlyWhere(ON_POSIX, 'pipes in the file system');
export const LINE_BREAKS_IN_NAMES = onlyWhere(ON_POSIX, 'line breaks in names of files');
export const OPEN_FILES_REPLACED = onlyWhere(
  ON_POSIX,
  'a system that replaces files while they are open',
);
export const LIBRARIES_OF_ONE_NAME = onlyWhere(
  ON_POSIX,
  'a system that tells libraries of the same name apart',
);
export const PERMISSION_BITS = onlyWhere(ON_POSIX, 'permission bits of files');
export const FROZEN_THREADS = onlyWhere(
  process.platform === 'linux',
  'threads of other processes that can be stopped one by one',
);
export const STOPPED_PROCESSES = onlyWhere(ON_POSIX, 'signals that stop a process');
export const LOOPBACK_NETWORK = onlyWhere(
  process.platform !== 'darwin',
  'all addresses of 127.0.0.0/8',
);
export const FULL_DEVICE = onlyWhere(existsSync('/dev/full'), '/dev/full');

/** For tests that start a program of tools.mjs. */
export function needsTool(name: keyof typeof TOOLS): TestOptions {
  const isMissing = missingTools().includes(name);
  if (isMissing && inCI() && isInstallable(name))
    throw new Error(`${name} is missing, and in CI no test is left out: ${SETUP}`);
  return onlyWhere(!isMissing, name);
}

/** For tests that compare with `files` of the reference checkpoint, which is not in the repository. */
export function needsReference(...files: readonly string[]): TestOptions {
  return onlyWhere(
    files.every((file) => existsSync(file)),
    'the reference checkpoint',
  );
}

const inCI = (): boolean => !['', '0', 'false'].includes(process.env['CI'] ?? '');
