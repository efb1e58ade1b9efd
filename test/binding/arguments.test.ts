/**
 * Whatever a caller passes to whatever this package exports, the answer is a result or an error of this package that
 * says what was found and what was expected. A new export or method must be added to the tables here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as exported from '../../src/index.js';
import { DEMO_MODEL, imagePath } from '../support/models.js';

const { Mask, PaliGemma, PaliGemmaError } = exported;

type Arguments = readonly unknown[];
type Callable = (...args: Arguments) => unknown;
interface Door {
  readonly call: Callable;
  /** Arguments that are right; each in its turn is replaced. */
  readonly args: Arguments;
}

const trap = (): never => {
  throw new Error('a trap of the caller');
};
const TRAPS: ProxyHandler<object> = {
  get: trap,
  has: trap,
  ownKeys: trap,
  getPrototypeOf: trap,
  getOwnPropertyDescriptor: trap,
};
class Hostile {
  get label() {
    return trap();
  }
  get xmin() {
    return trap();
  }
  get length() {
    return trap();
  }
  get [Symbol.iterator]() {
    return trap();
  }
}
const revoked = Proxy.revocable([], {});
revoked.revoke();

const GARBAGE: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  'a number': 7,
  NaN: Number.NaN,
  'a text': 'x',
  'an object': {},
  'an object with a bigint': { size: 10n, image: 10n, a: 10n, categories: 10n, width: 10n },
  'an array': [],
  'an array of null': [null],
  'an array of undefined': [undefined, undefined],
  'an array of bigints': [10n, 10n],
  'an array of symbols': [Symbol('s'), Symbol('t')],
  'a bigint': 10n,
  'a symbol': Symbol('garbage'),
  'a function': () => {},
  'a Map': new Map(),
  'a Date': new Date(0),
  'a class instance': new Hostile(),
  'an array of class instances': [new Hostile(), new Hostile()],
  'a Proxy': new Proxy({}, TRAPS),
  'an array that is a Proxy': new Proxy([1, 2], TRAPS),
  'an array of Proxies': [new Proxy({}, TRAPS), new Proxy({}, TRAPS)],
  'a revoked Proxy': revoked.proxy,
  'a getter that throws': {
    get label() {
      return trap();
    },
    get a() {
      return trap();
    },
    get size() {
      return trap();
    },
    get categories() {
      return trap();
    },
  },
};

const SIZE = { width: 8, height: 8 };
const BOX = { xmin: 1, ymin: 1, xmax: 5, ymax: 5 };
const MASK = new Mask(new Float32Array(4096).fill(1), BOX, SIZE);
const FOUND = [{ label: 'cat', score: 0.5, box: BOX, mask: MASK }];
const CLASSES = { classes: ['cat'] };
const COCO = { imageId: 1, categories: ['cat'] };
const IMAGES = [{ fileName: 'a.png', image: SIZE, detections: FOUND }];
const VOC = exported.toPascalVoc(FOUND, SIZE, { fileName: 'a.png' });
const ERROR_ARGUMENTS = ['ERR_ABORTED', 'text', {}];

const made =
  (Class: unknown): Callable =>
  (...args) =>
    Reflect.construct(Class as new () => unknown, args);

const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-arguments-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const missing = () => path.join(folder, 'missing.gguf');

