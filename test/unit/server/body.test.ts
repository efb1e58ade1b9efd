/** Bodies in JSON. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseJson, readBytes } from '../../../src/server/body.js';

it('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
    }),
  );
});

it('a byte order mark before it is not part of it, and another one is', () => {
  expect(parseJson(Buffer.from('\ufeff{"a":"\ufeff"}'))).toEqual({ a: '\ufeff' });
  expect(() => parseJson(Buffer.from('\ufeff\ufeff{}'))).toThrow(/is not JSON/);
});

it('brackets and quotes in texts are no depth', () => {
  const text = JSON.stringify({ a: '[{"\\'.repeat(20_000), b: '\\"' });
  expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
});

it.each([
  ['deep', '['.repeat(1_000_000), 'nested'],
  ['wide', `{${Array.from({ length: 1_000_000 }, (_, i) => `"${i}":0`).join(',')}}`, 'too many'],
  ['cut off', '{"a": "b', 'not JSON'],
  ['empty', '', 'not JSON'],
  ['no JSON', 'labels=cat', 'not JSON'],
])('%s is refused before it is parsed', (_, text, words) => {
  expect(() => parseJson(Buffer.from(text))).toThrow(
    expect.objectContaining({
      code: 'ERR_REQUEST_FORMAT',
      message: expect.stringContaining(words),
    }),
  );
});

it('is not read for a request that is over already, which fails with the reason', async () => {
  const reason = new Error('gone');
  const body = Readable.from([Buffer.from('a')]);
  await expect(readBytes(body, 10, AbortSignal.abort(reason))).rejects.toBe(reason);
  // Nothing else would take it, and the process would end.
  body.destroy(new Error('cut off'));
  expect(body.listenerCount('error')).toBe(1);
});
