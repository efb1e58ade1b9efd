/** Looks at this machine the way the engine does: what is there, what was chosen and why, and whether a prediction comes out. */
import { readdirSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { machine } from '../bench/machine.js';
import { findDemoModel } from '../demo-model.js';
import { devices } from '../devices.js';
import { PaliGemmaError } from '../errors.js';
import { inspect } from '../inspect.js';
import { native, nativeFile } from '../native/binding.js';
import { gpuPackage, gpuProblem, nvidiaSystem } from '../native/gpu.js';
import { libcFamily, libcVersion } from '../native/libc.js';
import { cpuQuota } from '../options/cpu-quota.js';
import { packageVersion } from '../package-version.js';
import { REMEDIES } from '../remedies.js';
import { localModels } from './local-models.js';
import type { DoctorReport } from './report.js';
import { selfTest } from './self-test.js';

/** More model files than this are not looked at. */
const MAX_MODELS = 50;

/** Never throws: what fails is in the report. `folders`: where to look for model files besides the package and the hub's cache. */
export async function doctor(
  folders: readonly string[],
  signal?: AbortSignal,
): Promise<DoctorReport> {
  const hints: string[] = [];
  const tell = (error: unknown): string => {
    if (error instanceof PaliGemmaError && error.hint)
      hints.push(error.hintFor('cli') ?? error.hint);
    return error instanceof Error ? error.message : String(error);
  };

  let addon: DoctorReport['addon'];
  let found: DoctorReport['devices'] = [];
  try {
    const file = nativeFile();
    const variants = native().cpuVariants();
    addon = { file, from: variants.length > 0 ? 'prebuilt' : 'source', variants };
    found = devices();
  } catch (error) {
    addon = { variants: [], error: tell(error) };
  }
  const isLoaded = addon.error === undefined;

  const { cpu, cores, features } = machine();
  const quota = cpuQuota();
  const available = found.find(({ type }) => type === 'cpu')?.memoryFree;
  const report: Omit<DoctorReport, 'ok' | 'hints'> = {
    version: packageVersion(),
    platform: {
      os: `${process.platform} ${os.release()}`,
      arch: process.arch,
      ...libc(),
      node: process.version,
    },
    cpu: { model: cpu, cores, ...(Number.isFinite(quota) && { quota }), features },
    memory: { total: os.totalmem(), ...(available !== undefined && { available }) },
    addon,
    devices: found,
    nvidia: nvidia(found, hints),
    models: isLoaded ? await models(folders, hints) : [],
    selfTest: isLoaded
      ? await selfTest(signal).catch((error: unknown) => ({ error: tell(error) }))
      : { error: 'the addon does not load' },
  };
  if (available !== undefined && available < 4e9) {
    hints.push(
      `${(available / 1e9).toFixed(1)} GB of memory are free; PaliGemma 3B in q4_0 takes 2 GB, in q8_0 3.3 GB`,
    );
  }
  if (addon.variants.find(({ chosen }) => chosen)?.name === 'x64')
    hints.push(
      'this CPU has no AVX2: answers will take many times longer than on one of this decade',
    );
  return {
    ok: isLoaded && report.selfTest.error === undefined,
    ...report,
    hints: [...new Set(hints)],
  };
}

function libc(): { libc?: string } {
  const family = libcFamily();
  return family === null ? {} : { libc: `${family} ${libcVersion() ?? ''}`.trim() };
}

function nvidia(found: DoctorReport['devices'], hints: string[]): DoctorReport['nvidia'] {
  const system = nvidiaSystem();
  const installed = gpuPackage();
  const isUsed = found.some(({ name }) => /^cuda/i.test(name));
  if (system !== undefined && !isUsed) {
    hints.push(
      system.wants !== undefined && installed === undefined
        ? `an NVIDIA driver is here and not used: npm install ${system.wants}`
        : `an NVIDIA driver is here and no CUDA device: ${REMEDIES['build-cuda']('cli', '')}`,
    );
  }
  return {
    ...(system !== undefined && { driver: system.driver }),
    jetson: system?.jetson ?? false,
    ...(installed !== undefined && { package: installed.name }),
    ...(installed !== undefined &&
      !isUsed && { error: gpuProblem() ?? 'the package is installed and its device is not there' }),
  };
}

async function models(
  folders: readonly string[],
  hints: string[],
): Promise<DoctorReport['models']> {
  const demo = findDemoModel();
  const files = new Set(demo === undefined ? [] : [demo]);
  for (const folder of folders) {
    try {
      for (const name of readdirSync(folder)) {
        if (name.endsWith('.gguf') && files.size < MAX_MODELS)
          files.add(path.resolve(folder, name));
      }
    } catch {
      // No such folder, or not ours to read.
    }
  }
  for (const { file } of await localModels([])) files.add(file);
  const found = await Promise.all(
    [...files].map(async (file) => {
      try {
        const { metadata, fileBytes } = await inspect(file);
        return { file, bytes: fileBytes, architecture: String(metadata['general.architecture']) };
      } catch (error) {
        const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
        return { file, bytes, error: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
  if (found.every(({ error }) => error !== undefined))
    hints.push(REMEDIES['name-model']('cli', ''));
  return found;
}
