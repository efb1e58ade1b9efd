/** The options of the public calls: defaults, ranges, and that their documentation says the same as their declarations. */

import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { OPTION_TYPES } from '../../../src/options/all.js';
import { description } from '../../../src/options/describe.js';
import { GENERATE_OPTIONS, parseGenerateOptions } from '../../../src/options/generate.js';
import { ENCODE_OPTIONS, IMAGE_OPTIONS, parseEncodeOptions } from '../../../src/options/image.js';
import { defaultThreads, parseLoadOptions, stageThreadCounts } from '../../../src/options/load.js';
import { type Declarations, parseOptions, REQUIRED } from '../../../src/options/option.js';

/** Values for what is required. */
const REQUIRED_VALUES: Readonly<Record<string, object>> = {
  ConvertOptions: { source: 'a', output: 'b', type: 'f32' },
  ServedModelOptions: { file: 'a' },
};

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
      isolate: 'none',
      engines: 1,
      hangMs: 20_000,
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

describe.each(Object.entries<{ readonly declarations: Declarations }>(OPTION_TYPES))(
  '%s',
  (name, { declarations }) => {
    const required = REQUIRED_VALUES[name] ?? {};

    it('has a description of every option, and range and default where there are any', () => {
      for (const [option, one] of Object.entries(declarations)) {
        const text = description(one);
        // Its first letter is a capital here.
        expect(`${text} `.slice(1), option).toContain(`${one.doc.slice(1)}. `);
        expect(text.includes('Required.'), option).toBe(one.default === REQUIRED);
        if ('max' in one) expect(text, option).toContain(one.max.toLocaleString('en-US'));
        if (typeof one.default === 'string') expect(text).toContain(`Default \`${one.default}\`.`);
        if (typeof one.default === 'boolean') expect(text).toContain(`Default ${one.default}.`);
        if (one.unit !== undefined) expect(text, option).toContain(` ${one.unit}.`);
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
      if (bounded.length === 0) expect(Object.keys(declarations)).toEqual(['signal']);
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
  },
);

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
