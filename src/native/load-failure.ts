/** Why the addon does not load and what helps: by the files that were tried and the dynamic linker's words. */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { type LoadAttempt, type LoadFailure, PaliGemmaLoadError } from '../errors.js';
import { BUILD_COMMAND } from '../remedies.js';
import { libcFamily, libcVersion } from './libc.js';

const REINSTALL = 'npm install node-paligemma --force';

interface Diagnosis {
  readonly failure: LoadFailure;
  readonly message: string;
  readonly hint: string;
}

/** The error for files that did not load. `root` is the package's folder. */
export function loadError(root: string, tried: readonly LoadAttempt[]): PaliGemmaLoadError {
  const { failure, message, hint } = diagnose(root, tried);
  const libc = process.platform === 'linux' ? `, ${libcFamily()} ${libcVersion() ?? ''}` : '';
  return new PaliGemmaLoadError(failure, tried, message, {
    name: 'paligemma.node',
    found: `${process.platform}-${process.arch}${libc}, Node ${process.version}`,
    expected: 'a binary for this platform',
    hint,
  });
}

function diagnose(root: string, tried: readonly LoadAttempt[]): Diagnosis {
  const permission = process.permission;
  if (permission && !permission.has('fs.read', root)) {
    return {
      failure: 'permission-model',
      message: `Node's permission model hides ${root}`,
      hint: `start Node with --allow-addons --allow-fs-read=${root}/*`,
    };
  }
  // Node's words for both; the linker is not even asked.
  if (tried.some(({ reason }) => /addons?.* disabled|native addon/i.test(reason))) {
    return permission
      ? {
          failure: 'permission-model',
          message: "Node's permission model forbids native addons",
          hint: 'start Node with --allow-addons',
        }
      : {
          failure: 'addons-disabled',
          message: 'native addons are switched off',
          hint: 'start Node without --no-addons',
        };
  }
  if (!isPackage(root)) {
    return {
      failure: 'bundled',
      message: 'this code was moved out of its package, as bundlers do',
      hint: "mark node-paligemma as external in the bundler (Next.js: serverExternalPackages: ['node-paligemma']; esbuild: --external:node-paligemma; webpack: externals); see docs/deployment.md",
    };
  }
  const found = tried.filter(({ file }) => existsSync(file));
  if (found.length === 0) return noBinary(root);
  // The last word has the binary that came with the package for this libc.
  const own = found.filter(({ file }) => !file.includes('-musl') || libcFamily() === 'musl');
  const [{ file, reason }] = (own.length > 0 ? own : found).slice(-1) as [LoadAttempt];
  return byFile(file) ?? byReason(file, reason);
}

/** Without its sources the package cannot be compiled either: they are in whatever was installed or cloned. */
function noBinary(root: string): Diagnosis {
  const libc = libcFamily() === 'musl' ? ' with musl' : '';
  const platform = `${process.platform}-${process.arch}${libc}`;
  if (!existsSync(path.join(root, 'CMakeLists.txt'))) {
    return {
      failure: 'no-binary',
      message: `only a part of the package was copied to ${root}, as file tracing and COPY in a Dockerfile do, and the binary for ${platform} is not in it`,
      hint: "copy node_modules/node-paligemma/prebuilds as well, made for that platform (Next.js: serverExternalPackages: ['node-paligemma'], and outputFileTracingIncludes where files are still missing); see docs/deployment.md",
    };
  }
  return {
    failure: 'no-binary',
    message: `the package brings no binary for ${platform}`,
    hint: `compile it, which takes a minute or two: ${BUILD_COMMAND}`,
  };
}

function isPackage(root: string): boolean {
  try {
    const text = readFileSync(path.join(root, 'package.json'), 'utf8');
    return (JSON.parse(text) as { name?: unknown }).name === 'node-paligemma';
  } catch {
    return false;
  }
}

const MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
};

function byFile(file: string): Diagnosis | undefined {
  const damaged = (what: string): Diagnosis => ({
    failure: 'damaged',
    message: what,
    hint: `install it again: ${REINSTALL}`,
  });
  if (process.platform === 'linux') {
    const header = Buffer.alloc(20);
    const handle = openSync(file, 'r');
    const length = readSync(handle, header, 0, header.length, 0);
    closeSync(handle);
    if (length < header.length || header.readUInt32BE(0) !== 0x7f454c46)
      return damaged(`${file} is no program (${statSync(file).size} bytes)`);
    const machine = MACHINES[header.readUInt16LE(18)] ?? 'another processor';
    if (machine !== process.arch) {
      return {
        failure: 'wrong-architecture',
        message: `the binary is for ${machine}, this Node is for ${process.arch}`,
        hint: `node_modules was copied from another machine or installed for it; install here: ${REINSTALL}`,
      };
    }
  }
  for (const [name, bytes] of Object.entries(manifestSizes(path.dirname(file)))) {
    const library = path.join(path.dirname(file), name);
    if (!existsSync(library)) return damaged(`${library} is missing`);
    if (statSync(library).size !== bytes)
      return damaged(`${library} has ${statSync(library).size} bytes instead of ${bytes}`);
  }
  return undefined;
}

/** Sizes by name that the prebuild's manifest states; none for what was built here. */
function manifestSizes(folder: string): Record<string, number> {
  try {
    const { files } = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as {
      readonly files: Readonly<Record<string, { readonly bytes: number }>>;
    };
    return Object.fromEntries(Object.entries(files).map(([name, { bytes }]) => [name, bytes]));
  } catch {
    return {};
  }
}

function byReason(file: string, reason: string): Diagnosis {
  const glibc = /version [`'"]?GLIBC_([\d.]+)/.exec(reason)?.[1];
  if (glibc !== undefined) {
    return {
      failure: 'old-glibc',
      message: `the binary needs glibc ${glibc}, this system has ${libcVersion() ?? 'an older one'}`,
      hint: `use a newer system (Ubuntu 22.04, Debian 12, JetPack 6) or compile it: ${BUILD_COMMAND}`,
    };
  }
  if (/libc\.musl|ld-musl|ld-linux|libc\.so\.6|__\w+_chk|GLIBCXX|symbol not found/.test(reason)) {
    return {
      failure: 'wrong-libc',
      message: `the binary was made for another C library than this system's ${libcFamily()}`,
      hint: `node_modules was copied from another system; install here: ${REINSTALL}, or compile: ${BUILD_COMMAND}`,
    };
  }
  if (/not a valid Win32 application/.test(reason)) {
    return {
      failure: 'damaged',
      message: `${file} is no program for this Windows`,
      hint: `install it again: ${REINSTALL}`,
    };
  }
  if (/specified (module|procedure) could not be found/.test(reason)) {
    return {
      failure: 'missing-library',
      message: 'it needs a library that this Windows does not have',
      hint: `Windows 10 or newer has all of them; else compile here: ${BUILD_COMMAND}`,
    };
  }
  const library = /(lib[\w.+-]+\.so[\d.]*):? (?:cannot open|No such file)/.exec(reason)?.[1];
  if (library !== undefined) {
    return {
      failure: 'missing-library',
      message: `it needs ${library}, which this system does not have`,
      hint: /^libcu|^libnv/.test(library)
        ? `install the NVIDIA driver and CUDA libraries, or compile without CUDA: ${BUILD_COMMAND}`
        : `install the package that has ${library}, or compile here: ${BUILD_COMMAND}`,
    };
  }
  return {
    failure: 'unknown',
    message: `the dynamic linker refused ${path.basename(file)}`,
    hint: `compile it here: ${BUILD_COMMAND}; then report this message`,
  };
}