/** What is exported and how it is called. A value that cannot be called has null. */
function exportedDoors(): Record<string, Door | null> {
  const error = (Class: unknown): Door => ({ call: made(Class), args: ERROR_ARGUMENTS });
  const door = (call: unknown, ...args: Arguments): Door => ({ call: call as Callable, args });
  return {
    annotate: door(exported.annotate, imagePath('scene2.png'), FOUND.slice(1), {}),
    annotationSvg: door(exported.annotationSvg, FOUND, SIZE, {}),
    convert: door(exported.convert, missing(), path.join(folder, 'out.gguf'), {}),
    devices: door(exported.devices),
    EngineError: error(exported.EngineError),
    HubError: error(exported.HubError),
    InputError: error(exported.InputError),
    LifecycleError: error(exported.LifecycleError),
    ModelFileError: error(exported.ModelFileError),
    PaliGemmaError: error(exported.PaliGemmaError),
    PaliGemmaLoadError: door(made(exported.PaliGemmaLoadError), 'unknown', [], 'text', {}),
    RequestError: error(exported.RequestError),
    ResourceError: error(exported.ResourceError),
    pull: door(exported.pull, missing(), { offline: true }),
    pages: door(exported.pages, imagePath('scene2.png'), {}),
    videoFrames: door(exported.videoFrames, [imagePath('scene2.png')], {}),
    inspect: door(exported.inspect, DEMO_MODEL, {}),
    WEIGHT_TYPES: null,
    PaliGemma: door(made(PaliGemma), 'x'),
    PredictionStream: door(made(exported.PredictionStream), [], () => undefined),
    boxIou: door(exported.boxIou, BOX, BOX),
    cropToMask: door(exported.cropToMask, new Uint8Array(64), SIZE, BOX),
    fromCocoAnnotations: door(exported.fromCocoAnnotations, exported.toCocoAnnotations(IMAGES), {}),
    fromCocoResults: door(exported.fromCocoResults, exported.toCocoResults(FOUND, COCO), {
      categories: ['cat'],
    }),
    toCocoAnnotations: door(exported.toCocoAnnotations, IMAGES, {}),
    toCocoResults: door(exported.toCocoResults, FOUND, COCO),
    fromPascalVoc: door(exported.fromPascalVoc, VOC),
    toPascalVoc: door(exported.toPascalVoc, FOUND, SIZE, { fileName: 'a.png' }),
    fromRoboflow: door(exported.fromRoboflow, exported.toRoboflow(FOUND, SIZE)),
    toRoboflow: door(exported.toRoboflow, FOUND, SIZE, {}),
    fromNormalized: door(exported.fromNormalized, FOUND, SIZE),
    fromXyxy: door(exported.fromXyxy, exported.toXyxy(FOUND)),
    toNormalized: door(exported.toNormalized, FOUND, SIZE),
    toXyxy: door(exported.toXyxy, FOUND),
    fromYolo: door(exported.fromYolo, '0 0.5 0.5 0.2 0.2', SIZE, CLASSES),
    toYolo: door(exported.toYolo, FOUND, SIZE, CLASSES),
    Mask: door(made(Mask), new Float32Array(4096), BOX, SIZE),
    maskIou: door(exported.maskIou, MASK, MASK),
    decodeRle: door(exported.decodeRle, MASK.toRle()),
    advisePrompt: door(exported.advisePrompt, 'detect cat', {}),
    PromptAdvisor: null,
    labelVariants: door(exported.labelVariants, 'cat'),
    parseDetections: door(exported.parseDetections, 'x', SIZE),
  };
}

/** Members of exported classes and objects. */
function memberDoors(): Record<string, Door> {
  const door = (call: Callable, ...args: Arguments): Door => ({ call, args });
  return {
    'Mask.fromRle': door((...args) => Mask.fromRle(...(args as [never])), MASK.toRle(), BOX),
    'Mask.fromPolygons': door(
      (...args) => Mask.fromPolygons(...(args as [never, never])),
      [[1, 1, 4, 1, 4, 4]],
      SIZE,
      BOX,
    ),
    'mask.toPolygons': door((options) => MASK.toPolygons(options as never), {}),
    'mask.toPng': door((options) => MASK.toPng(options as never), {}),
    'PaliGemma.load': door((...args) => PaliGemma.load(...(args as [never])), missing(), {}),
  };
}

let model: exported.PaliGemma;
let scene: exported.Picture;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL, { onNote: () => {} });
  scene = await model.prepare(imagePath('scene2.png'));
});
afterAll(() => model.dispose());

const SHORT = { maxTokens: 2 };

