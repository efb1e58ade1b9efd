// Puts the demo model and the licence into packages/demo-model for packing, or removes them again: they are in the
// repository once. Run by npm in that folder. Usage: node scripts/demo-model.mjs [--remove]
import fs from 'node:fs';
import path from 'node:path';
import { fail, ROOT } from './lib.mjs';

const folder = path.join(ROOT, 'packages', 'demo-model');
const files = [path.join('models', 'shapes-mix-224-q8_0.gguf'), 'LICENSE'];
const read = (...parts) => JSON.parse(fs.readFileSync(path.join(...parts, 'package.json'), 'utf8'));

if (process.argv.includes('--remove')) {
  for (const file of files) fs.rmSync(path.join(folder, path.basename(file)), { force: true });
} else {
  const [ours, theirs] = [read(folder).version, read(ROOT).version];
  if (ours !== theirs) fail(`packages/demo-model is version ${ours}, node-paligemma ${theirs}`);
  for (const file of files)
    fs.copyFileSync(path.join(ROOT, file), path.join(folder, path.basename(file)));
}
