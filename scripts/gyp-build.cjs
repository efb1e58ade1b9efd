// The one action of binding.gyp: uses a fitting prebuild when there is one, else builds with CMake.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const outDir = path.resolve(process.argv[2]);
const prebuilds = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
const prebuilt =
  fs.existsSync(prebuilds) && fs.readdirSync(prebuilds).find((name) => name.endsWith('.node'));
if (prebuilt) {
  fs.mkdirSync(outDir, { recursive: true });
  fs.copyFileSync(path.join(prebuilds, prebuilt), path.join(outDir, 'paligemma.node'));
} else {
  const script = path.join(root, 'scripts', 'build-native.mjs');
  const { status } = spawnSync(process.execPath, [script, `--out=${outDir}`], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
