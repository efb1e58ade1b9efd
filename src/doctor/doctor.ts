/** Looks at this machine the way the engine does: what is there, what was chosen and why, and whether a prediction comes out. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { machine } from '../bench/machine.js';
import { DEMO_MODEL, demoModel } from '../demo-model.js';
import { devices } from '../devices.js';
import { PaliGemmaError } from '../errors.js';
import { inspect } from '../inspect.js';
import { loadSharp } from '../load-sharp.js';
import { native, nativeFile, ROOT } from '../native/binding.js';
import { gpuPackage, gpuProblem, nvidiaSystem } from '../native/gpu.js';
import { libcFamily, libcVersion } from '../native/libc.js';
import { cpuQuota } from '../options/cpu-quota.js';
import { PaliGemma } from '../paligemma.js';
import type { DoctorReport } from './report.js';

/** A picture of which the demo model knows what to say. */
const SELF_TEST_SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="224" height="224"><rect width="224" height="224" fill="white"/><circle cx="112" cy="112" r="60" fill="red"/></svg>';

/** More model files than this are not looked at. */
const MAX_MODELS = 50;

/** Never throws: what fails stands in the report. `folders`: where to look for model files besides the package. */
export async function doctor(
  folders: readonly string[],
  signal?: AbortSignal,
): Promise<DoctorReport> {
  const hints: string[] = [];
  const tell = (error: unknown): string => {
    if (error instanceof PaliGemmaError && error.hint) hints.push(error.hint);
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
    version: version(),
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
    models: isLoaded ? await models(folders) : [],
    selfTest: isLoaded ? await selfTest(tell, signal) : { error: 'the addon does not load' },
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
        : 'an NVIDIA driver is here and no CUDA device: npx paligemma build --cuda, or start with --device cuda to see why',
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

async function models(folders: readonly string[]): Promise<DoctorReport['models']> {
  const files = new Set<string>();
  for (const folder of [path.dirname(DEMO_MODEL), ...folders]) {
    try {
      for (const name of readdirSync(folder)) {
        if (name.endsWith('.gguf') && files.size < MAX_MODELS)
          files.add(path.resolve(folder, name));
      }
    } catch {
      // No such folder, or not ours to read.
    }
  }
  return Promise.all(
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
}

async function selfTest(
  tell: (error: unknown) => string,
  signal?: AbortSignal,
): Promise<DoctorReport['selfTest']> {
  try {
    const picture = await loadSharp()(Buffer.from(SELF_TEST_SVG)).png().toBuffer();
    const start = performance.now();
    const model = await PaliGemma.load(demoModel(), { ...(signal && { signal }) });
    try {
      const { text } = await model.caption(picture, { ...(signal && { signal }) });
      const milliseconds = Math.round(performance.now() - start);
      const kernels = model.info.kernels;
      const expected = /red circle/.test(text);
      return {
        text,
        milliseconds,
        kernels,
        ...(!expected && { error: `the demo model saw "${text}" in a red circle` }),
      };
    } finally {
      await model.dispose();
    }
  } catch (error) {
    return { error: tell(error) };
  }
}

function version(): string {
  const text = readFileSync(path.join(ROOT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
