/** What `npm run check` must refuse, each as the changes that do it and the sentences that say where the thing belongs. */
import { expect } from 'vitest';

/** Contents of a file from those it has, empty where there is none; `root` is the copy's folder. */
export type Change = (text: string, root: string) => string;

export interface Violation {
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

export const VIOLATIONS: readonly Violation[] = [
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
    what: 'imports that climb, however they are written',
    check: 'arrows',
    changes: {
      'src/results/climb-1.ts': file("import model = require('../model.js');\nexport { model };\n"),
      'src/results/climb-2.ts': file("export * from '../model';\n"),
      'src/results/climb-3.ts': file("export const model = () => import('../model.js');\n"),
      'src/results/climb-4.ts': file("export const model = require('../model.js') as unknown;\n"),
      'src/results/climb-5.ts': file("import index from '..';\nexport { index };\n"),
      'src/results/climb-6.ts': file('export const model = () => import(`../model.js`);\n'),
      'src/results/climb-7.ts': file("declare module '../model.js' {}\nexport {};\n"),
      'src/results/climb-8.ts': file('/// <reference path="../model.ts" />\nexport {};\n'),
      'src/results/climb-9.d.ts': file("export type { Model } from '../model.js';\n"),
      'src/native/climb.ts': file(
        "import glyphs from '../annotate/glyphs.json';\nexport { glyphs };\n",
      ),
    },
    says: [
      ...[1, 2, 3, 4, 6, 7, 8].map(
        (n) => new RegExp(`src/results/climb-${n}\\.ts:1: results uses model`),
      ),
      /src\/results\/climb-5\.ts:1: results uses index \(index\.ts\), which is above it/,
      /src\/results\/climb-9\.d\.ts:1: results uses model/,
      /src\/native\/climb\.ts:1: native uses annotate \(annotate\/glyphs\.json\), which is above it/,
    ],
  },
  {
    what: 'imports that no reader of the code can follow',
    check: 'arrows',
    changes: {
      'src/results/hidden-1.ts': file('export const f = (name: string) => import(name);\n'),
      'src/results/hidden-2.ts': file('const load = require;\nexport { load };\n'),
      'src/results/hidden-3.ts': file(
        "import { createRequire } from 'node:module';\nexport const f = createRequire(__filename);\n",
      ),
      'src/results/hidden-4.ts': file("export const f = module.require('../model.js');\n"),
      'src/results/hidden-5.ts': file("export const f = require('../../scripts/lib.mjs');\n"),
      'src/results/hidden-6.mts': file("import '../model.js';\n"),
      'native/text/hidden.hpp': file('#include "engine/engine.h"\n'),
    },
    says: [
      /src\/results\/hidden-1\.ts:1: what import\(name\) loads is known only when it runs; .* COMPUTED of scripts\/arrows\.mjs/,
      /src\/results\/hidden-2\.ts:1: what load = require loads/,
      /src\/results\/hidden-3\.ts:2: what createRequire\(__filename\) loads/,
      /src\/results\/hidden-4\.ts:1: what module\.require loads/,
      /src\/results\/hidden-5\.ts:1: imports scripts\/lib\.mjs; what src needs belongs in src/,
      /src\/results\/hidden-6\.mts: src holds TypeScript \(\.ts\) and its data/,
      /native\/text\/hidden\.hpp: native holds \.cpp, \.h, \.inc/,
    ],
  },
  {
    what: 'includes that climb, however they are written',
    check: 'arrows',
    changes: {
      'native/text/climb_1.h': file('#include <engine/engine.h>\n'),
      'native/text/climb_2.h': file('#  include "../engine/engine.h"\n'),
      'native/text/climb_3.h': file('%:include "engine/engine.h"\n'),
      'native/text/climb_4.h': file('#include /* why */ "engine/engine.h"  // why\n'),
      'native/text/climb_5.h': file('#define ENGINE "engine/engine.h"\n#include ENGINE\n'),
      'native/text/climb_6.h': file('#include \\\n"engine/engine.h"\n'),
      'native/addon/ggml_1.h': file('#include "vendor/ggml/include/ggml.h"\n'),
      'native/addon/ggml_2.h': file('#include <../vendor/ggml/include/ggml.h>\n'),
    },
    says: [
      ...[1, 2, 3].map((n) => new RegExp(`native/text/climb_${n}\\.h:1: text uses engine`)),
      ...[4, 5, 6].map(
        (n) => new RegExp(`native/text/climb_${n}\\.h:[12]: (text uses engine|write )`),
      ),
      /native\/addon\/ggml_1\.h:1: ggml's types/,
      /native\/addon\/ggml_2\.h:1: ggml's types/,
    ],
  },
  {
    what: 'a cycle whose imports have no ending',
    check: 'arrows',
    changes: {
      'src/results/three.ts': file("import type { B } from './four';\nexport type A = B | 1;\n"),
      'src/results/four.ts': file("import type { A } from './three';\nexport type B = A[];\n"),
    },
    says: [/a circle of imports: results\/four\.ts -> results\/three\.ts -> results\/four\.ts/],
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
    what: 'a front without a list of what it may use',
    check: 'arrows',
    changes: {
      'scripts/arrows.mjs': replace(/^ {2}\['cli'\],/m, "  ['queue'],\n  ['cli'],"),
      'src/queue/one.ts': file('export {};\n'),
    },
    says: [
      /src\/queue is above the public API: what it may use belongs in FRONTS of scripts\/arrows\.mjs/,
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
    what: 'an export that nothing takes',
    check: 'exports',
    changes: { 'src/results/png.ts': after(`export const ${['ZEBRA', 'STRIPES'].join('_')} = 3;`) },
    says: [/src\/results\/png\.ts: nothing uses ZEBRA_\w+ but this file; its `export` can go/],
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
    what: 'what Biome only warns of',
    check: 'format',
    changes: { 'scripts/lib.mjs': before("import http from 'node:http';") },
    says: [/noUnusedImports/],
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
