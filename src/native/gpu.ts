/**
 * Opt-in GPU packages: each holds one more backend library for a prebuilt addon, and a manifest that says which ggml it was
 * made with. An addon built from source has its GPU backend linked in and uses none of this.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { makeError } from '../errors.js';
import { packageVersion } from '../package-version.js';
import { native, nativeFile, ROOT } from './binding.js';

const SCOPE = '@node-paligemma';

/** By platform, newest CUDA first. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux-x64-cuda13', 'linux-x64-cuda12'],
  'linux-arm64': ['linux-arm64-jetpack7', 'linux-arm64-jetpack6'],
};

/** The first driver that runs CUDA 13: https://docs.nvidia.com/cuda/cuda-toolkit-release-notes */
const CUDA13_DRIVER = 580;

interface GpuManifest {
  /** Commit of ggml. */
  readonly ggml: string;
  /** File beside the manifest. */
  readonly library: string;
}

export interface GpuPackage {
  readonly name: string;
  readonly folder: string;
  readonly manifest: GpuManifest;
}

/** What the NVIDIA driver says of itself; undefined where there is no driver. */
export interface NvidiaSystem {
  /** `580.65`, or the Jetson Linux release such as `R36`. */
  readonly driver: string;
  readonly jetson: boolean;
  /** The package that fits. */
  readonly wants: string | undefined;
}

let isDone = false;
let problem: string | undefined;

/** Why the GPU package that is installed, or should be, gave no device; undefined where nothing was missed. */
export function gpuProblem(): string | undefined {
  return problem;
}

/**
 * Adds the GPU package's backend before `device` is opened; once per thread. For `cuda` every reason why it is not there is an
 * error, ERR_DEVICE_UNAVAILABLE; for `auto` it is one warning of the process, and the CPU works on.
 */
export function addGpuBackend(device: string): void {
  const isWanted = /^cuda/i.test(device);
  if ((device !== 'auto' && !isWanted) || (isDone && !isWanted)) return;
  // Built from source: what is linked in is all there is.
  if (native().cpuVariants().length === 0) return;
  isDone = true;
  try {
    const found = gpuPackage();
    if (found !== undefined) {
      load(found);
      return;
    }
    const wants = nvidiaSystem()?.wants;
    if (wants === undefined && !isWanted) return;
    throw makeError('ERR_DEVICE_UNAVAILABLE', 'the package for this GPU is not installed', {
      name: 'device',
      found: wants === undefined ? 'no NVIDIA driver' : 'an NVIDIA GPU',
      expected: `one of ${(PACKAGES[platform()] ?? []).map((name) => `${SCOPE}/${name}`).join(', ') || 'no package, this platform has none'}`,
      hint:
        wants === undefined
          ? 'install the NVIDIA driver first, or use device "cpu"'
          : `npm install ${wants}`,
    });
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
    if (isWanted) throw error;
    process.emitWarning(`${problem}; running on the CPU`, { code: 'PALIGEMMA_GPU' });
  }
}

/** The GPU package that is installed, where Node finds it from this package or from the program. */
export function gpuPackage(): GpuPackage | undefined {
  // pnpm keeps what the program depends on out of this package's sight.
  const paths = [
    ROOT,
    process.cwd(),
    ...(require.main ? [path.dirname(require.main.filename)] : []),
  ];
  for (const name of (PACKAGES[platform()] ?? []).map((end) => `${SCOPE}/${end}`)) {
    try {
      const file = require.resolve(`${name}/manifest.json`, { paths });
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as GpuManifest;
      return { name, folder: path.dirname(file), manifest };
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

function load({ name, folder, manifest }: GpuPackage): void {
  const ours = ggmlCommit();
  if (ours !== undefined && manifest.ggml !== ours) {
    throw makeError('ERR_DEVICE_UNAVAILABLE', `${name} was made for another version`, {
      name,
      found: `ggml ${manifest.ggml}`,
      expected: `ggml ${ours}`,
      hint: `npm install ${name}@${packageVersion()}`,
    });
  }
  try {
    native().addBackend(path.join(folder, manifest.library));
  } catch (cause) {
    const reason = (cause as { message?: string }).message ?? String(cause);
    const library = /(lib(?:cuda|cublas|cudart|nv)[\w.]*\.so[\d.]*)/.exec(reason)?.[1];
    throw makeError('ERR_DEVICE_UNAVAILABLE', reason, {
      name,
      found: library === undefined ? reason : `no ${library}`,
      expected: 'a library that the dynamic linker takes',
      hint:
        library === 'libcuda.so.1'
          ? 'install the NVIDIA driver, or start the container with its runtime'
          : library === undefined
            ? `npm install ${name}@${packageVersion()}`
            : `install the CUDA libraries that hold ${library}`,
      cause,
    });
  }
  if (
    !native()
      .devices()
      .some(({ type }) => type !== 'cpu')
  ) {
    throw makeError('ERR_DEVICE_UNAVAILABLE', `${name} finds no GPU`, {
      name: 'device',
      found: 'a driver without a device',
      expected: 'a GPU that nvidia-smi lists',
      hint: 'see what nvidia-smi says; a container gets the GPU with --gpus all',
    });
  }
}

const platform = (): string => `${process.platform}-${process.arch}`;

/** Commit of the prebuilt addon's ggml; undefined for one built here. */
function ggmlCommit(): string | undefined {
  const file = path.join(path.dirname(nativeFile()), 'manifest.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly ggml: string }).ggml;
}

/** Driver and the package it takes. `root` is for tests. */
export function nvidiaSystem(root = '/'): NvidiaSystem | undefined {
  const read = (file: string): string => {
    try {
      return readFileSync(path.join(root, file), 'utf8');
    } catch {
      return '';
    }
  };
  const release = /^# (R(\d+))/.exec(read('etc/nv_tegra_release'));
  if (release?.[1] !== undefined) {
    const wants = Number(release[2]) >= 38 ? 'linux-arm64-jetpack7' : 'linux-arm64-jetpack6';
    return { driver: release[1], jetson: true, wants: `${SCOPE}/${wants}` };
  }
  const driver = /Kernel Module.*?\s(\d+)\.(\d+)/.exec(read('proc/driver/nvidia/version'));
  if (driver === null) return undefined;
  const wants = Number(driver[1]) >= CUDA13_DRIVER ? 'linux-x64-cuda13' : 'linux-x64-cuda12';
  const fits = platform() === 'linux-x64';
  return {
    driver: `${driver[1]}.${driver[2]}`,
    jetson: false,
    wants: fits ? `${SCOPE}/${wants}` : undefined,
  };
}
