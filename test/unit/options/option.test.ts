/** The option mechanism itself: parsing, messages, flags' text, tables. The real options are tested beside this file. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { optionTable } from '../../../src/options/describe.js';
import {
  boolean,
  callback,
  checkText,
  expectation,
  type Input,
  integer,
  number,
  omit,
  oneOf,
  type Parsed,
  parseOptions,
  path,
  pick,
  REQUIRED,
  signal,
  string,
} from '../../../src/options/option.js';
import { errorOf } from '../../support/input-error.js';
import type { Same } from '../../support/same-type.js';

const SAMPLE = {
  count: integer({ default: 4, min: 1, max: 64, doc: 'how many' }),
  share: number({ default: 1, min: 0, aboveMin: true, max: 1, doc: 'part | whole' }),
  memory: number({ default: 64, min: 0, max: 100, unit: 'MiB', doc: 'memory' }),
  cap: number({ default: null, min: 0, max: 50, doc: 'cap' }),
  seed: integer({ default: undefined, min: 0, max: Number.MAX_SAFE_INTEGER, doc: 'seed' }),
  kind: oneOf(['f16', 'f32'], { default: 'f16', doc: 'type' }),
  exact: boolean({ default: false, doc: 'exactly' }),
  device: string({ default: 'auto', minLength: 1, maxLength: 8, examples: ['auto'], doc: 'where' }),
  onProgress: callback<(n: number) => void>({ doc: 'called' }),
  signal: signal({ doc: 'abort' }),
  file: path({ default: undefined, doc: 'file' }),
};

interface SampleInput {
  readonly count?: number | undefined;
  readonly share?: number | undefined;
  readonly memory?: number | undefined;
  readonly cap?: number | null | undefined;
  readonly seed?: number | undefined;
  readonly kind?: 'f16' | 'f32' | undefined;
  readonly exact?: boolean | undefined;
  readonly device?: string | undefined;
  readonly onProgress?: ((n: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly file?: string | undefined;
}
true satisfies Same<SampleInput, Input<typeof SAMPLE>>;
// The check itself can fail: a missing option, another type, another null are not the same.
false satisfies Same<Omit<SampleInput, 'count'>, Input<typeof SAMPLE>>;
false satisfies Same<SampleInput & { count?: string }, Input<typeof SAMPLE>>;
false satisfies Same<Parsed<typeof SAMPLE>['cap'], number>;

const NEEDY = {
  file: path({ default: REQUIRED, doc: 'file' }),
  kind: oneOf(['f16', 'f32'], { default: REQUIRED, doc: 'type' }),
  count: integer({ default: REQUIRED, min: 1, max: 64, doc: 'how many' }),
  exact: boolean({ default: REQUIRED, doc: 'exactly' }),
  cap: number({ default: null, min: 0, max: 50, doc: 'cap' }),
};
interface NeedyInput {
  readonly file: string;
  readonly kind: 'f16' | 'f32';
  readonly count: number;
  readonly exact: boolean;
  readonly cap?: number | null | undefined;
}
true satisfies Same<NeedyInput, Input<typeof NEEDY>>;
true satisfies Same<Parsed<typeof NEEDY>['kind'], 'f16' | 'f32'>;
false satisfies Same<Partial<NeedyInput>, Input<typeof NEEDY>>;

const parse = (options?: unknown) => parseOptions('predict', SAMPLE, options);

describe('pick and omit', () => {
  const { count, cap } = SAMPLE;

  it('take a parsed object apart without a list of names', () => {
    const parsed = parse({ count: 7, cap: 3 });
    const [picked, rest] = [pick({ count, cap }, parsed), omit({ count, cap }, parsed)];
    expect(picked).toEqual({ count: 7, cap: 3 });
    expect({ ...picked, ...rest }).toEqual(parsed);
    expect(Object.keys(rest)).toEqual(
      Object.keys(SAMPLE).filter((name) => name !== 'count' && name !== 'cap'),
    );
  });

  it('keep what is undefined, as a complete object has every option', () => {
    expect(Object.keys(pick({ seed: SAMPLE.seed }, parse()))).toEqual(['seed']);
  });
});

describe('parseOptions', () => {
  it('fills every default, freezes the object and has the same keys each time', () => {
    const parsed = parse();
    expect(parsed).toEqual({
      count: 4,
      share: 1,
      memory: 64,
      cap: null,
      seed: undefined,
      kind: 'f16',
      exact: false,
      device: 'auto',
      onProgress: undefined,
      signal: undefined,
      file: undefined,
    });
    expect(Object.keys(parsed)).toEqual(Object.keys(SAMPLE));
    expect(Object.isFrozen(parsed)).toBe(true);
    expect(parse({})).toEqual(parsed);
    expect(parse({ count: undefined, cap: undefined, kind: undefined })).toEqual(parsed);
  });

  it('keeps what was given', () => {
    const given = {
      count: 64,
      share: 0.25,
      memory: 0,
      cap: 50,
      seed: Number.MAX_SAFE_INTEGER,
      kind: 'f32',
      exact: true,
      device: 'cuda',
      onProgress: () => {},
      signal: AbortSignal.abort(),
      file: 'a/b',
    };
    expect(parse(given)).toEqual(given);
    expect(parse({ cap: null }).cap).toBeNull();
  });

  it('stores minus zero as zero', () => {
    expect(Object.is(parse({ memory: -0 }).memory, 0)).toBe(true);
  });

  it.each([
    [
      { count: Number.NaN },
      'ERR_OPTION_RANGE',
      'option count is NaN, expected an integer from 1 to 64',
    ],
    [{ count: 0 }, 'ERR_OPTION_RANGE', 'option count is 0, expected an integer from 1 to 64'],
    [{ count: -0 }, 'ERR_OPTION_RANGE', 'option count is -0, expected an integer from 1 to 64'],
    [{ count: 65 }, 'ERR_OPTION_RANGE', 'option count is 65, expected an integer from 1 to 64'],
    [{ count: 1.5 }, 'ERR_OPTION_RANGE', 'option count is 1.5, expected an integer from 1 to 64'],
    [
      { count: 1e308 },
      'ERR_OPTION_RANGE',
      'option count is 1e+308, expected an integer from 1 to 64',
    ],
    [{ count: '8' }, 'ERR_OPTION_TYPE', 'option count is "8", expected an integer from 1 to 64'],
    [{ count: 8n }, 'ERR_OPTION_TYPE', 'option count is 8n, expected an integer from 1 to 64'],
    [{ count: null }, 'ERR_OPTION_TYPE', 'option count is null, expected an integer from 1 to 64'],
    [
      { count: new Number(8) },
      'ERR_OPTION_TYPE',
      'option count is an instance of Number, expected an integer from 1 to 64',
    ],
    [
      { count: Symbol('x') },
      'ERR_OPTION_TYPE',
      'option count is Symbol(x), expected an integer from 1 to 64',
    ],
    [
      { count: [8] },
      'ERR_OPTION_TYPE',
      'option count is an array of 1, expected an integer from 1 to 64',
    ],
    [
      { count: new Proxy({}, {}) },
      'ERR_OPTION_TYPE',
      'option count is a Proxy, expected an integer from 1 to 64',
    ],
    [
      { seed: 2 ** 53 },
      'ERR_OPTION_RANGE',
      'option seed is 9007199254740992, expected an integer from 0 to 9007199254740991',
    ],
    [{ share: 0 }, 'ERR_OPTION_RANGE', 'option share is 0, expected a number above 0 and up to 1'],
    [
      { share: 1.5 },
      'ERR_OPTION_RANGE',
      'option share is 1.5, expected a number above 0 and up to 1',
    ],
    [
      { memory: -1 },
      'ERR_OPTION_RANGE',
      'option memory is -1, expected a number from 0 to 100 MiB',
    ],
    [
      { memory: Number.POSITIVE_INFINITY },
      'ERR_OPTION_RANGE',
      'option memory is Infinity, expected a number from 0 to 100 MiB',
    ],
    [{ cap: -1 }, 'ERR_OPTION_RANGE', 'option cap is -1, expected a number from 0 to 50 or null'],
    [
      { kind: 'F16' },
      'ERR_OPTION_RANGE',
      'option kind is "F16", expected one of "f16", "f32" (did you mean "f16"?)',
    ],
    [
      { kind: 'bf16' },
      'ERR_OPTION_RANGE',
      'option kind is "bf16", expected one of "f16", "f32" (did you mean "f16"?)',
    ],
    [{ kind: 16 }, 'ERR_OPTION_TYPE', 'option kind is 16, expected one of "f16", "f32"'],
    [{ exact: 'true' }, 'ERR_OPTION_TYPE', 'option exact is "true", expected true or false'],
    [{ exact: 1 }, 'ERR_OPTION_TYPE', 'option exact is 1, expected true or false'],
    [
      { device: '' },
      'ERR_OPTION_RANGE',
      'option device is "", expected a string of 1 to 8 characters without NUL',
    ],
    [
      { device: {} },
      'ERR_OPTION_TYPE',
      'option device is an object, expected a string of 1 to 8 characters without NUL',
    ],
    [{ onProgress: 'x' }, 'ERR_OPTION_TYPE', 'option onProgress is "x", expected a function'],
    [
      { signal: new AbortController() },
      'ERR_OPTION_TYPE',
      'option signal is an instance of AbortController, expected an AbortSignal',
    ],
    [{ signal: true }, 'ERR_OPTION_TYPE', 'option signal is true, expected an AbortSignal'],
    [
      { signal: { aborted: false, addEventListener() {} } },
      'ERR_OPTION_TYPE',
      'option signal is an object, expected an AbortSignal',
    ],
    [
      { device: 'a\0' },
      'ERR_OPTION_RANGE',
      'option device is "a\\u0000", expected a string of 1 to 8 characters without NUL',
    ],
    [
      { file: '' },
      'ERR_OPTION_RANGE',
      'option file is "", expected a path of 1 to 4096 characters without NUL',
    ],
  ])('refuses %o', (options, code, message) => {
    const error = errorOf(() => parse(options));
    expect(error.code).toBe(code);
    expect(error.message).toBe(message);
    expect(error.subject).toBe(Object.keys(options)[0]);
  });

  it.each([
    [null, 'predict: options is null, expected an object'],
    [5, 'predict: options is 5, expected an object'],
    ['x', 'predict: options is "x", expected an object'],
    [[], 'predict: options is an array of 0, expected an object'],
    [() => {}, 'predict: options is a function, expected an object'],
  ])('refuses %o in place of options', (options, message) => {
    expect(errorOf(() => parse(options))).toMatchObject({ code: 'ERR_OPTION_TYPE', message });
  });

  it.each([
    ['coutn', 'did you mean count?'],
    ['Count', 'did you mean count?'],
    ['on_progress', 'did you mean onProgress?'],
    ['abortSignal', 'the options are'],
    ['__proto__', 'the options are'],
    ['constructor', 'the options are'],
    ['x'.repeat(1e6), 'the options are'],
  ])('refuses unknown option number %# with a hint', (name, hint) => {
    const error = errorOf(() => parse(JSON.parse(`{${JSON.stringify(name)}: 1}`)));
    expect(error.code).toBe('ERR_OPTION_UNKNOWN');
    expect(error.message).toContain(hint);
    expect(error.message.length).toBeLessThan(400);
  });

  it('does not trip over getters, proxies and errors that throw', () => {
    const hostile = new Error('unseen');
    Object.defineProperty(hostile, 'message', {
      get: () => {
        throw new Error('again');
      },
    });
    const throwing = (thrown: unknown) => ({
      get count(): number {
        throw thrown;
      },
    });
    expect(errorOf(() => parse(throwing(new Error('broken\ngetter')))).message).toBe(
      'option count cannot be read: broken\\ngetter, expected an integer from 1 to 64',
    );
    expect(errorOf(() => parse(throwing(hostile))).code).toBe('ERR_OPTION_TYPE');
    expect(errorOf(() => parse(throwing(Symbol('s')))).message).toContain('Symbol(s)');
    const locked = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('locked');
        },
      },
    );
    expect(errorOf(() => parse(locked)).message).toContain('options cannot be read: locked');
  });

  it('reads a property once, so that a getter cannot answer twice', () => {
    let reads = 0;
    const options = {
      get count() {
        return reads++ === 0 ? 5 : 1e9;
      },
    };
    expect(parse(options).count).toBe(5);
    expect(reads).toBe(1);
  });

  it('ends in a frozen object or an InputError, whatever it is given', () => {
    const names = [...Object.keys(SAMPLE), 'other'];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.anything()), (options) => {
        try {
          const parsed = parse(options);
          expect(Object.isFrozen(parsed)).toBe(true);
          expect(parsed.count).toSatisfy((n: number) => Number.isInteger(n) && n >= 1 && n <= 64);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          expect((error as InputError).message.length).toBeLessThan(1000);
          expect((error as InputError).message).not.toContain('\n');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('required options', () => {
  const whole = { file: 'a', kind: 'f16', count: 3, exact: false };

  it('are what the caller gave, beside the defaults of the others', () => {
    expect(parseOptions('convert', NEEDY, whole)).toEqual({ ...whole, cap: null });
  });

  it.each([
    ['file', 'a path of 1 to 4096 characters without NUL'],
    ['kind', 'one of "f16", "f32"'],
    ['count', 'an integer from 1 to 64'],
    ['exact', 'true or false'],
  ])('%s is missed by name, left out or undefined', (name, expected) => {
    const { [name as 'file']: _, ...others } = whole;
    for (const options of [others, { ...whole, [name]: undefined }]) {
      expect(errorOf(() => parseOptions('convert', NEEDY, options))).toMatchObject({
        code: 'ERR_OPTION_TYPE',
        message: `option ${name} is missing, expected ${expected}`,
        subject: name,
      });
    }
    expect(errorOf(() => parseOptions('convert', NEEDY, { ...whole, [name]: null })).code).toBe(
      'ERR_OPTION_TYPE',
    );
  });
});

describe('checkText', () => {
  it.each([
    ['count', '8', 8],
    ['share', '.5', 0.5],
    ['memory', '1e1', 10],
    ['exact', 'true', true],
    ['exact', 'false', false],
    ['kind', 'f32', 'f32'],
    ['device', 'cpu', 'cpu'],
  ] as const)('reads --%s %s', (name, text, value) => {
    expect(checkText(`--${name}`, SAMPLE[name], text)).toBe(value);
  });

  it.each([
    ['count', '', '--count is "", expected an integer from 1 to 64'],
    ['count', '0x10', '--count is "0x10", expected an integer from 1 to 64'],
    ['count', '8.0', '--count is "8.0", expected an integer from 1 to 64'],
    ['count', '99', '--count is 99, expected an integer from 1 to 64'],
    ['memory', 'NaN', '--memory is "NaN", expected a number from 0 to 100 MiB'],
    ['memory', '1,5', '--memory is "1,5", expected a number from 0 to 100 MiB'],
    ['memory', '1e999', '--memory is Infinity, expected a number from 0 to 100 MiB'],
    ['exact', 'yes', '--exact is "yes", expected true or false'],
    ['kind', 'f64', '--kind is "f64", expected one of "f16", "f32"'],
  ] as const)('refuses --%s %s', (name, text, message) => {
    expect(errorOf(() => checkText(`--${name}`, SAMPLE[name], text)).message).toBe(message);
  });
});

describe('optionTable', () => {
  it('is a markdown table whose cells cannot break out', () => {
    const { count, share, cap, kind, device, signal: abort } = SAMPLE;
    expect(optionTable({ count, share, cap, kind, device, signal: abort })).toBe(
      [
        '| Option | Values | Default | Meaning |',
        '| --- | --- | --- | --- |',
        '| `count` | integer from 1 to 64 | `4` | how many |',
        '| `share` | number above 0 and up to 1 | `1` | part \\| whole |',
        '| `cap` | number from 0 to 50 or null | `null` | cap |',
        '| `kind` | `"f16"`, `"f32"` | `"f16"` | type |',
        '| `device` | `"auto"`, … | `"auto"` | where |',
        '| `signal` | an AbortSignal | – | abort |',
        '',
      ].join('\n'),
    );
    expect(optionTable({ kind: NEEDY.kind })).toContain(
      '| `kind` | `"f16"`, `"f32"` | required | type |',
    );
  });

  it('states the same range as the error messages', () => {
    for (const name of ['count', 'share', 'memory'] as const) {
      const range = expectation(SAMPLE[name]).replace(/^an? /, '');
      expect(optionTable({ [name]: SAMPLE[name] })).toContain(`| ${range} |`);
    }
  });
});
