/** What of several answers goes into one message, and when. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Outbox } from '../../../src/isolated/outbox.js';
import type { Answer } from '../../../src/isolated/protocol.js';
import type { NativeToken } from '../../../src/native/contract.js';

const token = (id: number): NativeToken => ({ id, text: `${id}`, logprob: 0 });
const IMAGES = [{ width: 2, height: 1 }];

let sent: (readonly Answer[])[];
let box: Outbox;
beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  box = new Outbox((answers) => sent.push(answers));
});
afterEach(() => vi.useRealTimers());

test('a first token is sent at the end of the turn, with the sizes of its pictures', () => {
  box.images(1, IMAGES);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([]);
  box.token(1, token(5));
  vi.advanceTimersByTime(0);
  expect(sent).toEqual([[{ id: 1, images: IMAGES, tokens: [token(5)] }]]);
});

test('tokens that come at once go together, those of other calls too', () => {
  box.token(1, token(1));
  vi.advanceTimersByTime(0);
  box.token(1, token(2));
  vi.advanceTimersByTime(1);
  box.token(2, token(3));
  box.token(1, token(4));
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(3);
  expect(sent.slice(1)).toEqual([
    [
      { id: 1, tokens: [token(2), token(4)] },
      { id: 2, tokens: [token(3)] },
    ],
  ]);
});

test('tokens that come slowly are not held back', () => {
  for (let i = 0; i < 5; i++) {
    box.token(1, token(i));
    vi.advanceTimersByTime(0);
    expect(sent).toHaveLength(i + 1);
    vi.advanceTimersByTime(4);
  }
});

test('an end waits for nothing, takes all with it, and is sent once', () => {
  box.token(1, token(1));
  vi.advanceTimersByTime(0);
  box.token(1, token(2));
  box.end(1, { result: 'done' });
  box.end(2, { error: { code: 'ERR_ABORTED', message: 'x' } as never });
  vi.advanceTimersByTime(0);
  expect(sent.slice(1)).toEqual([
    [
      { id: 1, tokens: [token(2)], end: { result: 'done' } },
      { id: 2, end: { error: { code: 'ERR_ABORTED', message: 'x' } } },
    ],
  ]);
  vi.advanceTimersByTime(100);
  expect(sent).toHaveLength(2);
});
