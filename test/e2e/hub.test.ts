/** Models from the hub: ids, the cache that Python shares, faults of the network. The hub is a server on loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { chooseFiles } from '../../src/hub/choose.js';
import { parseHubId } from '../../src/hub/id.js';
import { convert, inspect as inspectFile, PaliGemma, pull } from '../../src/index.js';
import { COMMIT, FakeHub } from '../support/fake-hub.js';
import { DEMO_MODEL, imagePath } from '../support/models.js';
import { HUB, useHub } from '../support/use-hub.js';
import { MAIN, paligemma } from './cli/command.js';

const content = randomBytes(1_000_003);
const { ID, folder } = HUB;
const blob = (bytes = content): string => path.join(folder(), 'blobs', FakeHub.sha256(bytes));
let hub: FakeHub;
let home: string;
let env: Record<string, string>;
useHub((fresh) => {
  ({ hub, home, env } = fresh);
});

describe('ids', () => {
  test.each([
    ['hf:owner/repo', { repo: 'owner/repo', revision: 'main' }],
    ['hf:owner/repo:q8_0', { repo: 'owner/repo', file: 'q8_0', revision: 'main' }],
    [
      'hf:o-1/r.2:sub/a b.gguf@refs/pr/1',
      { repo: 'o-1/r.2', file: 'sub/a b.gguf', revision: 'refs/pr/1' },
    ],
    [`hf:owner/repo@${COMMIT}`, { repo: 'owner/repo', revision: COMMIT }],
    ['https://huggingface.co/owner/repo', { repo: 'owner/repo', revision: 'main' }],
    ['https://huggingface.co/owner/repo/', { repo: 'owner/repo', revision: 'main' }],
    ['http://www.huggingface.co/owner/repo?x=1#y', { repo: 'owner/repo', revision: 'main' }],
    ['huggingface.co/owner/repo', { repo: 'owner/repo', revision: 'main' }],
    ['https://hf.co/owner/repo', { repo: 'owner/repo', revision: 'main' }],
    ['https://huggingface.co/owner/repo/tree/v1', { repo: 'owner/repo', revision: 'v1' }],
    [
      'https://huggingface.co/owner/repo/tree/refs%2Fpr%2F1',
      { repo: 'owner/repo', revision: 'refs/pr/1' },
    ],
    [
      'https://huggingface.co/owner/repo/resolve/main/sub/m%20q8.gguf?download=true',
      { repo: 'owner/repo', file: 'sub/m q8.gguf', revision: 'main' },
    ],
    [
      'https://huggingface.co/owner/repo/blob/v1/m.gguf',
      { repo: 'owner/repo', file: 'm.gguf', revision: 'v1' },
    ],
    ['https://huggingface.co/owner/repo/discussions/3', { repo: 'owner/repo', revision: 'main' }],
  ])('%s', (text, expected) => {
    expect(parseHubId(text)).toEqual(expected);
  });

  test.each([
    ...[
      'hf:',
      'hf:owner',
      'hf:/repo',
      'hf:owner/',
      'hf:a/b/c',
      'hf:../x',
      'hf:owner/..',
      'hf:owner/repo:',
    ],
    ...[
      'hf:owner/repo@',
      'hf:owner/repo@../../x',
      'hf:owner/repo:../../etc/passwd',
      'hf:owner/repo:/etc/passwd',
    ],
    ...[
      'hf:owner/repo:a\0b',
      'hf:owner/repo:a?b',
      'hf:owner/repo@a#b',
      'hf:owner/repo:..\\x',
      'hf:owner/repo:a//b',
    ],
    ...[
      'https://huggingface.co/owner',
      'https://huggingface.co/datasets/owner/repo',
      'https://huggingface.co/owner/repo/blob/main/..%2F..%2Fx.gguf',
      'https://huggingface.co/owner/repo/tree/..',
      'owner/repo',
    ],
  ])('%j is refused', (text) => {
    expect(() => parseHubId(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_RANGE',
        subject: 'source',
        message: expect.stringContaining('is no model on the hub, expected hf:owner/repo'),
      }),
    );
  });

  test('a part of a name chooses the file', () => {
    const files = ['README.md', 'm-q4_0.gguf', 'm-Q8_0.gguf', 'm-bf16.gguf'];
    expect(chooseFiles(files, undefined, ID)).toEqual(['m-Q8_0.gguf']);
    expect(chooseFiles(files, 'BF16', ID)).toEqual(['m-bf16.gguf']);
    expect(chooseFiles(files, 'm-q4_0.gguf', ID)).toEqual(['m-q4_0.gguf']);
    expect(chooseFiles(['x.gguf', 'README.md'], undefined, ID)).toEqual(['x.gguf']);
    const parts = ['b-00001-of-00002.gguf', 'b-00002-of-00002.gguf'];
    expect(chooseFiles(['README.md', ...parts], undefined, ID)).toEqual(parts);
    expect(chooseFiles([...files, ...parts], 'b-0', ID)).toEqual(parts);
    expect(chooseFiles([...files, ...parts], parts[1], ID)).toEqual(parts);
    const pair = ['x-Q4_K_M.gguf', 'mmproj-x-f16.gguf'];
    expect(chooseFiles(pair, undefined, ID)).toEqual(['x-Q4_K_M.gguf']);
    expect(chooseFiles(pair, 'mmproj', ID)).toEqual(['mmproj-x-f16.gguf']);
    for (const [names, wanted] of [
      [parts.slice(1), undefined],
      [files, 'q5'],
      [files, 'm-'],
      [['a.safetensors'], undefined],
    ] as const) {
      expect(() => chooseFiles(names, wanted, ID)).toThrow(
        expect.objectContaining({ code: 'ERR_HUB_NOT_FOUND' }),
      );
    }
  });
});

test('a model is loaded by its id and answers; the second time no content is requested', async () => {
  hub.files.set('demo-q8_0.gguf', readFileSync(DEMO_MODEL));
  const phases = new Set<string>();
  const model = await PaliGemma.load(ID, { onProgress: ({ phase }) => phases.add(phase) });
  expect((await model.caption(imagePath('scene1.png'))).text).toMatch(/^a black circle/);
  await model.dispose();
  expect([...phases]).toEqual(['download', 'load']);
  await pull(ID);
  expect(hub.contents).toBe(1);
});

test("the cache is huggingface_hub's", async () => {
  hub.files.set('sub/m.gguf', content);
  const file = await pull(`${ID}@v1`);
  const pointer = path.join(folder(), 'snapshots', COMMIT, 'sub', 'm.gguf');
  expect(file).toBe(pointer);
  expect(readlinkSync(pointer)).toBe(`../../../blobs/${FakeHub.sha256(content)}`);
  expect(readFileSync(path.join(folder(), 'refs', 'v1'), 'utf8')).toBe(COMMIT);
  expect(readFileSync(file).equals(content)).toBe(true);
  expect(readdirSync(path.join(folder(), 'blobs'))).toEqual([FakeHub.sha256(content)]);
});

test('a connection cut every 64 KiB brings the file all the same', async () => {
  hub.files.set('m.gguf', content);
  hub.faults = { cutEvery: 65_536 };
  const seen: number[] = [];
  const file = await pull(ID, { onProgress: (loaded) => seen.push(loaded) });
  expect(readFileSync(file).equals(content)).toBe(true);
  expect(hub.contents).toBeGreaterThanOrEqual(16);
  expect(seen.at(-1)).toBe(content.length);
});

test('the token goes to the hub and to no other host', async () => {
  hub.files.set('m.gguf', content);
  await pull(ID);
  const [own, others] = [true, false].map((is) =>
    hub.seen.filter(({ host }) => host.startsWith('127.') === is),
  );
  expect(own?.length).toBeGreaterThanOrEqual(3);
  for (const { authorization } of own ?? []) expect(authorization).toBe('Bearer hf_secret');
  expect(others?.map(({ authorization }) => authorization)).toEqual([undefined]);
});

test('the token may lie in a file', async () => {
  hub.files.set('m.gguf', content);
  vi.stubEnv('HF_TOKEN', '');
  writeFileSync(path.join(home, 'token'), 'hf_from_file\n');
  await pull(ID);
  expect(hub.seen[0]?.authorization).toBe('Bearer hf_from_file');
});

test('the token goes to no host that the list of files leads to', async () => {
  hub.files.set('m.gguf', content);
  hub.faults = { listElsewhere: true };
  await pull(ID);
  const elsewhere = hub.seen.filter(({ host }) => host.startsWith('localhost'));
  expect(elsewhere.map(({ path: at }) => at.split('/')[1])).toEqual(['api', 'content']);
  for (const { authorization } of elsewhere) expect(authorization).toBeUndefined();
});

test.each(['pull', 'load'])('the option token of %s comes before the environment', async (call) => {
  hub.files.set('m.gguf', readFileSync(DEMO_MODEL));
  // Not of the form that the hub's own tokens have: mirrors have theirs.
  const token = 'mirror-token';
  if (call === 'pull') await pull(ID, { token });
  else await (await PaliGemma.load(ID, { token })).dispose();
  const own = hub.seen.filter(({ host }) => host.startsWith('127.'));
  expect(own.length).toBeGreaterThanOrEqual(3);
  for (const { authorization } of own) expect(authorization).toBe('Bearer mirror-token');
});

test.each([
  ['an option that is no string', 'ERR_OPTION_TYPE', { token: ['hf_private'] }, undefined],
  ['an option with NUL', 'ERR_OPTION_RANGE', { token: 'hf_private\0' }, undefined],
  ['an option with a line break', 'ERR_OPTION_RANGE', { token: 'hf_private\nX: y' }, undefined],
  ['the environment', 'ERR_OPTION_RANGE', {}, 'hf_private hf_private'],
])('a token that is none, from %s, is refused and not repeated', async (_, code, given, inEnv) => {
  hub.files.set('m.gguf', content);
  if (inEnv !== undefined) vi.stubEnv('HF_TOKEN', inEnv);
  const error: Error = await pull(ID, given as object).catch((thrown) => thrown);
  expect(error).toMatchObject({ code, subject: 'token' });
  expect(inspect(error, { depth: null })).not.toContain('hf_private');
  expect(hub.seen).toEqual([]);
});

test('the option offline comes before the environment', async () => {
  hub.files.set('m.gguf', readFileSync(DEMO_MODEL));
  const load = (id: string, options: { offline: boolean }) => PaliGemma.load(id, options);
  for (const call of [pull, load])
    await expect(call(ID, { offline: true })).rejects.toMatchObject({
      code: 'ERR_HUB_UNREACHABLE',
    });
  expect(hub.seen).toEqual([]);
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  const file = await pull(ID, { offline: false });
  vi.stubEnv('HF_HUB_OFFLINE', '');
  const asked = hub.seen.length;
  expect(await pull(ID, { offline: true })).toBe(file);
  await (await PaliGemma.load(ID, { offline: true })).dispose();
  expect(hub.seen.length).toBe(asked);
});

test('a flipped byte is noticed, and the file removed', async () => {
  hub.files.set('m.gguf', content);
  hub.faults = { flipByte: 500_000 };
  await expect(pull(ID)).rejects.toMatchObject({
    name: 'HubError',
    code: 'ERR_HUB_DAMAGED',
    retryable: true,
  });
  expect(readdirSync(path.join(folder(), 'blobs'))).toEqual([]);
  hub.faults = {};
  expect(readFileSync(await pull(ID)).equals(content)).toBe(true);
});

test.each([content.length - 1, content.length + 1])(
  'a length of %d is noticed',
  async (announce) => {
    hub.files.set('m.gguf', content);
    hub.faults = { announce };
    await expect(pull(ID)).rejects.toMatchObject({
      code: 'ERR_HUB_DAMAGED',
      found: `${announce} bytes`,
    });
  },
);

test('a gated model names the page to accept', async () => {
  hub.faults = { refuse: { status: 403, code: 'GatedRepo' } };
  await expect(PaliGemma.load(ID)).rejects.toMatchObject({
    code: 'ERR_HUB_GATED',
    hint: expect.stringContaining(`${hub.url}/owner/repo`),
  });
});

test.each([
  [401, undefined, 'ERR_HUB_NOT_FOUND'],
  [404, 'RevisionNotFound', 'ERR_HUB_NOT_FOUND'],
  [500, undefined, 'ERR_HUB_UNREACHABLE'],
  [429, undefined, 'ERR_HUB_UNREACHABLE'],
])('HTTP %d %s is %s', async (status, code, expected) => {
  hub.faults = { refuse: { status, ...(code && { code }) } };
  await expect(pull(ID)).rejects.toMatchObject({ code: expected });
});

test('offline, and with the hub gone, the cache serves what it has', async () => {
  hub.files.set('m.gguf', content);
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  await expect(pull(ID)).rejects.toMatchObject({
    code: 'ERR_HUB_UNREACHABLE',
    hint: expect.stringContaining(`call pull('${ID}')`),
  });
  expect(hub.seen).toEqual([]);
  vi.stubEnv('HF_HUB_OFFLINE', '');
  const file = await pull(ID);
  const asked = hub.seen.length;
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(await pull(ID)).toBe(file);
  vi.stubEnv('HF_HUB_OFFLINE', '');
  expect(await pull(`${ID}@${COMMIT}`)).toBe(file);
  expect(hub.seen.length).toBe(asked);
  await hub.stop();
  expect(await pull(ID)).toBe(file);
  await expect(pull('hf:owner/other')).rejects.toMatchObject({ code: 'ERR_HUB_UNREACHABLE' });
});

test('an abort keeps what has come, and the next call goes on from there', async () => {
  hub.files.set('m.gguf', content);
  hub.faults = { stallAt: 300_000 };
  const controller = new AbortController();
  const reason = new Error('enough');
  const pulling = pull(ID, {
    signal: controller.signal,
    onProgress: (loaded) => loaded === 300_000 && controller.abort(reason),
  });
  await expect(pulling).rejects.toBe(reason);
  expect(statSync(`${blob()}.incomplete`).size).toBe(300_000);
  hub.faults = {};
  expect(readFileSync(await pull(ID)).equals(content)).toBe(true);
  expect(hub.seen.at(-1)?.range).toBe('bytes=300000-');
});

describe('a cache that is full', () => {
  const everything = (): string[] =>
    readdirSync(home, { recursive: true })
      .map((name) => path.join(home, String(name)))
      .map((name) => `${name} ${lstatSync(name).ino} ${lstatSync(name).mtimeMs}`)
      .sort();

  test('is only read, as it may lie where nothing can be written', async () => {
    hub.files.set('m.gguf', content);
    const file = await pull(ID);
    const before = everything();
    for (const options of [{}, { offline: true }]) expect(await pull(ID, options)).toBe(file);
    expect(await pull(`${ID}@${COMMIT}`)).toBe(file);
    expect(everything()).toEqual(before);
  });

  test('serves a new name for what it has where the name cannot be noted', async () => {
    hub.files.set('m.gguf', content);
    const file = await pull(ID);
    // A file where the folder of refs/… would have to be.
    rmSync(path.join(folder(), 'refs'), { recursive: true });
    writeFileSync(path.join(folder(), 'refs'), '');
    expect(await pull(ID)).toBe(file);
  });
});

test.each([
  ['~/somewhere', () => path.join(home, 'somewhere', 'hub')],
  ['$PALIGEMMA_TEST/x', () => path.join(home, 'x', 'hub')],
  [`$${'{PALIGEMMA_TEST}'}/x`, () => path.join(home, 'x', 'hub')],
])('HF_HOME may be %s', async (value, expected) => {
  vi.stubEnv('HOME', home);
  vi.stubEnv('USERPROFILE', home);
  vi.stubEnv('PALIGEMMA_TEST', home);
  vi.stubEnv('HF_HUB_CACHE', '');
  vi.stubEnv('HF_HOME', value);
  hub.files.set('m.gguf', content);
  expect((await pull(ID)).startsWith(expected())).toBe(true);
});

test('the token has an older name too', async () => {
  hub.files.set('m.gguf', content);
  vi.stubEnv('HF_TOKEN', '');
  vi.stubEnv('HUGGING_FACE_HUB_TOKEN', 'hf_older');
  await pull(ID);
  expect(hub.seen[0]?.authorization).toBe('Bearer hf_older');
});

test('owner/repo is a path, and the error says how the one on the hub is written', async () => {
  const name = 'google/paligemma-3b-mix-224';
  for (const call of [
    () => PaliGemma.load(name),
    () => inspectFile(name),
    () => convert({ source: name, output: path.join(home, 'o.gguf'), type: 'f32' }),
  ])
    await expect(call()).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      hint: expect.stringContaining(`hf:${name}`),
    });
  expect(hub.seen).toEqual([]);
  // Nothing but the hub can be meant here.
  hub.files.set('m.gguf', content);
  for (const id of ['owner/repo', `${hub.url}/owner/repo`, `${hub.url}/owner/repo/blob/v1/m.gguf`])
    expect(readFileSync(await pull(id)).equals(content)).toBe(true);
});

const child = (): ChildProcess =>
  spawn(process.execPath, [MAIN, 'pull', ID], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });

test('of two processes one downloads', async () => {
  hub.files.set('m.gguf', content);
  const codes = await Promise.all([once(child(), 'exit'), once(child(), 'exit')]);
  expect(codes.map(([code]) => code)).toEqual([0, 0]);
  expect(hub.contents).toBe(1);
  expect(readFileSync(blob()).equals(content)).toBe(true);
});

test('a process that was killed leaves what it had, and the next one takes over', async () => {
  hub.files.set('m.gguf', content);
  hub.faults = { stallAt: 400_000 };
  const killed = child();
  await vi.waitFor(() => expect(statSync(`${blob()}.incomplete`).size).toBe(400_000), {
    timeout: 20_000,
  });
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  hub.faults = {};
  expect(readFileSync(await pull(ID)).equals(content)).toBe(true);
  expect(hub.seen.at(-1)?.range).toBe('bytes=400000-');
  expect(existsSync(`${blob()}.incomplete`)).toBe(false);
}, 60_000);

test('paligemma pull prints the path, and commands take ids', async () => {
  hub.files.set('m.gguf', readFileSync(DEMO_MODEL));
  const { code, stdout, stderr } = await paligemma(['pull', ID], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(readFileSync(stdout.trim()).length).toBe(hub.files.get('m.gguf')?.length);
  const caption = await paligemma(['caption', imagePath('scene1.png'), '--model', ID], { env });
  expect(caption.stdout).toMatch(/a black circle/);
  const asked = hub.seen.length;
  const again = await paligemma(['pull', '--offline', ID], { env });
  expect([again.stdout, hub.seen.length]).toEqual([stdout, asked]);
  const lines = path.join(home, 'answers.jsonl');
  const batch = await paligemma(
    ['caption', imagePath('scene1.png'), '--model', ID, '--offline', '--output', lines],
    { env },
  );
  expect(batch.code).toBe(0);
  expect(readFileSync(lines, 'utf8')).toMatch(/a black circle/);
  const flag = await paligemma(['pull', '--token', 'hf_x', ID], { env });
  expect(flag).toMatchObject({ code: 2, stderr: expect.stringContaining('--token') });
  const wrong = await paligemma(['pull', 'hf:nowhere'], { env });
  expect(wrong).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('ERR_OPTION_RANGE'),
  });
});
