// What may use what: the only list of it. `npm run check` compares every import and include with it and makes the
// picture in docs/architecture.md from it (scripts/check/arrows.mjs).

/**
 * Folders and files of src, lowest level first. A level may use those below it; names of one level do not use each
 * other, unless INSIDE lists the pair.
 */
export const TYPESCRIPT = [
  ['remedies'],
  ['errors', 'abort', 'notes'],
  ['model-parts', 'load-peer', 'package-version', 'caller', 'make-folder'],
  ['options'],
  ['native', 'load-sharp', 'output-error'],
  ['results'],
  ['image-input', 'hub', 'devices', 'demo-model', 'prompt', 'prediction'],
  ['inspect', 'convert', 'annotate', 'engine'],
  ['isolated'],
  ['model'],
  ['tasks'],
  ['paligemma'],
  ['index'],
  ['wire', 'report'],
  ['runs'],
  ['datasets'],
  ['drawn-sets'],
  ['bench', 'server', 'evaluation'],
  ['doctor'],
  ['cli'],
];

/** Folders of native, lowest level first. */
export const CPP = [
  ['base', 'platform'],
  ['kernels'],
  ['compute', 'text', 'image'],
  ['sampling'],
  ['models'],
  ['engine'],
  ['addon'],
];

/** Pairs inside a level, `[user, used]`. */
export const INSIDE = [];

/**
 * Fronts serve the public API to users: they use it, and around it only what is listed. `except`: single files, each
 * with the reason why the public API is not enough.
 */
export const FRONTS = {
  server: {
    may: [
      ...['index', 'tasks/registry', 'options', 'errors', 'wire'],
      ...['load-peer', 'package-version'],
    ],
    except: {
      'abort.ts': 'ties signals of requests to work, and takes its listeners away again',
      'demo-model.ts': 'is the model of a server that names none',
      'image-input/data-url.ts':
        'decodes what a request holds before it waits, so that text does not wait with it',
      'image-input/format.ts': 'refuses what is no picture before it waits',
      'image-input/source.ts': 'says so in the words of the library',
      'model.ts': 'asks a model of the caller without warnings that repeat prompts',
      'prediction.ts': 'adds up what the questions of one request took',
      'tasks/prompt-input.ts': 'checks all questions of a request before the first is asked',
    },
  },
  cli: {
    may: [
      ...['index', 'tasks/registry', 'options', 'errors', 'remedies', 'wire'],
      ...['runs', 'datasets', 'drawn-sets', 'evaluation', 'package-version'],
    ],
    except: {
      'server/app.ts': 'a command is the only user of it',
      'server/config.ts': 'a command is the only user of it',
      'annotate/colours.ts': 'labels on a terminal have the colours of the drawing',
      'abort.ts': 'turns a signal of the system into the reason of an abort',
      'bench/report.ts': 'a command is the only user of it',
      'bench/run.ts': 'a command is the only user of it',
      'doctor/doctor.ts': 'a command is the only user of it',
      'doctor/local-models.ts': 'a command is the only user of it',
      'doctor/report.ts': 'a command is the only user of it',
      'demo-model.ts': 'names the file of the demo model before anything is loaded',
      'hub/model-files.ts': 'completes what was typed to a file, which no method of the API does',
      'inspect.ts': 'types of its result that the index does not name',
      'image-input/format.ts': 'recognises a picture among the arguments without decoding it',
      'image-input/source.ts': 'pages of a file are counted without loading a model',
      'make-folder.ts': 'folders that it writes to are made as those of other parts',
      'output-error.ts': 'files that it writes fail with the same errors as a model',
    },
  },
};

/** Folders above the public API that serve no users: they may use the parts. A folder is one of these or a front. */
export const NO_FRONTS = {
  wire: 'what fronts send',
  report: 'draws figures, knows no model',
  runs: 'keeps work that is interrupted, knows no model',
  datasets: 'reads files of other tools',
  'drawn-sets':
    'draws data sets, with the letters of labels and the readers of data sets; knows no model',
  evaluation: 'judges answers of any system',
  bench: 'measures the parts',
  doctor: 'examines the parts',
};

/**
 * External packages of src, each with the one place that knows it: a folder, or a file. Others take what they need from
 * there. A package in peerDependencies is loaded by that place alone, when it is used, never by an `import` at the top.
 */
export const PACKAGES = {
  '@huggingface/hub': 'hub',
  'cli-progress': 'cli',
  commander: 'cli',
  'csv-parse': 'datasets',
  '@node-paligemma/demo-model': 'demo-model.ts',
  'detect-libc': 'native',
  'node-gyp-build': 'native',
  'proxy-from-env': 'hub',
  '@fastify/multipart': 'server',
  fastify: 'server',
  hyparquet: 'datasets',
  'prom-client': 'server',
  sharp: 'load-sharp.ts',
  tinyglobby: 'cli',
  undici: 'hub',
  yauzl: 'convert',
};

/** Headers that are not ours and the folders of native that may include them. */
export const HEADERS = [
  { pattern: /^(napi|node_api|js_native_api)\b/, what: "Node's types", may: ['addon'] },
  { pattern: /^uv\.h$/, what: "libuv's types", may: ['addon'] },
  {
    pattern: /^(ggml|gguf)/,
    what: "ggml's types",
    may: ['kernels', 'compute', 'models', 'engine', 'compat'],
  },
];

/** Files with an import whose name only the running program knows, with the reason. */
export const COMPUTED = {
  'demo-model.ts': 'the demo model may be installed beside the program that runs, not beside us',
  'evaluation/ocr-benchmark/systems/node-child.ts':
    'systems that are npm packages are installed beside the program that runs, never with us',
  'evaluation/ocr-benchmark/systems/node.ts': 'looks whether they are there',
  'native/binding.ts': 'loads the addon from where it was built or installed',
  'native/gpu.ts': 'looks for the GPU package of this platform',
};

/** Files that only some may import, with what the others use instead. */
export const RESTRICTED = {
  'native/contract.ts': {
    may: [
      'native',
      'engine',
      'isolated',
      'model.ts',
      'prediction.ts',
      'devices.ts',
      'inspect.ts',
      'doctor/report.ts',
    ],
    instead: "take the public type from the module that exports it; the addon's types end at these",
  },
};
