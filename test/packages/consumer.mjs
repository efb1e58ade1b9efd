// The registry that the package is published to, programs that depend on it, and the answers that they must give.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { ROOT } from '../../scripts/lib.mjs';
import { bin, check, exec, nodeOf, npm, projects } from './harness.mjs';

let url;
export const registry = () => url;

/** A port of this machine that is free. */
export const freePort = () =>
  new Promise((resolve) => {
    const probe = http.createServer().listen(0, '127.0.0.1', () => {
      // A string only for a pipe.
      const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });

/** A registry that holds our package and passes on everything else. Returns a function that ends it. */
export async function startRegistry() {
  const port = await freePort();
  const upstream = (await exec('npm', ['config', 'get', 'registry'])).trim();
  const config = path.join(projects, 'verdaccio.yaml');
  fs.writeFileSync(
    config,
    `storage: ./storage
uplinks: { upstream: { url: '${upstream}', maxage: 60m } }
packages:
  node-paligemma: { access: $all, publish: $anonymous }
  '@node-paligemma/*': { access: $all, publish: $anonymous }
  with-binding-gyp: { access: $all, publish: $anonymous }
  '**': { access: $all, proxy: upstream }
max_body_size: 200mb
log: { type: file, path: ./verdaccio.log, level: warn }
`,
  );
  // It ends with its standard input, so also when this program is killed; its threads, which run this too, have none.
  const ending = `import { isMainThread } from 'node:worker_threads';
    if (isMainThread) process.stdin.resume().on('end', () => process.exit());`;
  const child = spawn(
    nodeOf('24'),
    [
      ...['--import', `data:text/javascript,${encodeURIComponent(ending)}`],
      ...[bin('verdaccio', 'bin/verdaccio'), '--config', config],
      ...['--listen', `127.0.0.1:${port}`],
    ],
    { cwd: projects, stdio: ['pipe', 'ignore', 'ignore'] },
  );
  url = `http://127.0.0.1:${port}/`;
  for (let i = 0; ; i++) {
    if (child.exitCode !== null || i > 300)
      throw new Error('verdaccio does not start; see verdaccio.log');
    const answers = await fetch(`${url}-/ping`).then(
      (r) => r.ok,
      () => false,
    );
    if (answers) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  fs.writeFileSync(
    path.join(projects, '.npmrc'),
    `registry=${url}\n//127.0.0.1:${port}/:_authToken=nobody\n`,
  );
  return () => child.kill();
}

/** What is published together, in one version. */
export const PACKAGES = ['node-paligemma', '@node-paligemma/demo-model'];

/** A program in a folder of its own, with the demo model unless it depends on something else. */
export function project(name, ...others) {
  const dependencies = Object.fromEntries(
    (others.length > 0 ? others : PACKAGES).map((one) => [one, '*']),
  );
  const folder = path.join(projects, name);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'a-program', private: true, dependencies }),
  );
  fs.copyFileSync(path.join(projects, '.npmrc'), path.join(folder, '.npmrc'));
  for (const file of ['use.cjs', 'use.mjs', 'use.ts'])
    fs.copyFileSync(path.join(ROOT, 'test', 'packages', file), path.join(folder, file));
  return folder;
}

/** npm's own settings of this machine, such as a registry or a cache, must not get between. */
export const clean = (folder) => ({
  npm_config_userconfig: path.join(folder, '.npmrc'),
  npm_config_registry: url,
  npm_config_cache: path.join(projects, 'cache-npm'),
});

/** The package, for another platform where `flags` say so, by the npm that is here. */
export const installWithNpm = (folder, flags = []) =>
  npm(['install', '--ignore-scripts', ...flags], { cwd: folder, env: clean(folder) });

/** The first answers. */
export const expected = {};

/** What multiplies q8_0 weights, by the best feature of the CPU that ggml names; elsewhere ggml does. */
const KERNELS = {
  MATMUL_INT8: /neon-i8mm/,
  DOTPROD: /neon-dotprod/,
  AVX512_VNNI: /avx512-vnni/,
  AVX2: /avx2/,
};
const ONLY_GGML = /^CPU\w*( CPU\w*)*$/;

/**
 * Whether boxes, "label 1 2 3 4" each, have the same labels and corners at most a pixel apart: another processor may round
 * to the next place of the model's grid, which is finer.
 */
function areNear(boxes, others) {
  const isNear = (word, other) => word === other || Math.abs(Number(word) - Number(other)) <= 1;
  return boxes.every((box, i) => {
    const [words, rest] = [box.split(' '), others[i]?.split(' ') ?? []];
    return words.length === rest.length && words.every((word, j) => isNear(word, rest[j]));
  });
}

/** The same answers wherever it runs, with the kernels of the CPU. */
export function same(result, source) {
  const { features, kernels, ...answers } = JSON.parse(result);
  const best = Object.keys(KERNELS).find((name) => features[name] === '1');
  check(
    (KERNELS[best] ?? ONLY_GGML).test(kernels),
    `${source}: kernels ${kernels}, though ${best}`,
  );
  check(answers.boxes.length === 3, `${answers.boxes.length} boxes`);
  check(answers.streamed === answers.caption, `streamed ${answers.streamed}`);
  check(
    answers.worker.caption === answers.caption,
    `the worker answered ${answers.worker.caption}`,
  );
  expected.caption ??= answers.caption;
  expected.boxes ??= answers.boxes;
  check(answers.caption === expected.caption, `${source}: ${answers.caption}`);
  check(areNear(answers.boxes, expected.boxes), `${source}: ${answers.boxes}`);
}

/** The same answers on another processor, which has one feature and not the other. */
export function sameOn(cpu, result, { has, hasNot }) {
  same(result, cpu);
  const { features, kernels } = JSON.parse(result);
  check(features[has] === '1' && features[hasNot] !== '1', JSON.stringify(features));
  return `${kernels}: ${Object.keys(features).join(' ')}`;
}
