/** What `npm run check -- arrows` must refuse. */
import { after, before, file, replace, type Violation } from './change.js';

export const ARROWS: readonly Violation[] = [
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
];
