/** The program of the child process, spoken to as its parent does. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Call, FromChild, ToChild } from '../../src/isolated/protocol.js';
import { parseEncodeOptions } from '../../src/options/image.js';
import { parseLoadOptions } from '../../src/options/load.js';
import { nativeLoadOptions } from '../../src/options/native.js';
import { DEMO_MODEL, imagePath, ROOT } from '../support/models.js';

/** What announced-decodes.cjs adds to the protocol. */
type Message = FromChild | { readonly kind: 'decoded' };

test('a call that fails at one picture decodes no more of its others', async () => {
  const child = fork(path.join(ROOT, 'lib', 'isolated', 'child.js'), [], {
    execArgv: ['--require', path.join(ROOT, 'test/support/programs/announced-decodes.cjs')],
    serialization: 'advanced',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Map<number, object>();
  let isLoaded = false;
  let decoded = 0;
  child.on('message', (message: Message) => {
    if (message.kind === 'loaded') isLoaded = true;
    if (message.kind === 'decoded') decoded++;
    if (message.kind !== 'answers') return;
    for (const { id, end } of message.answers) if (end) ended.set(id, end);
  });
  const send = (message: ToChild): boolean => child.send(message);
  const until = async (isDone: () => boolean): Promise<void> => {
    while (!isDone()) await once(child, 'message');
  };
  const ask = async (id: number, call: Call): Promise<object | undefined> => {
    send({ kind: 'call', id, call });
    await until(() => ended.has(id));
    return ended.get(id);
  };
  const { signal: _, ...read } = parseEncodeOptions();
  const bytes = readFileSync(imagePath('scene1.png'));
  const whole = { label: 'scene1.png', bytes };
  const damaged = { label: 'damaged.png', bytes: bytes.subarray(0, 100) };

  const native = nativeLoadOptions(parseLoadOptions());
  send({ kind: 'load', options: { paths: [DEMO_MODEL], native, maxQueue: 8 } });
  await until(() => isLoaded);
  const failed = await ask(1, {
    method: 'score',
    pictures: [damaged, ...Array(50).fill(whole)],
    read,
    params: { prompt: '', candidates: ['a circle'] },
  });
  expect(failed).toMatchObject({ error: { code: 'ERR_IMAGE_CORRUPT' } });
  // Pictures take their turns in the order they came in: what the first call still had to decode would be decoded first.
  expect(await ask(2, { method: 'prepare', pictures: [whole], read })).toHaveProperty('result');
  expect(decoded).toBeLessThan(10);
});
