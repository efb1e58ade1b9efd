// Biome (format and lint) and clang-format. With `fix` they format instead of complaining.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from '../lib.mjs';
import { filesIn } from './sources.mjs';

const require = createRequire(import.meta.url);
const biomeBinary = () => path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

export function format({ root, fix }) {
  const run = (command, args) =>
    spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
  const sentences = [];
  if (
    !run(process.execPath, [
      biomeBinary(),
      'check',
      '--error-on-warnings',
      ...(fix ? ['--write'] : []),
    ])
  ) {
    sentences.push('Biome found the above; npm run format corrects what has one right form');
  }
  const clangFormat = require('clang-format-node').getClangFormatPath(
    process.platform,
    process.arch,
  );
  // npm may have blocked the package's install script, which sets this bit.
  if (process.platform !== 'win32') fs.chmodSync(clangFormat, 0o755);
  const mode = fix ? ['-i'] : ['--dry-run', '--Werror'];
  if (!run(clangFormat, [...mode, ...filesIn(root, ['native', 'test/native'], /\.(cpp|h)$/)])) {
    sentences.push('clang-format would write the above otherwise; npm run format does');
  }
  return sentences;
}
