/** Finds and loads the .node file. Why it could not is load-failure.ts's business. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type nodeGypBuild from 'node-gyp-build';
import type { LoadAttempt } from '../errors.js';
import { loadPeer } from '../load-peer.js';
import type { NativeBinding } from './contract.js';
import { libcFamily } from './libc.js';
import { loadError } from './load-failure.js';

/** The package's folder. Not joined from __dirname: tools that read the source, see below, would copy all of it. */
export const ROOT = dirname(dirname(__dirname));

// Tools that copy what a program needs (Next.js standalone, serverless platforms) see these files by reading the source.
// They follow this form and few others: @vercel/nft a path written out from __dirname, and Turbopack `join` only as a named
// import, since TypeScript wraps the default import of a CommonJS module into a call.
const BUILT = join(__dirname, '..', '..', 'build', 'Release', 'paligemma.node');
const PREBUILDS = join(__dirname, '..', '..', 'prebuilds');

interface Loaded {
  readonly file: string;
  readonly binding: NativeBinding;
}

let loaded: Loaded | undefined;

/** The addon of this thread. Throws PaliGemmaLoadError. */
export function native(): NativeBinding {
  loaded ??= load();
  return loaded.binding;
}

/** The file `native` comes from. Throws PaliGemmaLoadError. */
export function nativeFile(): string {
  loaded ??= load();
  return loaded.file;
}

function load(): Loaded {
  const tried: LoadAttempt[] = [];
  for (const file of candidates()) {
    try {
      const binding = require(file) as NativeBinding;
      if (binding.devices().length === 0) throw new Error('no CPU backend (ggml-cpu-*) fits');
      return { file, binding };
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
      const absent = reason.startsWith('Cannot find module');
      tried.push({ file, reason: absent && !existsSync(file) ? 'not there' : reason });
    }
  }
  throw loadError(ROOT, tried);
}

/** What may hold the addon, best first: what was built here, then what came with the package. */
function candidates(): string[] {
  const files: string[] = [];
  try {
    // Loaded only here: importing the package loads no other one.
    const build = loadPeer(
      'node-gyp-build',
      () => require('node-gyp-build') as typeof nodeGypBuild,
    );
    files.push(build.resolve(ROOT));
  } catch {
    files.push(BUILT);
  }
  // node-gyp-build knows one folder per platform and architecture. A libc needs its own: the libraries beside the addon
  // have the same names. When what was built here does not load, this is the second chance; the other libc is the third,
  // for where both are installed and detect-libc sees the one that this process does not use.
  const platform = `${process.platform}-${process.arch}`;
  const glibc = prebuild(platform, '.glibc');
  const musl = prebuild(`${platform}-musl`, '.musl');
  if (process.platform !== 'linux') files.push(prebuild(platform, ''));
  else if (libcFamily() === 'musl') files.push(musl, ...[glibc].filter(existsSync));
  else files.push(glibc, ...[musl].filter(existsSync));
  return [...new Set(files)];
}

const prebuild = (folder: string, libc: string): string =>
  join(PREBUILDS, folder, `paligemma${libc}.node`);
