/** Where the demo model is, for whoever names none. The only place that knows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeError } from './errors.js';

/**
 * Understands coloured shapes and printed text, nothing else. It need not be there. Tools that copy what a program needs
 * find it by this form, see native/binding.ts.
 */
export const DEMO_MODEL = join(__dirname, '..', 'models', 'shapes-mix-224-q8_0.gguf');

/** Path of the demo model. Throws ERR_MODEL_NOT_FOUND when it was not installed. */
export function demoModel(): string {
  if (existsSync(DEMO_MODEL)) return DEMO_MODEL;
  throw makeError('ERR_MODEL_NOT_FOUND', 'no model is named, and the demo model is not installed', {
    name: 'model',
    found: `no ${DEMO_MODEL}`,
    expected: 'the path of a GGUF file',
    hint: `name the path of a GGUF file; looked for ${DEMO_MODEL}`,
  });
}
