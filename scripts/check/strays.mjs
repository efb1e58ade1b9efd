// What a run leaves behind is no part of the project: files at the top that TOP does not list, large files that LARGE does not
// list, such as weights that another tool has cached, and this machine's paths.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** What is at the top of the repository. */
const TOP = [
  ...[
    'bench',
    'deploy',
    'docs',
    'examples',
    'models',
    'native',
    'packages',
    'prebuilds',
    'scripts',
    'src',
  ],
  ...['test', '.ci', '.github', '.clang-format', '.gitattributes', '.gitignore'],
  ...['binding.gyp', 'biome.json', 'CMakeLists.txt', 'package.json'],
  ...['package-lock.json', 'sbom.cdx.json', 'tsconfig.json', 'vitest.config.mts'],
  ...['CHANGELOG.md', 'LICENSE', 'NOTICE', 'README.md', 'SECURITY.md', 'THIRD-PARTY-NOTICES.md'],
];

/** Files beyond MOST_BYTES. All are ours. */
const LARGE = [
  'models/shapes-mix-224-q8_0.gguf',
  'test/fixtures/checkpoints/tiny-paligemma1/model.safetensors',
];
const MOST_BYTES = 1e6;

export function strays({ root }) {
  const { status, stdout } = spawnSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  // An unpacked archive has no list of its files.
  if (status !== 0) return [];
  const files = stdout.split('\0').filter((file) => file && fs.existsSync(path.join(root, file)));
  const sentences = [];
  for (const file of files) {
    const [top] = file.split('/');
    if (!TOP.includes(top)) {
      sentences.push(
        `${file}: ${top} is not in TOP of scripts/check/strays.mjs; what a test writes belongs in a temporary folder`,
      );
    }
    const { size } = fs.statSync(path.join(root, file));
    if (size > MOST_BYTES) {
      if (LARGE.includes(file)) continue;
      sentences.push(
        `${file}: has ${size} bytes and is not in LARGE of scripts/check/strays.mjs; what a tool caches belongs in .gitignore`,
      );
      continue;
    }
    if (fs.readFileSync(path.join(root, file), 'utf8').includes(`${root}${path.sep}`)) {
      sentences.push(
        `${file}: has the path of this machine's clone, ${root}; a path belongs relative to the project`,
      );
    }
  }
  return sentences;
}
