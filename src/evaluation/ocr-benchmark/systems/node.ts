/** Systems that are npm packages, installed beside the program that runs the benchmark: each in a process of its own. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { makeError } from '../../../errors.js';
import { ProtocolSystem } from '../protocol.js';
import { type SystemSource, untuned } from '../system.js';

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  // It brings its models as a dependency.
  gutenye: ['@gutenye/ocr-node'],
  'tesseract.js': ['tesseract.js', '@tesseract.js-data/eng'],
};

export const NODE_NAMES = Object.keys(PACKAGES);

export function nodeSource(name: string): SystemSource {
  const packages = PACKAGES[name] as readonly string[];
  return {
    spec: name,
    check: async () => {
      checkInstalled(packages);
      return untuned(name);
    },
    open: async (options) => {
      const args = [path.join(__dirname, 'node-child.js'), name, String(options.threads)];
      return [await ProtocolSystem.open({ program: process.execPath, args }, options)];
    },
  };
}

/** Throws ERR_DEPENDENCY_MISSING. */
function checkInstalled(packages: readonly string[]): void {
  const { resolve } = createRequire(path.join(process.cwd(), 'package.json'));
  for (const name of packages) {
    try {
      resolve(name);
    } catch (cause) {
      throw makeError('ERR_DEPENDENCY_MISSING', `the package ${name} is not installed here`, {
        ...{ name, found: `no such package from ${process.cwd()}`, expected: name, cause },
        // Its script fetches files for GPUs.
        hint: `run npm install --ignore-scripts ${packages.join(' ')}`,
      });
    }
  }
}
