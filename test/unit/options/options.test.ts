/** The options of the public calls: defaults, ranges, and that their documentation says the same as their declarations. */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DRAWING_OPTIONS, FILE_OPTIONS } from '../../../src/options/annotate.js';
import { CONVERT_OPTIONS } from '../../../src/options/convert.js';
import { GENERATE_OPTIONS, parseGenerateOptions } from '../../../src/options/generate.js';
import { PULL_OPTIONS } from '../../../src/options/hub.js';
import {
  ENCODE_OPTIONS,
  IMAGE_OPTIONS,
  PAGES_OPTIONS,
  parseEncodeOptions,
} from '../../../src/options/image.js';
import {
  defaultThreads,
  LOAD_OPTIONS,
  parseLoadOptions,
  stageThreadCounts,
} from '../../../src/options/load.js';
import { type Declarations, parseOptions, REQUIRED } from '../../../src/options/option.js';
import { VIDEO_OPTIONS } from '../../../src/options/video.js';

/** File, its interface, its declarations, and values for what is required. */
const FILES: readonly (readonly [string, string, Declarations, object])[] = [
  ['load', 'LoadOptions', LOAD_OPTIONS, {}],
  ['hub', 'PullOptions', PULL_OPTIONS, {}],
  ['generate', 'GenerateOptions', GENERATE_OPTIONS, {}],
  ['image', 'EncodeOptions', ENCODE_OPTIONS, {}],
  ['image', 'PagesOptions', PAGES_OPTIONS, {}],
  ['annotate', 'DrawingOptions', DRAWING_OPTIONS, {}],
  ['annotate', 'FileOptions', FILE_OPTIONS, {}],
  ['video', 'VideoOptions', VIDEO_OPTIONS, {}],
  ['convert', 'ConvertOptions', CONVERT_OPTIONS, { source: 'a', output: 'b', type: 'f32' }],
];

describe('defaults', () => {
  it('of load', () => {
    expect(parseLoadOptions()).toEqual({
      device: 'auto',
      threads: 0,
      encodeThreads: 0,
      prefillThreads: 0,
      decodeThreads: 0,
      slots: 4,
      maxQueue: 1024,
      contextLength: 0,
      kvType: 'f16',
      kernels: 'auto',
      exactGelu: false,
      checkTensors: false,
      featureCacheMb: 64,
      attentionSoftcap: null,
      finalSoftcap: null,
      token: undefined,
      offline: undefined,
      onProgress: undefined,
      onNote: undefined,
      signal: undefined,
    });
  });

  it('of generate', () => {
    expect(parseGenerateOptions()).toEqual({
      maxTokens: undefined,
      temperature: 0,
      topK: 0,
      topP: 1,
      seed: undefined,
      topLogprobs: 0,
      pattern: undefined,
      locProbabilities: false,
      stopAtRepetition: false,
      page: 0,
      upright: true,
      background: undefined,
      maxPixels: 50e6,
      signal: undefined,
    });
  });

  it('of encode', () => {
    expect(parseEncodeOptions()).toEqual({
      page: 0,
      upright: true,
      background: undefined,
      maxPixels: 50e6,
      signal: undefined,
    });
  });

  it('take one thread per core, at most eight, for 0', () => {
    const { encode, prefill, decode } = stageThreadCounts(parseLoadOptions());
    expect([prefill, decode]).toEqual([encode, encode]);
    expect(encode).toBeGreaterThan(0);
    expect(encode).toBeLessThanOrEqual(Math.min(8, availableParallelism()));
    const given = parseLoadOptions({ threads: 3, decodeThreads: 2 });
    expect(stageThreadCounts(given)).toEqual({ encode: 3, prefill: 3, decode: 2 });
  });
});

it.each([
  [16, 16, Number.POSITIVE_INFINITY, 8],
  [8, 4, Number.POSITIVE_INFINITY, 4],
  [8, 4, 2.5, 2],
  [8, 4, 0.5, 1],
  [2, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2],
])(
  '%i threads, %f cores and a quota of %f give %i threads',
  (parallelism, cores, quota, threads) => {
    expect(defaultThreads(parallelism, cores, quota)).toBe(threads);
  },
);

describe.each(FILES)('the options in %s.ts', (name, type, declarations, required) => {
  const file = readFileSync(path.join(__dirname, `../../../src/options/${name}.ts`), 'utf8');
  const source = file.slice(file.indexOf(`export interface ${type} {`)).split(/^}$/m)[0] ?? '';
  const fields = [...source.matchAll(/\/\*\*\s*\*?\s*([^*]+?)\s*\*\/\s*readonly (\w+)\??:/g)];
  const documented = new Map(fields.map((match) => [match[2] ?? '', match[1] ?? '']));

  it('are documented beside their type in the words of their declaration, in the same order', () => {
    expect([...documented.keys()]).toEqual(Object.keys(declarations));
    for (const [option, { doc, default: value }] of Object.entries(declarations)) {
      expect(documented.get(option), option).toSatisfy((text: string) =>
        text.startsWith(value === REQUIRED ? `${doc}. Required.` : `${doc}.`),
      );
    }
  });

  it('accept both ends of each range and nothing beyond', () => {
    type Bounds = Readonly<{ min: number; max: number; aboveMin?: boolean }>;
    const bounded: [string, Bounds, (bound: number) => unknown][] = [];
    for (const [option, d] of Object.entries(declarations)) {
      if (d.kind === 'integer' || d.kind === 'number') bounded.push([option, d, Number]);
      // What has a form of its own is tested below.
      if (d.kind === 'string' && d.form === undefined) {
        const bounds = { min: d.minLength, max: d.maxLength };
        bounded.push([option, bounds, (length) => 'x'.repeat(length)]);
      }
    }
    expect(bounded.length).toBeGreaterThan(0);
    for (const [option, d, valueFor] of bounded) {
      const accepts = (bound: number): boolean => {
        try {
          const value = valueFor(bound);
          return (
            parseOptions(name, declarations, { ...required, [option]: value })[option] === value
          );
        } catch {
          return false;
        }
      };
      expect(accepts(d.min), `${option} ${d.min}`).toBe(d.aboveMin !== true);
      expect(accepts(d.max), `${option} ${d.max}`).toBe(true);
      expect(accepts(d.min - 1), `${option} below`).toBe(false);
      expect(accepts(d.max + 1), `${option} above`).toBe(false);
    }
  });

  it('have defaults that are valid themselves', () => {
    const defaults = parseOptions(name, declarations, required);
    expect(parseOptions(name, declarations, defaults)).toEqual(defaults);
  });
});

it('background is a colour in hexadecimal', () => {
  for (const background of ['#fff', '#FFF', '#a0b1C2', undefined]) {
    expect(parseEncodeOptions({ background }).background).toBe(background);
  }
  for (const background of ['white', 'fff', '#ff', '#ffff', '#ggg', '#12345678', '#fff\n', '']) {
    expect(() => parseEncodeOptions({ background })).toThrow(/expected a colour such as "#ffffff"/);
  }
});

it('generate and encode read pictures by the same options', () => {
  expect(GENERATE_OPTIONS).toMatchObject(IMAGE_OPTIONS);
  expect(ENCODE_OPTIONS).toMatchObject(IMAGE_OPTIONS);
});
