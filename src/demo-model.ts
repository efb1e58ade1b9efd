/** Where the demo model is, for a caller that names none. The only place that knows. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { makeError } from './errors.js';
import { loadPeer } from './load-peer.js';

const PACKAGE = '@node-paligemma/demo-model';
const FILE = 'shapes-mix-224-q8_0.gguf';

/** In a clone of the repository. The published package has none. */
const CLONED = join(__dirname, '..', 'models', FILE);

/**
 * Path of the demo model, which understands coloured shapes and printed text, nothing else: that of a clone, else that of
 * the package `@node-paligemma/demo-model`. Throws ERR_MODEL_NOT_FOUND when neither is here.
 */
export function demoModel(): string {
  const file = findDemoModel();
  if (file !== undefined) return file;
  throw makeError('ERR_MODEL_NOT_FOUND', 'no model is named, and the demo model is not installed', {
    name: 'model',
    found: `no ${PACKAGE}`,
    expected: 'the path of a GGUF file',
    remedy: 'name-model',
  });
}

/** As demoModel, but undefined when it is not here. */
export function findDemoModel(): string | undefined {
  if (existsSync(CLONED)) return CLONED;
  // As seen from this package: it is an optional peer, so that pnpm and Plug'n'Play let it through. A literal, and a require
  // of its module, which says the path: tools that copy what a program needs follow nothing else in all their versions.
  const fromHere = () => loadPeer<string>(PACKAGE, () => require('@node-paligemma/demo-model'));
  // As seen from the program, and from the project in whose folder it was started.
  const from = (file: string) => createRequire(file).resolve(`${PACKAGE}/${FILE}`);
  const program = require.main?.filename;
  return (
    attempt(fromHere) ??
    (program === undefined ? undefined : attempt(() => from(program))) ??
    attempt(() => from(join(process.cwd(), 'x.js')))
  );
}

function attempt(resolve: () => string): string | undefined {
  try {
    return resolve();
  } catch {
    return undefined;
  }
}
