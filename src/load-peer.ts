/**
 * Packages that are loaded when they are first needed, and may be missing: optional peers, and dependencies that an install
 * left out. Where one is, everything that does not need it still works, and the error has the command that installs it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeError, type PaliGemmaError } from './errors.js';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** What `makeError` cannot know of a package. */
interface Advice {
  /** Flags of `npm install` that it needs. */
  readonly flags?: string;
  /** What works without it. */
  readonly without?: string;
  /** Packages that are of use only together: one command installs all of them. */
  readonly together?: readonly string[];
}

/**
 * What `load` returns: `loadPeer('sharp', () => require('sharp'))`. The name is written in `load` as well, so that tools
 * which copy what a program needs find it. Throws ERR_DEPENDENCY_MISSING.
 */
export function loadPeer<T>(name: string, load: () => T, advice?: Advice): T {
  try {
    return load();
  } catch (cause) {
    throw dependencyError(name, cause, advice);
  }
}

/** As loadPeer, for `() => import('yauzl')`. Rejects with ERR_DEPENDENCY_MISSING. */
export async function importPeer<T>(
  name: string,
  load: () => Promise<T>,
  advice?: Advice,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw dependencyError(name, cause, advice);
  }
}

/** `npm install undici@6.29.1`: with the version that this package was made for, if it names one. */
export function installCommand(names: string | readonly string[], flags?: string): string {
  const words = [names].flat().map((name) => {
    const range = rangeOf(name);
    // No version is as good as any. Other characters mean something to one shell or another.
    const wanted = range === undefined || range === '*' ? name : `${name}@${range}`;
    return /^[\w@/.-]+$/.test(wanted) ? wanted : `"${wanted}"`;
  });
  return ['npm install', flags, ...words].filter((part) => part !== undefined).join(' ');
}

function rangeOf(name: string): string | undefined {
  try {
    // Beside lib as beside src. A bundler may have moved this code to where there is another one, or none.
    const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8');
    const { dependencies, peerDependencies } = JSON.parse(text) as Manifest;
    return peerDependencies?.[name] ?? dependencies?.[name];
  } catch {
    return undefined;
  }
}

function dependencyError(
  name: string,
  cause: unknown,
  { flags, without, together = [name] }: Advice = {},
): PaliGemmaError {
  const isMissing = isAbsent(name, cause);
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  const message = isMissing
    ? `the package ${name} is not installed`
    : `the package ${name} cannot be loaded: ${reason}`;
  const run = `run ${installCommand(together, flags)}`;
  return makeError('ERR_DEPENDENCY_MISSING', message, {
    name,
    found: isMissing ? 'no such package' : reason,
    expected: `the package ${name}`,
    hint: without === undefined ? run : `${run}; ${without}`,
    cause,
  });
}

/** Whether it is the package that is not there, and not one that it needs itself. */
function isAbsent(name: string, cause: unknown): boolean {
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  // Node's two loaders have different words; both quote what was looked for.
  return (
    (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') &&
    new RegExp(`^Cannot find (?:module|package) '${name}'`).test(String(message))
  );
}
