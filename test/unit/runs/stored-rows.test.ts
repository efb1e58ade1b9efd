/** Rows of a journal, read again. */
import { expect, it } from 'vitest';
import { storedRows } from '../../../src/runs/stored-rows.js';

interface Reading {
  readonly id: string;
  readonly text?: string;
}

async function* chunksOf(text: string | Buffer): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text as string);
  // In pieces that cut characters.
  for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
}

const read = (text: string | Buffer): Promise<Reading[]> =>
  storedRows<Reading>(chunksOf(text), {
    ...{ name: 'rows.jsonl', what: 'reading', expected: 'a line with an id' },
    isRow: ({ id }) => typeof id === 'string',
    keyOf: ({ id }) => id,
  });

it('the last row of a key counts, in the place of the first', async () => {
  const lines = ['{"id":"é","text":"1"}', '{"id":"b"}', '{"id":"é","text":"2"}', ''];
  expect(await read(lines.join('\n'))).toEqual([{ id: 'é', text: '2' }, { id: 'b' }]);
  expect(await read('')).toEqual([]);
});

it('what a kill has left of a line is no row', async () => {
  expect(await read('{"id":"a"}\n{"id":"b"')).toEqual([{ id: 'a' }]);
  expect(await read('{"id":"a"}\n{"id":"b"}')).toEqual([{ id: 'a' }]);
});

it('a line that is not UTF-8 is one of something else', async () => {
  await expect(read(Buffer.from('{"id":"\xe9"}\n', 'latin1'))).rejects.toMatchObject({
    message: 'rows.jsonl:1 is no reading',
  });
});

it.each(['{"id":1}', 'id', 'null', '[]', '""', '{"id":"b"', ''])(
  '%j is a line of something else',
  async (line) => {
    await expect(read(`{"id":"a"}\n${line}\n{"id":"c"}\n`)).rejects.toMatchObject({
      code: 'ERR_DATASET',
      message: 'rows.jsonl:2 is no reading',
      expected: 'a line with an id',
    });
  },
);
