/** Systems that speak JSON lines, as real processes: those that do, and those that do not. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { ProtocolSystem } from '../../../../src/evaluation/ocr-benchmark/protocol.js';
import type { Question } from '../../../../src/evaluation/ocr-benchmark/system.js';

const { signal } = new AbortController();

const READY = `console.log(JSON.stringify({ ready: true, name: 'reader', version: '1.0', threads: 2 }));`;

/** Calls `answer(asked, say, n)` for each line; `n` counts the lines of this process from 1. */
const reader = (answer: string): string => `${READY}
  let n = 0;
  const say = (line) => process.stdout.write(typeof line === 'string' ? line : JSON.stringify(line) + '\\n');
  require('node:readline').createInterface({ input: process.stdin })
    .on('line', (line) => { n++; (${answer})(JSON.parse(line), say, n); });`;

const ECHO = '({ id, path }, say) => say({ id, text: path })';

async function open(code: string, timeoutMs = 20_000): Promise<ProtocolSystem> {
  const command = { program: process.execPath, args: ['-e', code] };
  const system = await ProtocolSystem.open(command, { threads: 1, timeoutMs, signal });
  onTestFinished(() => system.close());
  return system;
}

const question = (file: string): Question => ({
  crop: {
    ...{ id: file, domain: 'd', group: file, split: 'scored', file, width: 3, height: 2 },
    ...{ digest: '0', truth: 'x' },
  },
  ...{ pass: 1, prompt: 'read' },
});

const read = (system: ProtocolSystem, file = 'a.png', own = signal) =>
  system.read(question(file), own);

const refused = (words: string, code = 'ERR_SYSTEM') =>
  expect.objectContaining({ code, message: expect.stringContaining(words) });

it('is asked with path, size and prompt, and answers with text, seconds and price', async () => {
  const system = await open(
    reader(
      '(asked, say) => say({ id: asked.id, text: JSON.stringify(asked), seconds: 0.5, usd: 0.01 })',
    ),
  );
  expect(system).toMatchObject({ name: 'reader', version: '1.0', threads: 2, modes: [] });
  const { text, ...rest } = await read(system);
  expect(JSON.parse(text)).toEqual({ id: '1', path: 'a.png', width: 3, height: 2, prompt: 'read' });
  expect(rest).toEqual({ ownSeconds: 0.5, usd: 0.01 });
});

it('words with boxes are put into lines', async () => {
  const words = [
    { text: 'end', box: [0, 30, 10, 10] },
    { text: 'there', box: [20, 2, 10, 10] },
    { text: 'hello', box: [0, 0, 10, 10] },
  ];
  const system = await open(
    reader(`({ id }, say) => say({ id, words: ${JSON.stringify(words)} })`),
  );
  expect(await read(system)).toEqual({ text: 'hello there\nend' });
});

it('several lines at once, and a line in pieces, are lines', async () => {
  const answer = `({ id, path }, say) => {
    const line = JSON.stringify({ id, text: path + 'é' }) + '\\n';
    for (const byte of Buffer.from(line)) process.stdout.write(Buffer.from([byte]));
  }`;
  const system = await open(reader(answer));
  expect(await read(system, 'a')).toEqual({ text: 'aé' });
  expect(await read(system, 'b')).toEqual({ text: 'bé' });
});

it.each([
  ['no JSON', `say('Loading weights\\n')`, 'printed the line "Loading weights", expected JSON'],
  ['no object', `say('null\\n')`, 'expected a JSON object'],
  ['no text', 'say({ id })', 'printed an answer without text'],
  ['text of another kind', 'say({ id, text: 5 })', 'printed an answer without text'],
  ['words without boxes', `say({ id, words: [{ text: 'a' }] })`, 'printed an answer without text'],
  ['another id', `say({ id: '77', text: '' })`, 'an answer to id "77", expected one to "1"'],
  ['no id', `say({ text: '' })`, 'an answer to id undefined'],
  ['seconds that are none', `say({ id, text: '', seconds: 'fast' })`, '"fast" as seconds'],
  ['a negative price', `say({ id, text: '', usd: -1 })`, '-1 as usd'],
  ['bytes that are no UTF-8', 'process.stdout.write(Buffer.from([0xff, 10]))', 'not UTF-8'],
  ['a failure of its own', `say({ id, error: 'no\\nletters' })`, 'failed: no\\nletters'],
])('%s fails one picture, not the next', async (_, bad, words) => {
  const answer = `({ id, path }, say, n) => { if (n === 1) { ${bad}; } else say({ id, text: path }); }`;
  const system = await open(reader(answer));
  await expect(read(system, 'a')).rejects.toEqual(refused(words));
  expect(await read(system, 'b')).toEqual({ text: 'b' });
});

it('an answer after a line that was refused is not taken for that of the next picture', async () => {
  const system = await open(
    reader(`({ id, path }, say, n) => {
    if (n === 1) say('noise\\n');
    say({ id, text: path });
  }`),
  );
  await expect(read(system, 'a')).rejects.toEqual(refused('"noise"'));
  expect(await read(system, 'b')).toEqual({ text: 'b' });
});