/** What follows the picture, by method; null for those that take none or that the test itself needs. */
const METHODS: Readonly<Record<string, readonly unknown[] | null>> = {
  caption: [SHORT],
  ask: ['what?', SHORT],
  ocr: [SHORT],
  detect: ['cat', SHORT],
  segment: ['cat', SHORT],
  refer: ['cat', SHORT],
  compare: ['they are equal', SHORT],
  classify: [['a', 'b'], {}],
  sweep: [['ocr', 'caption en'], SHORT],
  extract: [{ total: 'number' }, SHORT],
  video: [{}, SHORT],
  generate: ['x', SHORT],
  predict: ['x', SHORT],
  stream: ['x', SHORT],
  score: ['x', ['a'], {}],
  prepare: [{}],
  encode: [{}],
  decodeMasks: [{}],
  encodeMasks: [{}],
  tokenize: [],
  detokenize: [],
  dispose: null,
  promptOf: null,
  info: null,
  health: null,
  constructor: null,
};

/** The right first argument of a method. */
function firstOf(method: string): unknown {
  const first: Readonly<Record<string, unknown>> = {
    compare: [scene, scene],
    video: [scene],
    decodeMasks: new Int32Array(16),
    encodeMasks: new Float32Array(4096),
    tokenize: 'x',
    detokenize: [1],
  };
  return first[method] ?? scene;
}

/** The whole result, whichever form it has. */
async function settled(run: () => unknown): Promise<void> {
  const result = await run();
  if (result instanceof exported.PaliGemma) await result.dispose();
  if (result instanceof exported.PredictionStream) await result.result;
  else if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
    for await (const _ of result as AsyncIterable<unknown>) break;
  }
}

/** What is wrong with the answer of `door`, with one argument replaced by each kind of garbage. */
async function faultsOf({ call, args }: Door): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const at of args.keys()) {
    for (const [name, value] of Object.entries(GARBAGE)) {
      try {
        await settled(() => call(...args.map((one, i) => (i === at ? value : one))));
      } catch (error) {
        const fault = faultOf(error);
        if (fault !== undefined) faults.push(`argument ${at}, ${name}: ${fault}`);
      }
    }
  }
  return faults;
}

function faultOf(error: unknown): string | undefined {
  if (!(error instanceof PaliGemmaError)) return String(error instanceof Error && error.stack);
  if (!error.code.startsWith('ERR_OPTION_')) return undefined;
  const isWhole = [error.subject, error.found, error.expected].every(Boolean);
  return isWhole ? undefined : `without facts: ${error.message}`;
}

const names = Object.keys(exported);

test('every export is in the table', () => {
  expect(Object.keys(exportedDoors()).sort()).toEqual([...names].sort());
});

describe.each(names)('%s', (name) => {
  test('answers garbage with a result or with an error of this package', async () => {
    const door = exportedDoors()[name];
    expect(door === undefined ? 'not in the table' : door && (await faultsOf(door))).toEqual(
      door === null ? null : [],
    );
  });
});

test.each(Object.keys({ ...METHODS }).filter((name) => METHODS[name] !== null))(
  'the method %s answers garbage with a result or with an error of this package',
  async (name) => {
    const rest = METHODS[name] ?? [];
    const call: Callable = (...args) =>
      (model as unknown as Record<string, Callable>)[name]?.(...args);
    expect(await faultsOf({ call, args: [firstOf(name), ...rest] })).toEqual([]);
  },
);

test('every method of a model is in the table', () => {
  const own = Object.getOwnPropertyNames(PaliGemma.prototype);
  const base = Object.getOwnPropertyNames(Object.getPrototypeOf(PaliGemma.prototype));
  expect([...new Set([...own, ...base])].sort()).toEqual(Object.keys(METHODS).sort());
});

test.each(['Mask.fromRle', 'Mask.fromPolygons', 'mask.toPolygons', 'mask.toPng', 'PaliGemma.load'])(
  '%s answers garbage with a result or with an error of this package',
  async (name) => {
    expect(await faultsOf(memberDoors()[name] as Door)).toEqual([]);
  },
);

test('what is no number has no overlap', () => {
  expect(() => exported.boxIou({} as never, {} as never)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_TYPE', subject: 'a.xmin', found: 'missing' }),
  );
});
