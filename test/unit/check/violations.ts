/** What `npm run check` must refuse; the arrows are in a file of their own. */
import { after, before, file, lines, replace, type Violation } from './change.js';
import { ARROWS } from './violations-of-arrows.js';

export const VIOLATIONS: readonly Violation[] = [
  ...ARROWS,
  {
    what: 'an export that nothing takes',
    check: 'exports',
    changes: { 'src/results/png.ts': after(`export const ${['ZEBRA', 'STRIPES'].join('_')} = 3;`) },
    says: [/src\/results\/png\.ts: nothing uses ZEBRA_\w+ but this file; its `export` can go/],
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
      'packages/demo-model/index.js': after(lines(500, '// A line.')),
      'src/results/made.ts': file(`/** Made by npm run format */\n${lines(500, '// A line.')}`),
    },
    says: [
      /packages\/demo-model\/index\.js: a second subject in it belongs/,
      /src\/results\/made\.ts: a second subject in it belongs/,
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
    what: 'a new exception that fits exactly',
    check: 'sizes',
    alone: true,
    changes: {
      'src/results/png.ts': after(`export function long() {\n${lines(80, '  Date.now();')}}`),
      'scripts/check/sizes.json': replace(
        '"functions": {',
        '"functions": { "src/results/png.ts long": 82,',
      ),
    },
    says: [
      /scripts\/check\/sizes\.json has 5 entries, at most 4: what is new belongs in parts/,
      /scripts\/check\/sizes\.json has 1006 lines, at most 924/,
    ],
  },
  {
    what: 'an exception that has gone, whose room is kept',
    check: 'sizes',
    alone: true,
    changes: {
      'scripts/check/sizes.json': replace(/,\n.*bigVisionArrays": 176/, ''),
      'test/support/convert-big-vision.ts': file('export {};\n'),
    },
    says: [/has 3 entries: BOUND in scripts\/check\/sizes\.mjs is to be lowered from 4 to that/],
  },
  {
    what: 'tests in folders that mirror nothing',
    check: 'tests',
    changes: {
      'test/unit/elsewhere/one.test.ts': file('export {};\n'),
      'test/native/engine/tokenizer_test.cpp': file('\n'),
      'test/unit/runs/nothing-like-it.test.ts': file('export {};\n'),
      'test/unit/pool.test.ts': file('export {};\n'),
    },
    says: [
      /test\/unit\/runs\/nothing-like-it\.test\.ts: src\/runs has no nothing-like-it; a test is called as its subject/,
      /test\/unit\/pool\.test\.ts: src has no pool/,
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
    what: 'tests that are skipped in other words, never run or never compare',
    check: 'tests',
    changes: {
      'test/unit/results/silent.test.ts': file(
        [
          "it['skip']('a', () => {});",
          'const { skip } = it;',
          "it('b', { todo: true }, () => {});",
          "it('c', (context) => context.skip());",
          "it('d', ({ skip: leave }) => leave());",
          "it.concurrent.only('e', () => {});",
          "it('f', () => { expect(1); });",
          "it('g', () => { expect(1).toBe; });",
          "import { it as check } from 'vitest';",
          "import * as all from 'vitest';",
          "describe.skipIf(true)('h', () => {});",
        ].join('\n'),
      ),
      'test/unit/results/helper.ts': file("it('a', () => {});\n"),
      'test/unit/results/box.spec.ts': file('export {};\n'),
      'test/native/text/forgotten_test.cpp': file('\n'),
    },
    says: [
      /silent\.test\.ts:1: it\['skip'\] skips without a trace/,
      /silent\.test\.ts:2: skip skips without a trace/,
      /silent\.test\.ts:3: todo: true skips without a trace/,
      /silent\.test\.ts:4: context\.skip skips without a trace/,
      /silent\.test\.ts:5: skip: leave skips without a trace/,
      /silent\.test\.ts:6: it\.concurrent\.only skips without a trace/,
      /silent\.test\.ts:7: expect\(1\); compares nothing/,
      /silent\.test\.ts:8: expect\(1\)\.toBe; compares nothing/,
      /silent\.test\.ts:9: check is vitest's by another name/,
      /silent\.test\.ts:10: all is vitest's by another name/,
      /silent\.test\.ts:11: describe\.skipIf skips without a trace/,
      /helper\.ts:1: it is never run here; it belongs in a \.test\.ts file/,
      /box\.spec\.ts: vitest runs test\/\*\*\/\*\.test\.ts only/,
      /forgotten_test\.cpp: no program contains it; it belongs in a list of test\/native\/CMakeLists\.txt/,
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
    what: 'a check without a rule, and a rule without a check',
    check: 'documents',
    changes: {
      'scripts/check.mjs': replace("  'option-types':", "  zebras: types,\n  'option-types':"),
      'docs/contributing.md': replace('| `strays` |', '| `strays`, `stripes` |'),
    },
    says: [
      /the check zebras has no rule: it belongs in the table of docs\/contributing\.md/,
      /docs\/contributing\.md: stripes is no check of scripts\/check\.mjs/,
    ],
  },
  {
    what: 'files that are no longer there, in comments and documents',
    check: 'documents',
    changes: {
      'src/native/contract.ts': before('// Checked in js_convert.cpp; see native/host.ts.'),
      'native/image/resize.h': before('// As src/image-input.ts does.'),
      'docs/building.md': after('The rest is in `scripts/compile-all.mjs`.'),
    },
    says: [
      /src\/native\/contract\.ts:1: names js_convert\.cpp, which is not there/,
      /src\/native\/contract\.ts:1: names native\/host\.ts, which is not there/,
      /native\/image\/resize\.h:1: names src\/image-input\.ts, which is not there/,
      /docs\/building\.md:\d+: names scripts\/compile-all\.mjs, which is not there/,
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
      'src/results/box.ts': after(`// A ${'kernel'} of ours, with the ${'bundled'} model.`),
      'CMakeLists.txt': after(`# What ${'stands'} in front.`),
      'deploy/Dockerfile': after(`# As the build ${'gives'} it.`),
      'deploy/prometheus/alerts.yml': after(`annotations:\n  summary: what was ${'said'}`),
      'scripts/dev/checkpoints/golden.py': after(`x = 1  # What ${'nobody'} reads.`),
      'bench/peers/made.py': file(`"""Tells of it.\n\nWhat was ${'told'}.\n"""\n`),
    },
    says: [
      /src\/results\/png\.ts:\d+: "stands": plainer is is/,
      /src\/results\/png\.ts:\d+: "behind": plainer is after/,
      /native\/text\/characters\.h:\d+: "gives": plainer is returns/,
      /docs\/spec\.md:\d+: "whoever": plainer is the caller/,
      /src\/results\/box\.ts:\d+: "kernel of ours": plainer is our kernel/,
      /src\/results\/box\.ts:\d+: "bundled model": plainer is demo model/,
      /CMakeLists\.txt:\d+: "stands"/,
      /deploy\/Dockerfile:\d+: "gives"/,
      /deploy\/prometheus\/alerts\.yml:\d+: "said"/,
      /scripts\/dev\/checkpoints\/golden\.py:\d+: "nobody"/,
      /bench\/peers\/made\.py:3: "told"/,
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
    what: 'a task without a route',
    check: 'tasks',
    changes: {
      'src/server/faces/typed.ts': replace(
        'Object.keys(TASKS) as TaskName[]',
        "(Object.keys(TASKS) as TaskName[]).filter((name) => name !== 'ocr')",
      ),
    },
    says: [/the task ocr has no route: it belongs in src\/server\/faces\/typed\.ts/],
  },
  {
    what: 'an option without a text',
    check: 'option-types',
    changes: { 'src/options/video.ts': replace(/\bdoc:\s*'[^']+'/, "doc: ''") },
    says: [/option \w+ of \w+ has no text: write its `doc` in src\/options/],
  },
  {
    what: 'options, arguments and flags without a text',
    check: 'texts',
    changes: {
      'src/options/bench.ts': replace(/(rounds: .*doc: )'[^']+'/, "$1''"),
      'src/options/dataset.ts': replace(/(seed: integer\([\s\S]*?doc: )'[^']+'/, '$1` `'),
      'src/tasks/registry.ts': replace("labels('what to find')", "labels('')"),
      'src/cli/batch/flags.ts': replace(/(newOnly: .*doc: )'[^']+'/, "$1''"),
      'src/cli/model.ts': replace(/('--mmproj <file>'), '[^']+'/, '$1'),
      'src/wire/formats.ts': replace("doc: 'as above'", "doc: ''"),
    },
    says: [
      /src\/options\/bench\.ts:\d+: rounds has no text: what it is for belongs in it/,
      /src\/options\/dataset\.ts:\d+: seed has no text/,
      /src\/tasks\/registry\.ts:\d+: labels has no text/,
      /src\/cli\/batch\/flags\.ts:\d+: newOnly has no text/,
      /src\/cli\/model\.ts:\d+: --mmproj <file> has no text/,
      /src\/wire\/formats\.ts:\d+: text has no text/,
    ],
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
    what: 'what Biome only warns of',
    check: 'format',
    changes: {
      'scripts/lib.mjs': before("import http from 'node:http';"),
      'packages/demo-model/index.js': after("const unread = 'here';"),
    },
    says: [/noUnusedImports/, /packages\/demo-model\/index\.js[\s\S]*noUnusedVariables/],
  },
  {
    what: 'JavaScript that does not fit what it calls',
    check: 'javascript',
    changes: {
      'bench/random-model.mjs': replace(' added: [], named: VOCABULARY,', ''),
      'bench/random-gguf.d.mts': after("export type { Gone } from '../src/native/contract.js';"),
      'examples/caption.mjs': replace('.predict(', '.predcit('),
      'scripts/wrong.mjs': file("import { say } from './lib.mjs';\nsay('a', 'b');\n"),
    },
    says: [
      /bench\/random-model\.mjs\(\d+,\d+\): [\s\S]* missing the following properties from type 'Vocabulary': added, named/,
      /bench\/random-gguf\.d\.mts\(\d+,\d+\): .* 'Gone'/,
      /examples\/caption\.mjs\(\d+,\d+\): .* 'predcit'/,
      /scripts\/wrong\.mjs\(\d+,\d+\): .* Expected 0-1 arguments, but got 2/,
      /^javascript: a file does not fit the types of what it calls, see above$/m,
    ],
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
      'docs/found.md': (_text, root) => `[found](${root}/src/index.ts)\n`,
    },
    says: [
      /^strays: out: out is not in TOP .* belongs in a temporary folder$/m,
      /^strays: docs\/found\.md: has the path of this machine's clone/m,
    ],
  },
];
