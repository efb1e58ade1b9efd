/** Turns and the measured speed. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { Admission, Turns } from '../../../src/server/admission.js';

const never = new AbortController().signal;

it('turns are given in order of arrival, and those that leave do not count', async () => {
  const turns = new Turns(1);
  const order: string[] = [];
  const first = await turns.take(never);
  const gone = new AbortController();
  const second = turns.take(gone.signal).catch((reason: unknown) => order.push(String(reason)));
  const third = turns.take(never).then((back) => {
    order.push('third');
    back();
  });
  expect(turns.waiting).toBe(2);
  gone.abort('left');
  await second;
  expect(turns.waiting).toBe(1);
  first();
  // A second time is no second turn.
  first();
  await third;
  expect(order).toEqual(['left', 'third']);
  const back = await turns.take(never);
  expect(turns.waiting).toBe(0);
  back();
  await expect(turns.take(AbortSignal.abort('late'))).rejects.toBe('late');
});

it('turns go from client to client, in order of arrival for each', async () => {
  const turns = new Turns(1);
  const order: string[] = [];
  const first = await turns.take(never, 'a');
  const gone = new AbortController();
  const all = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map(async (name) => {
    const back = await turns.take(name === 'c1' ? gone.signal : never, name.slice(0, 1));
    order.push(name);
    back();
  });
  gone.abort('left');
  await expect(all[4]).rejects.toBe('left');
  expect(turns.waiting).toBe(5);
  first();
  await Promise.allSettled(all);
  expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
});

it('the speed counts the time with work, and waits follow from it', () => {
  const { speed } = new Admission({ maxRequests: 1, maxQueuedTokens: 1 });
  expect([speed.tokensPerSecond, speed.secondsFor(1e9)]).toEqual([undefined, 1]);
  speed.begin(0);
  speed.begin(500);
  speed.end(100, 1000);
  speed.end(100, 1000);
  expect(speed.tokensPerSecond).toBeCloseTo(200, -1);
  expect(speed.secondsFor(500)).toBe(3);
  expect([speed.secondsFor(0), speed.secondsFor(1e9)]).toEqual([1, 60]);
  // An hour without work changes nothing; what failed took time and finished nothing.
  speed.begin(3_601_000);
  speed.end(0, 3_602_000);
  expect(speed.tokensPerSecond).toBeGreaterThan(90);
  expect(speed.tokensPerSecond).toBeLessThan(110);
});

it('two that wait until all are out both hear of it', async () => {
  const admission = new Admission({ maxRequests: 1, maxQueuedTokens: 1 });
  // Only its events are used.
  const response = new EventEmitter() as ServerResponse;
  admission.enter(response, 1000, () => {});
  const drained = [admission.drain(60_000), admission.drain(60_000)];
  response.emit('close');
  await Promise.all(drained);
  expect(admission.requests).toBe(0);
});
