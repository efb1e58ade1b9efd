/** Printing of values in messages, and the search for the name that was meant. */
import { describe, expect, it } from 'vitest';
import { nearest } from '../../../src/options/nearest.js';
import { oneLine, showThrown, showValue } from '../../../src/options/show.js';

class Named {}

describe('showValue', () => {
  it.each<[unknown, string]>([
    [0, '0'],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [1e308, '1e+308'],
    [12n, '12n'],
    [10n ** 100n, `1${'0'.repeat(59)}…n`],
    ['a "b"\n\u001b[31m', '"a \\"b\\"\\n\\u001b[31m"'],
    ['\u2028\u0085', '"\\u2028\\u0085"'],
    ['x'.repeat(61), `"${'x'.repeat(60)}…" (61 characters)`],
    [Symbol('s'), 'Symbol(s)'],
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [() => {}, 'a function'],
    [Named, 'a function'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [new Named(), 'an instance of Named'],
    [new Date(), 'a Date'],
    [new Uint8Array(3), 'an instance of Uint8Array'],
    [new Proxy([], {}), 'a Proxy'],
    [Object.create(new Proxy({}, {})), 'an object'],
    [{ constructor: 5 }, 'an object'],
  ])('prints %o as %s', (value, text) => {
    expect(showValue(value)).toBe(text);
  });

  it("runs none of the caller's code", () => {
    let ran = false;
    const trap = () => {
      ran = true;
      throw new Error('trap');
    };
    const object = Object.defineProperties(
      { toString: trap, toJSON: trap, [Symbol.toPrimitive]: trap, [Symbol.toStringTag]: 'x' },
      { constructor: { get: trap }, name: { get: trap } },
    );
    expect(showValue(object)).toBe('an object');
    const all = new Proxy({}, { get: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap });
    expect(showValue(all)).toBe('a Proxy');
    expect(ran).toBe(false);
  });

  it('shows the beginning of a huge string', () => {
    const text = '\u0000'.repeat(50_000_000);
    expect(showValue(text).length).toBeLessThan(500);
  });
});

describe('showThrown', () => {
  it('takes the message of an Error and prints anything else', () => {
    expect(showThrown(new Error('a\nb'))).toBe('a\\nb');
    expect(showThrown('text')).toBe('"text"');
    expect(showThrown(new Error('x'.repeat(500)))).toHaveLength(201);
  });
});

describe('oneLine', () => {
  it('escapes what could start a line or steer a terminal', () => {
    expect(oneLine('a\r\n\tb\u001b[2J\u007f')).toBe('a\\r\\n\\tb\\u001b[2J\\u007f');
  });
});

describe('nearest', () => {
  const names = ['maxTokens', 'temperature', 'topK', 'topP', 'seed', 'signal'];
  it.each([
    ['max_tokens', 'maxTokens'],
    ['maxNewTokens', 'maxTokens'],
    ['maxTokesn', 'maxTokens'],
    ['temprature', 'temperature'],
    ['top-p', 'topP'],
    ['sead', 'seed'],
    ['device', undefined],
    ['', undefined],
    ['x'.repeat(65), undefined],
  ])('finds what %s means', (word, meant) => {
    expect(nearest(word, names)).toBe(meant);
  });
});
