// The model files that quality figures are made of: the shipped one, and others converted from the reference checkpoint with the
// mask codec, under build/quality.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { convert } from '../../lib/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DEMO_MODEL = path.join(ROOT, 'models', 'shapes-mix-224-q8_0.gguf');

/** The 20 MB checkpoint of the shipped model, not in the repository. */
export const REFERENCE = path.join(ROOT, '..', 'shared', 'reference');

/** Path of the trained model in one weight type, with the mask codec; converted when absent. */
export async function trainedModel(type, reference = REFERENCE) {
  const output = path.join(ROOT, 'build', 'quality', `shapes-mix-224-${type}.gguf`);
  if (existsSync(output)) return output;
  mkdirSync(path.dirname(output), { recursive: true });
  const source = path.join(reference, 'shapes-mix-224');
  if (!existsSync(source)) {
    throw new Error(`no checkpoint at ${source}: give --reference FOLDER or --model FILE`);
  }
  await convert({ source, output, type, maskCodec: path.join(reference, 'vae-shapes.npz') });
  return output;
}
