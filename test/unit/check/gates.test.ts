/**
 * `npm run check` bites: each violation, made in a copy of the sources, fails with a sentence that says where the thing
 * belongs. Without one, the copy passes.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../support/models.js';

/** Contents of a file from those it has, undefined where it has none. */
type Change = (text: string) => string;

interface Violation {
  readonly what: string;
  readonly check: string;
  /** Runs by itself: another violation of its check would hide it. */
  readonly alone?: true;
  readonly changes: Readonly<Record<string, Change>>;
  readonly says: readonly RegExp[];
}

const before =
  (first: string): Change =>
  (text) =>
    `${first}\n${text}`;
const after =
  (last: string): Change =>
  (text) =>
    `${text}\n${last}\n`;
const file =
  (text: string): Change =>
  () =>
    text;
const replace =
  (from: string | RegExp, to: string): Change =>
  (text) => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    return changed;
  };
const lines = (n: number, line: string): string => `${line}\n`.repeat(n);

const VIOLATIONS: readonly Violation[] = [
  {
    what: 'an import that climbs',
    check: 'arrows',
    changes: { 'src/results/box.ts': before("import '../model.js';") },
    says: [
      /src\/results\/box\.ts:1: results uses model \(model\.ts\), which is above it; what both need belongs in results or below it/,
    ],
  },
  {
    what: 'an import of a type that climbs, written inside an expression',
    check: 'arrows',
    changes: { 'src/results/box.ts': after("export type M = import('../model.js').Model;") },
    says: [/results uses model \(model\.ts\), which is above it/],
  },
  {
    what: 'names of one level that use each other',
    check: 'arrows',
    changes: { 'src/hub/id.ts': before("import '../devices.js';") },
    says: [
      /hub uses devices \(devices\.ts\), which is on the same level; .* INSIDE of scripts\/arrows\.mjs/,
    ],
  },
  {
    what: 'an include that climbs',
    check: 'arrows',
    changes: { 'native/text/tokenizer.h': before('#include "engine/engine.h"') },
    says: [
      /native\/text\/tokenizer\.h:1: text uses engine \(engine\/engine\.h\), which is above it/,
    ],
  },
  {
    what: 'a cycle of types alone',
    check: 'arrows',
    changes: {
      'src/results/one.ts': file("import type { B } from './two.js';\nexport type A = B | 1;\n"),
      'src/results/two.ts': file("import type { A } from './one.js';\nexport type B = A[];\n"),
    },
    says: [
      /a circle of imports: results\/one\.ts -> results\/two\.ts -> results\/one\.ts; what they share, types too, belongs in a file of its own/,
    ],
  },
  {
    what: 'a cycle of headers',
    check: 'arrows',
    changes: {
      'native/text/one.h': file('#pragma once\n#include "text/two.h"\n'),
      'native/text/two.h': file('#pragma once\n#include "text/one.h"\n'),
    },
    says: [/a circle of imports: text\/one\.h -> text\/two\.h -> text\/one\.h/],
  },
  {
    what: 'a front that reaches around the public API',
    check: 'arrows',
    changes: { 'src/cli/output.ts': before("import '../hub/cache.js';") },
    says: [
      /src\/cli\/output\.ts:1: cli is a front and reaches around the public API to hub\/cache\.ts; it belongs in src\/index\.ts/,
    ],
  },
  {
    what: 'a folder without a level',
    check: 'arrows',
    changes: { 'src/elsewhere/one.ts': file('export const ONE = 1;\n') },
    says: [/src\/elsewhere has no level: it belongs in one of the lists of scripts\/arrows\.mjs/],
  },
  {
    what: 'an external package in a second home',
    check: 'arrows',
    changes: { 'src/results/png.ts': after("export const sharp = () => import('sharp');") },
    says: [/src\/results\/png\.ts:\d+: sharp has its home in src\/load-sharp\.ts/],
  },
  {
    what: 'an external package without a home',
    check: 'arrows',
    changes: { 'src/results/png.ts': before("import pad from 'left-pad';") },
    says: [
      /src\/results\/png\.ts:1: the package left-pad has no home; .* PACKAGES of scripts\/arrows\.mjs/,
      /left-pad belongs in dependencies or peerDependencies of package\.json/,
    ],
  },
  {
    what: 'an import of an optional peer at the top of a file',
    check: 'arrows',
    changes: {
      'package.json': replace('"peerDependencies": {', '"peerDependencies": {\n"yauzl": "3",'),
      'src/convert/npz.ts': before("import yauzl from 'yauzl';"),
    },
    says: [
      /src\/convert\/npz\.ts:1: yauzl is an optional peer and may be missing; it belongs in src\/load-peer\.ts/,
    ],
  },
  {
    what: 'a package that is loaded without a word on how to install it',
    check: 'arrows',
    changes: { 'src/convert/npz.ts': after("export const zip = () => import('yauzl');") },
    says: [/src\/convert\/npz\.ts:\d+: yauzl may be missing .* a call of loadPeer or importPeer/],
  },
  {
    what: "ggml's types in the addon",
    check: 'arrows',
    changes: { 'native/addon/jobs.h': before('#include "ggml.h"') },
    says: [/native\/addon\/jobs\.h:1: ggml's types \(ggml\.h\) belong in native\/kernels, /],
  },
  {
    what: "the addon's types where the public ones belong",
    check: 'arrows',
    changes: { 'src/tasks/labels.ts': before("import '../native/contract.js';") },
    says: [/src\/tasks\/labels\.ts:1: must not import native\/contract\.ts: take the public type/],
  },
  {
    what: 'a picture of the levels that is not current',
    check: 'arrows',
    changes: { 'docs/architecture.md': replace(/^C\+\+ +addon$/m, 'C++  addon') },
    says: [/docs\/architecture\.md: the picture of the levels is not that of scripts\/arrows\.mjs/],
  },
  {
    what: 'words of the command line below it',
    check: 'command-words',
    changes: {
      'src/results/png.ts': after("export const HINT = 'try paligemma convert model.gguf';"),
      'src/results/box.ts': after("export const FLAG = 'pass --max-tokens 5';"),
      'native/text/detokenizer.cpp': after('const char* const HINT = "see paligemma doctor";'),
    },
    says: [
      /src\/results\/png\.ts:\d+: says "paligemma convert", .* it belongs in src\/remedies\.ts or src\/cli/,
      /src\/results\/box\.ts:\d+: says "--max-tokens"/,
      /native\/text\/detokenizer\.cpp:\d+: says "paligemma doctor"/,
    ],
  },
  {
    what: 'functions that are too long',
    check: 'sizes',
    changes: {
      'src/results/png.ts': after(`export function long() {\n${lines(80, '  Date.now();')}}`),
      'native/text/characters.cpp': after(`void long_one() {\n${lines(80, '    f({1});')}}`),
    },
    says: [
      /src\/results\/png\.ts long: its steps belong in functions with names of their own \(82 lines, at most 80\)/,
      /native\/text\/characters\.cpp long_one: its steps belong .* \(82 lines, at most 80\)/,
    ],
  },
  {
    what: 'files that are too long',
    check: 'sizes',
    changes: {
      'src/results/png.ts': after(lines(500, '// A line.')),
      'native/text/characters.h': after(lines(500, '// A line.')),
    },
    says: [
      /src\/results\/png\.ts: a second subject in it belongs in a file of its own \(\d+ lines, at most 500\)/,
      /native\/text\/characters\.h: a second subject in it belongs/,
    ],
  },
  {
    what: 'an exception that is no longer needed',
    check: 'sizes',
    changes: {
      'scripts/check/sizes.json': replace(
        '"functions": {',
        '"functions": { "src/gone.ts gone": 90,',
      ),
    },
    says: [/scripts\/check\/sizes\.json allows more than there is; npm run format lowers it/],
  },
  {
    what: 'tests in folders that mirror nothing',
    check: 'tests',
    changes: {
      'test/unit/elsewhere/one.test.ts': file('export {};\n'),
      'test/native/engine/tokenizer_test.cpp': file('\n'),
    },
    says: [
      /test\/unit\/elsewhere\/one\.test\.ts: there is no folder src\/elsewhere; a test belongs in the folder of test\/unit/,
      /test\/native\/engine\/tokenizer_test\.cpp: tests native\/text\/tokenizer; it belongs in test\/native\/text/,
    ],
  },
  {
    what: 'a test that is skipped silently',
    check: 'tests',
    changes: {
      'test/unit/results/box.test.ts': after(
        ['it', 'skip'].join('.').concat("('later', () => {});"),
      ),
    },
    says: [
      /box\.test\.ts:\d+: it\.skip skips without a trace; .* belongs in test\/support\/needs\.ts/,
    ],
  },
  {
    what: 'a citation that leads nowhere, and an error code that is explained nowhere',
    check: 'documents',
    changes: {
      'native/text/tokenizer.h': before('// See spec\n// section 77.1.'),
      'src/errors.ts': replace(
        '  ERR_MODEL_FORMAT:',
        "  ERR_NEW: { class: 'InputError', retryable: false },\n  ERR_MODEL_FORMAT:",
      ),
    },
    says: [
      /native\/text\/tokenizer\.h:1: cites 77\.1 of the spec, which docs\/spec\.md does not have; the fact belongs there/,
      /src\/errors\.ts: ERR_NEW is explained nowhere; it belongs in docs\/errors\.md/,
    ],
  },
  {
    what: 'words that are not plain',
    check: 'words',
    changes: {
      'src/results/png.ts': after(
        `// What ${'stands'} here.\nexport const TEXT = 'what comes ${'behind'} it';`,
      ),
      'native/text/characters.h': after(`// It ${'gives'} a length.`),
      'docs/spec.md': after(`Then ${'whoever'} asks.`),
    },
    says: [
      /src\/results\/png\.ts:\d+: "stands": plainer is is/,
      /src\/results\/png\.ts:\d+: "behind": plainer is after/,
      /native\/text\/characters\.h:\d+: "gives": plainer is returns/,
      /docs\/spec\.md:\d+: "whoever": plainer is the caller/,
    ],
  },
  {
    what: 'a task that is missing from every front',
    check: 'tasks',
    changes: {
      'src/tasks/registry.ts': replace(
        /^ {2}ocr: task\(/m,
        "  zebra: task('one', {} as never),\n  ocr: task(",
      ),
    },
    says: [
      /the task zebra has no method: it belongs in class PaliGemma of src\/paligemma\.ts/,
      /the task zebra has no command: it belongs in ROWS of src\/cli\/commands\/tasks\.ts/,
      /the task zebra has no sample, .* it belongs in SAMPLES of test\/support\/task-samples\.ts/,
      /the task zebra is in no document: it belongs in docs\/tasks\.md/,
    ],
  },
  {
    what: 'a task that one front has lost',
    check: 'tasks',
    changes: { 'src/paligemma.ts': replace(/\n {2}segment\b/, '\n  outline') },
    says: [/the task segment has no method/],
  },
  {
    what: 'an option without a text',
    check: 'option-types',
    changes: { 'src/options/video.ts': replace(/\bdoc:\s*'[^']+'/, "doc: ''") },
    says: [/option \w+ of \w+ has no text: write its `doc` in src\/options/],
  },
  {
    what: 'a declaration that was changed without the types made from it',
    check: 'option-types',
    alone: true,
    changes: { 'src/options/hub.ts': replace(/\bdoc:\s*'/, "doc: 'new: ") },
    says: [/src\/options\/types\.ts is not what the declarations beside it say/],
  },
  {
    what: 'a switch that forgets a case',
    check: 'format',
    changes: {
      'src/results/one.ts': file(
        "export function f(a: 'x' | 'y'): number {\n  switch (a) {\n    case 'x':\n      return 1;\n  }\n  return 2;\n}\n",
      ),
    },
    says: [/useExhaustiveSwitchCases/],
  },
  {
    what: 'files that a user does not need',
    check: 'package',
    changes: {
      'examples/notes.py': file('print(1)\n'),
      'scripts/vendored.mjs': file('1;\n'),
      'package.json': replace('"examples",', '"examples",\n"scripts/vendored.mjs",'),
    },
    says: [
      /examples\/notes\.py would be published and is of use in a clone only; it belongs in an exclusion of "files"/,
      /scripts\/vendored\.mjs would be published and matches nothing that the package consists of/,
    ],
  },
  {
    what: 'what a run has left behind',
    check: 'strays',
    changes: {
      out: file('{}\n'),
      'docs/found.md': () => `[found](${copy}/src/index.ts)\n`,
    },
    says: [
      /^strays: out: out is not in TOP .* belongs in a temporary folder$/m,
      /^strays: docs\/found\.md: has the path of this machine's clone/m,
    ],
  },
];

/** The scratch copy that the checks read. */
let copy: string;

/** What the checks read; fixtures, binaries and sources of others stay where they are. */
const COPIED = ['src', 'native', 'test', 'scripts', 'bench', 'docs', 'examples'];
const LEFT = /^(native\/vendor|test\/fixtures\/.+(?<!\.md)|docs\/images|.*node_modules|.*\.venv)$/;

describe('npm run check', () => {
  beforeAll(() => {
    copy = realpathSync(mkdtempSync(path.join(tmpdir(), 'paligemma-check-')));
    for (const name of readdirSync(ROOT, { withFileTypes: true })) {
      if (name.isFile()) cpSync(path.join(ROOT, name.name), path.join(copy, name.name));
    }
    for (const folder of COPIED) {
      cpSync(path.join(ROOT, folder), path.join(copy, folder), {
        recursive: true,
        filter: (from) => !LEFT.test(path.relative(ROOT, from).replaceAll(path.sep, '/')),
      });
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'), 'junction');
    // A list of its files, as a clone has.
    expect(spawnSync('git', ['init', '--quiet'], { cwd: copy }).status).toBe(0);
  }, 60_000);

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  function run(...checks: string[]) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [path.join('scripts', 'check.mjs'), ...checks],
      { cwd: copy, encoding: 'utf8' },
    );
    return { status, text: stdout + stderr };
  }

  it('passes without a violation', () => {
    const checks = [...new Set(VIOLATIONS.map(({ check }) => check))].filter((c) => c !== 'format');
    expect(run(...checks)).toEqual({ status: 0, text: '' });
  }, 180_000);

  // All violations of a check at once: each has its own sentence, and a run takes seconds.
  const runs = VIOLATIONS.map(({ check, alone, what }) => (alone ? `${check}: ${what}` : check));
  it.each([...new Set(runs)])(
    'fails for %s',
    (name) => {
      const violations = VIOLATIONS.filter((_, i) => runs[i] === name);
      const check = violations[0]?.check ?? name;
      const saved = new Map<string, string | undefined>();
      for (const [name, change] of violations.flatMap(({ changes }) => Object.entries(changes))) {
        const at = path.join(copy, name);
        const text = existsSync(at) ? readFileSync(at, 'utf8') : undefined;
        if (!saved.has(at)) saved.set(at, text);
        mkdirSync(path.dirname(at), { recursive: true });
        writeFileSync(at, change(text ?? ''));
      }
      const { status, text } = run(check);
      for (const [at, before] of saved) {
        if (before === undefined) rmSync(at);
        else writeFileSync(at, before);
        if (readdirSync(path.dirname(at)).length === 0)
          rmSync(path.dirname(at), { recursive: true });
      }
      for (const { what, says } of violations) {
        for (const sentence of says) expect(text, what).toMatch(sentence);
      }
      expect(status).toBe(1);
    },
    180_000,
  );
});
