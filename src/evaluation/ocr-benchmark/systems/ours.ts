/** Our own model, in this process. */
import path from 'node:path';
import { modelFiles } from '../../../hub/model-files.js';
import { PaliGemma } from '../../../index.js';
import { fingerprint } from '../../../runs/fingerprint.js';
import { type OpenOptions, type System, type SystemSource, untuned } from '../system.js';

export function oursSource(spec: string, model: string): SystemSource {
  return {
    spec,
    check: async () => {
      await modelFiles(model, { offline: true });
      return untuned(path.basename(model));
    },
    open: async (options) => [await openOurs(model, options)],
  };
}

async function openOurs(file: string, { threads, signal }: OpenOptions): Promise<System> {
  const begin = performance.now();
  // Nothing is remembered of a picture that comes again: each call is measured whole.
  const model = await PaliGemma.load(file, { threads, featureCacheMb: 0, signal });
  const startSeconds = (performance.now() - begin) / 1000;
  const digits = await fingerprint(await modelFiles(file, { offline: true }));
  return {
    ...{ name: path.basename(file), version: digits, threads, startSeconds, modes: [] },
    read: async ({ crop }, own) => ({ text: (await model.ocr(crop.file, { signal: own })).text }),
    close: () => model.dispose(),
  };
}
