// The one action of binding.gyp: compiles with CMake into the folder that node-gyp names.
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const script = path.join(root, 'scripts', 'build-native.mjs');
const args = [script, `--out=${path.resolve(process.argv[2])}`];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