it('one that crashes fails its picture with what it complained of, and is started again once', async () => {
  const system = await open(
    reader(`({ id, path }, say) => {
    if (path !== 'bad') return say({ id, text: path });
    process.stderr.write('no such\\nlanguage\\n', () => process.exit(3));
  }`),
  );
  expect(await read(system, 'a')).toEqual({ text: 'a' });
  await expect(read(system, 'bad')).rejects.toEqual(refused('ended with exit code 3: language'));
  expect(await read(system, 'b')).toEqual({ text: 'b' });
  await expect(read(system, 'bad')).rejects.toEqual(refused('ended with exit code 3'));
  await expect(read(system, 'c')).rejects.toEqual(refused('has died twice'));
  await expect(read(system, 'd')).rejects.toEqual(refused('has died twice'));
});

it('one that hangs is ended, with what it has started, and started again', async () => {
  const system = await open(
    reader(`({ id, path }, say) => {
      if (path !== 'bad') return say({ id, text: String(process.pid) });
      require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    }`),
    3000,
  );
  const { text: before } = await read(system, 'a');
  await expect(read(system, 'bad')).rejects.toEqual(refused('no answer after 3 s', 'ERR_TIMEOUT'));
  const { text: after } = await read(system, 'b');
  expect(after).not.toBe(before);
  expect(() => process.kill(Number(before), 0)).toThrow('ESRCH');
});

it('a line without end does not fill the memory', async () => {
  const system = await open(
    reader(`({ id, path }, say, n) => {
    if (path !== 'bad') return say({ id, text: path });
    const more = () => { while (process.stdout.write('x'.repeat(65536))); process.stdout.once('drain', more); };
    more();
  }`),
  );
  await expect(read(system, 'bad')).rejects.toEqual(refused('a line of more than 1048576 bytes'));
  expect(await read(system, 'b')).toEqual({ text: 'b' });
});

it('lines that nothing has asked for are not kept', async () => {
  const system = await open(`${READY} for (let i = 0; i < 5000; i++) console.log('{}');
    setInterval(() => {}, 1000);`);
  await expect(read(system)).rejects.toEqual(refused('an answer to id undefined'));
});

/** A program whose first line has these fields. */
function ready(fields: object): string {
  const line = JSON.stringify({ ready: true, ...fields });
  return `console.log(${JSON.stringify(line)})`;
}

it.each([
  ['says nothing and ends', 'process.exit(0)', 'ended with exit code 0'],
  [
    'ends with a failure',
    `console.error('no model'); process.exitCode = 1`,
    'exit code 1: no model',
  ],
  [
    'says that it cannot',
    `console.log(JSON.stringify({ error: 'no model' }))`,
    'cannot start: no model',
  ],
  ['begins with something else', `console.log('hello')`, 'printed the line "hello"'],
  ['is not ready', `console.log('{}')`, 'a first line with no ready, expected true'],
  ['has no name', `console.log('{"ready":true}')`, 'a first line with no name, expected text'],
  ['has no version', ready({ name: 'g' }), 'a first line with no version, expected text'],
  ['has a number as version', ready({ name: 'g', version: 2 }), 'with 2 as version, expected text'],
  ['has an empty name', ready({ name: '', version: '1' }), 'with "" as name, expected text'],
  ['has a long name', ready({ name: 'g'.repeat(5000), version: '1' }), 'as name, expected text of'],
  [
    'would steer a terminal',
    ready({ name: '\u001b[2Jg', version: '1' }),
    'with "\\u001b[2Jg" as name, expected text of 1 to 100 characters, without control',
  ],
  ['is not there', undefined, 'cannot be started'],
])('one that %s is no system', async (_, code, words) => {
  const command =
    code === undefined
      ? { program: '/nowhere/reader', args: [] }
      : { program: process.execPath, args: ['-e', code] };
  const options = { threads: 1, timeoutMs: 1000, signal };
  await expect(ProtocolSystem.open(command, options)).rejects.toEqual(refused(words));
});

it('an abort ends the call with its reason, and the system', async () => {
  const system = await open(
    reader(`({ id, path }, say) => { if (path === 'a') say({ id, text: String(process.pid) }); }`),
  );
  const { text: pid } = await read(system, 'a');
  const gone = new AbortController();
  const call = read(system, 'b', gone.signal);
  await wait(20);
  gone.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  await system.close();
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  const early = AbortSignal.abort(new Error('before'));
  await expect(
    ProtocolSystem.open(
      { program: process.execPath, args: ['-e', reader(ECHO)] },
      { threads: 1, timeoutMs: 1000, signal: early },
    ),
  ).rejects.toThrow('before');
});

it('one that does not end with its input is ended', async () => {
  const system = await open(
    `${READY} process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`,
  );
  await system.close();
  await expect(read(system)).rejects.toEqual(refused('is closed'));
});
