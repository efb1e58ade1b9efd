// The tests that run models, on another platform: a copy of the project with that platform's npm packages and binary.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from '../../scripts/lib.mjs';
import { check, kept, npm } from './harness.mjs';

/** Thousands of repetitions of what other tests do once: minutes each on x64, an hour under qemu. */
export const ENDURANCE =
  /answers drawn at random|1,000 predictions|300 files|100 worker threads|models that were forgotten/;

/**
 * A copy of what the tests need in `folder`, with the packages that npm takes for `flags` (vitest's bundler is one) and the
 * package's binary for `target`. A copy, because the tests take the addon of the folder that they lie in.
 */
export async function installTests(folder, target, flags) {
  const lock = fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8');
  await kept(folder, lock, () => {
    for (const name of ['package.json', 'package-lock.json'])
      fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
    return npm(['install', '--no-save', '--ignore-scripts', ...flags], { cwd: folder });
  });
  const folders = ['src', 'lib', 'test', 'bench', 'models', 'scripts', 'examples', 'docs'];
  for (const name of [...folders, `prebuilds/${target}`]) {
    fs.rmSync(path.join(folder, name), { recursive: true, force: true });
    const isOurs = (file) => !/\/(node_modules|\.venv)$/.test(file);
    fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true, filter: isOurs });
  }
  // The reference's files, which lie beside the repository where they are.
  const shared = path.join(ROOT, '..', 'shared');
  const link = path.join(folder, '..', 'shared');
  if (fs.existsSync(shared) && !fs.existsSync(link)) fs.symlinkSync(shared, link);
  for (const name of ['package.json', 'tsconfig.json', 'vitest.config.mts'])
    fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
}

/**
 * Runs those of `suite` (folders of tests) whose names match none of `leftOut`, which are patterns by what they are.
 * `node(args)` runs Node there. Throws when a test fails or fewer than `least` ran; returns a remark.
 */
export async function runTests(folder, node, { suite, leftOut, least }) {
  const file = path.join(folder, 'report.json');
  fs.rmSync(file, { force: true });
  const pattern = Object.values(leftOut)
    .map(({ source }) => source)
    .join('|');
  const args = [
    ...['node_modules/vitest/vitest.mjs', 'run', ...suite, '-t', `^(?!.*(${pattern}))`],
    ...['--reporter=json', '--outputFile=report.json'],
    ...['--testTimeout=600000', '--hookTimeout=600000'],
    // Threads: starting a process costs seconds in an emulator.
    ...['--pool=threads', `--maxWorkers=${os.availableParallelism()}`],
  ];
  const failure = await node(args).then(
    () => undefined,
    (error) => error,
  );
  if (!fs.existsSync(file)) throw failure ?? new Error('vitest wrote no report');
  const { testResults } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      name: `${path.win32.basename(name)} > ${fullName}`,
      status,
    })),
  );
  const of = (...wanted) =>
    tests.filter(({ status }) => wanted.includes(status)).map(({ name }) => name);
  check(of('failed').length === 0, `failed: ${of('failed').join('; ')}`);
  // A file fails without a test where what its tests need cannot be made.
  const files = testResults.filter(({ status }) => status === 'failed');
  check(
    files.length === 0,
    `failed: ${files.map(({ name }) => path.win32.basename(name)).join('; ')}`,
  );
  if (failure) throw failure;
  check(of('passed').length > least, `only ${of('passed').length} tests ran`);
  const skipped = of('skipped', 'pending', 'todo');
  const counts = Object.entries(leftOut).map(([what, one]) => {
    const [mine, others] = [[], []];
    for (const name of skipped) (one.test(name) ? mine : others).push(name);
    skipped.splice(0, skipped.length, ...others);
    return `${mine.length} ${what}`;
  });
  if (skipped.length > 0) counts.push(`${skipped.length} that skip themselves`);
  const minutes = suite.map((part) => {
    const spent = testResults
      .filter(({ name }) => name.replaceAll('\\', '/').includes(part))
      .reduce((sum, { startTime, endTime }) => sum + (endTime - startTime) / 60_000, 0);
    return `${part} ${spent.toFixed(1)} min`;
  });
  return `${of('passed').length} passed; left out: ${counts.join(', ')}; ${minutes.join(', ')}`;
}
