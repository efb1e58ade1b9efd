// The tarball that npm would publish: only files that a user needs, and not more of them than is stated here. The binaries
// of prebuilds/, which releases put in, are not counted; test/packages measures them.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Bytes of all files together, each compressed by itself, which is somewhat more than the tarball has. 200 KB are the drawn
 * data sets: outlines of eight fonts, their licences, the code, and the picture of them in the docs; 70 KB the
 * OCR benchmark with its charts.
 */
const MOST_PACKED = 3_820_000;

/**
 * What the package consists of, with the reason. A file that matches none of these has no place in it.
 * @type {[RegExp, string][]}
 */
const EXPECTED = [
  [/^lib\/.+\.(js|d\.ts|json)$/, 'what programs load and editors read'],
  [/^(native|CMakeLists\.txt)/, 'sources for systems without a binary'],
  [/^scripts\/(build-native|lib|vendor)\.mjs$/, 'what `paligemma build` runs'],
  [/^prebuilds\//, 'the binaries'],
  [/^(docs|examples)\//, 'to read offline'],
  [/^deploy\//, 'to run the server, copied and changed'],
  [/^models\//, "the model of doctor's self-test"],
  [/^[A-Z-]+(\.md)?$/, 'licence, notices, changes'],
  [/^(package\.json|sbom\.cdx\.json)$/, 'what npm and auditors read'],
];
/** @type {[RegExp, string][]} */
const NEVER = [
  [/^lib\/.*\.map$|\.(tsbuildinfo|py|ipynb|tgz|log)$/, 'is of use in a clone only'],
  [/(^|\/)(test|node_modules|\.cache|\.venv)\//, 'is of use in a clone only'],
];

export function packageFiles({ root }) {
  const { status, stdout, stderr } = spawnSync(
    process.platform === 'win32' ? 'npm.cmd' : 'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts'],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26, shell: process.platform === 'win32' },
  );
  if (status !== 0) return [`npm pack fails: ${stderr.trim().split('\n')[0]}`];
  const files = JSON.parse(stdout)[0].files.map((file) => file.path);
  const sentences = [];
  for (const file of files) {
    const never = NEVER.find(
      ([pattern]) => pattern.test(file) && !file.startsWith('native/vendor/'),
    );
    if (never === undefined && EXPECTED.some(([pattern]) => pattern.test(file))) continue;
    const why = never?.[1] ?? 'matches nothing that the package consists of';
    sentences.push(
      `${file} would be published and ${why}; it belongs in an exclusion of "files" in package.json, or in EXPECTED of scripts/check/package.mjs with its reason`,
    );
  }
  let packed = 0;
  for (const file of files) {
    if (file.startsWith('prebuilds/')) continue;
    packed += gzipSync(fs.readFileSync(path.join(root, file))).length;
  }
  if (packed > MOST_PACKED) {
    sentences.push(
      `the package has ${packed} bytes packed, at most ${MOST_PACKED}; what is large belongs in a package of its own`,
    );
  }
  return sentences;
}
