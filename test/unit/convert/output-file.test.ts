/** The output appears whole or not at all: kill -9, abort, errors, full disks, two writers, changing sources. */
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/convert.js';
import { NOTE_BYTES, OutputFile } from '../../../src/convert/output-file.js';
import type { ConvertProgress } from '../../../src/options/progress.js';
import type { ConvertOptions } from '../../../src/options/types.js';
import { outputError } from '../../../src/output-error.js';
import { convertInChild } from '../../support/convert-child.js';
import { readGguf } from '../../support/convert-gguf.js';
import {
  copyOf,
  TINY1,
  TINY2,
  TOKENIZER_MODEL,
  temporaryFolder,
  writeTinyNpz,
} from '../../support/convert-sources.js';
import { OPEN_FILES_REPLACED } from '../../support/needs.js';

const folder = temporaryFolder();
let count = 0;

/** A fresh folder, so that everything that is left is seen. */
function fresh(): string {
  const dir = path.join(folder, `out-${count++}`);
  mkdirSync(dir);
  return dir;
}

const options = (dir: string, more: Partial<ConvertOptions> = {}): ConvertOptions => ({
  source: TINY2,
  output: path.join(dir, 'model.gguf'),
  type: 'f32',
  ...more,
});

async function reference(): Promise<Buffer> {
  const dir = fresh();
  await convert(options(dir));
  return readFileSync(path.join(dir, 'model.gguf'));
}

describe('a conversion that is killed', () => {
  it('leaves nothing under the final name, and the next one succeeds', async () => {
    const expected = await reference();
    for (const pauseAt of [0, 0.5, 0.95]) {
      const dir = fresh();
      const child = convertInChild(options(dir), { pauseAt });
      await child.line('paused');
      child.process.kill('SIGKILL');
      await child.ended;
      expect(readdirSync(dir)).toEqual(['model.gguf.part']);
      // What is left is no model, even if it is renamed.
      const left = path.join(dir, 'model.gguf.part');
      expect(readFileSync(left).subarray(0, 4).toString()).not.toBe('GGUF');
      await convert(options(dir));
      expect(readdirSync(dir)).toEqual(['model.gguf']);
      expect(readFileSync(path.join(dir, 'model.gguf')).equals(expected)).toBe(true);
    }
  });

  it('leaves the former output alone when it was replacing one', async () => {
    const dir = fresh();
    writeFileSync(path.join(dir, 'model.gguf'), 'the former one');
    const child = convertInChild(options(dir, { overwrite: true }), { pauseAt: 0.5 });
    await child.line('paused');
    child.process.kill('SIGKILL');
    await child.ended;
    expect(readFileSync(path.join(dir, 'model.gguf'), 'utf8')).toBe('the former one');
    await convert(options(dir, { overwrite: true }));
    expect(readGguf(path.join(dir, 'model.gguf')).tensors.size).toBeGreaterThan(0);
  });

  it('leaves no inflated arrays either', async () => {
    const dir = fresh();
    const source = await writeTinyNpz(path.join(folder, 'deflated.npz'), true);
    const child = convertInChild(options(dir, { source, tokenizer: TOKENIZER_MODEL }), {
      pauseAt: 0.9,
    });
    await child.line('paused');
    child.process.kill('SIGKILL');
    await child.ended;
    expect(readdirSync(dir)).toEqual(['model.gguf.part']);
  });
});

describe('two conversions to one output', () => {
  it('the second is refused while the first lives, and says who it is', async () => {
    const dir = fresh();
    const child = convertInChild(options(dir), { pauseAt: 0.3 });
    await child.line('paused');
    await expect(convert(options(dir))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
      found: `process ${child.process.pid}`,
    });
    expect(readdirSync(dir)).toEqual(['model.gguf.part']);
    child.process.kill('SIGKILL');
    await child.ended;
  });

  it('in one process at once: one succeeds, one is refused', async () => {
    const dir = fresh();
    const results = await Promise.allSettled([convert(options(dir)), convert(options(dir))]);
    expect(results.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(readdirSync(dir)).toEqual(['model.gguf']);
    expect(readGguf(path.join(dir, 'model.gguf')).fileBytes).toBe((await reference()).length);
  });

  it('a .part that no note explains is taken over', async () => {
    for (const content of ['', 'GGUF and so on', '{"note":"another program"}'.padEnd(NOTE_BYTES)]) {
      const dir = fresh();
      writeFileSync(path.join(dir, 'model.gguf.part'), content);
      await convert(options(dir));
      expect(readdirSync(dir)).toEqual(['model.gguf']);
    }
  });

  it('a .part of another machine is respected while it is young', async () => {
    const dir = fresh();
    const part = path.join(dir, 'model.gguf.part');
    const note = {
      note: 'node-paligemma writes this file',
      pid: 1,
      started: '1',
      host: 'elsewhere',
    };
    writeFileSync(part, JSON.stringify(note).padEnd(NOTE_BYTES));
    await expect(convert(options(dir))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
      found: 'process 1 on elsewhere',
    });
    const hourAgo = new Date(Date.now() - 3_600_000);
    utimesSync(part, hourAgo, hourAgo);
    await convert(options(dir));
    expect(readdirSync(dir)).toEqual(['model.gguf']);
  });

  it('a process with the number of a dead writer is not taken for it', async () => {
    const dir = fresh();
    const note = {
      note: 'node-paligemma writes this file',
      pid: process.pid,
      started: '1',
      host: (await import('node:os')).hostname(),
    };
    writeFileSync(path.join(dir, 'model.gguf.part'), JSON.stringify(note).padEnd(NOTE_BYTES));
    if (process.platform === 'linux') {
      await convert(options(dir));
      expect(readdirSync(dir)).toEqual(['model.gguf']);
    } else {
      await expect(convert(options(dir))).rejects.toMatchObject({ code: 'ERR_OUTPUT' });
    }
  });

  it('a writer whose .part was replaced does not publish it', OPEN_FILES_REPLACED, async () => {
    const dir = fresh();
    const output = await OutputFile.create(path.join(dir, 'x'), false);
    await output.write(new Uint8Array(1000).fill(7), 0);
    writeFileSync(path.join(dir, 'other'), 'not ours');
    const { renameSync } = await import('node:fs');
    renameSync(path.join(dir, 'other'), path.join(dir, 'x.part'));
    await expect(output.commit()).rejects.toMatchObject({ code: 'ERR_OUTPUT' });
    await output.discard();
    expect(readdirSync(dir)).toEqual(['x.part']);
    expect(readFileSync(path.join(dir, 'x.part'), 'utf8')).toBe('not ours');
  });
});

describe('an abort', () => {
  it('before the start rejects with the reason and touches nothing', async () => {
    const dir = fresh();
    const reason = new Error('changed my mind');
    await expect(convert(options(dir, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('at any tensor rejects with the reason and leaves nothing', async () => {
    for (const at of [0, 1, 7, 30]) {
      const dir = fresh();
      const controller = new AbortController();
      const reason = new Error(`at tensor ${at}`);
      let tensors = 0;
      const onProgress = () => {
        if (tensors++ === at) controller.abort(reason);
      };
      const result = convert(options(dir, { signal: controller.signal, onProgress }));
      await expect(result).rejects.toBe(reason);
      expect(readdirSync(dir)).toEqual([]);
    }
  });

  it('while arrays are inflated leaves nothing', async () => {
    const dir = fresh();
    const source = await writeTinyNpz(path.join(folder, 'abort.npz'), true);
    const controller = new AbortController();
    const reason = { any: 'value' };
    const onProgress = ({ tensor }: ConvertProgress) => {
      if (tensor === 'output_norm.weight') controller.abort(reason);
    };
    const result = convert(
      options(dir, { source, tokenizer: TOKENIZER_MODEL, signal: controller.signal, onProgress }),
    );
    await expect(result).rejects.toBe(reason);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('that comes when everything is done changes nothing', async () => {
    const dir = fresh();
    const controller = new AbortController();
    const onProgress = ({ stage }: ConvertProgress) => {
      if (stage === 'sync') controller.abort();
    };
    const report = await convert(options(dir, { signal: controller.signal, onProgress }));
    expect(report.bytes).toBe(readFileSync(path.join(dir, 'model.gguf')).length);
  });
});

describe('progress', () => {
  it('grows from the header to the whole file, tensor by tensor', async () => {
    const seen: ConvertProgress[] = [];
    const report = await convert(options(fresh(), { onProgress: (p) => seen.push(p) }));
    const done = seen.map((p) => p.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(seen.every((p) => p.total === report.bytes)).toBe(true);
    expect(seen[0]).toMatchObject({ stage: 'write', tensor: '' });
    expect(done[0]).toBeGreaterThan(0);
    expect(seen.at(-2)).toEqual({
      stage: 'sync',
      tensor: '',
      done: report.bytes,
      total: report.bytes,
    });
    expect(seen.at(-1)).toEqual({
      stage: 'done',
      tensor: '',
      done: report.bytes,
      total: report.bytes,
    });
    expect([...new Set(seen.map((p) => p.tensor))]).toEqual([
      '',
      ...report.tensors.map((t) => t.name),
    ]);
  });

  it('that throws ends the conversion with that error', async () => {
    const dir = fresh();
    const error = new Error('from the callback');
    const onProgress = ({ tensor }: ConvertProgress) => {
      if (tensor === 'blk.0.ffn_up.weight') throw error;
    };
    await expect(convert(options(dir, { onProgress }))).rejects.toBe(error);
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('the output', () => {
  it('is refused when it exists, is a folder, or has no folder', async () => {
    const dir = fresh();
    writeFileSync(path.join(dir, 'model.gguf'), 'mine');
    await expect(convert(options(dir))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
      hint: expect.stringContaining('overwrite'),
    });
    expect(readFileSync(path.join(dir, 'model.gguf'), 'utf8')).toBe('mine');
    expect(readdirSync(dir)).toEqual(['model.gguf']);
    await expect(convert(options(dir, { output: dir, overwrite: true }))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
      found: 'a folder',
    });
    const nowhere = path.join(dir, 'no', 'model.gguf');
    await expect(convert(options(dir, { output: nowhere }))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
      expected: 'an existing folder',
    });
  });

  it('that appears during the conversion is not replaced', async () => {
    const dir = fresh();
    const output = path.join(dir, 'model.gguf');
    const onProgress = ({ stage }: ConvertProgress) => {
      if (stage === 'sync') writeFileSync(output, 'another program was faster');
    };
    await expect(convert(options(dir, { onProgress }))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    expect(readdirSync(dir)).toEqual(['model.gguf']);
    expect(readFileSync(output, 'utf8')).toBe('another program was faster');
  });

  it('is replaced when asked', async () => {
    const dir = fresh();
    const output = path.join(dir, 'model.gguf');
    writeFileSync(output, 'old');
    await convert(options(dir, { overwrite: true }));
    expect(readFileSync(output).equals(await reference())).toBe(true);
  });

  it('is never one of the sources, by whatever name', async () => {
    const source = copyOf(TINY1, folder);
    const weights = path.join(source, 'model.safetensors');
    const alias = path.join(source, 'alias.gguf');
    symlinkSync(weights, alias);
    const before = readFileSync(weights);
    for (const output of [
      weights,
      alias,
      path.join(source, 'tokenizer.model'),
      path.join(source, 'config.json'),
    ]) {
      await expect(convert({ source, output, type: 'f32', overwrite: true })).rejects.toMatchObject(
        {
          code: 'ERR_OUTPUT',
          found: 'a source file',
        },
      );
    }
    expect(readFileSync(weights).equals(before)).toBe(true);
  });

  it('where /dev/full exists: a full disk is ERR_DISK_FULL', async () => {
    // Every way to be full ends in this function; a real full file system needs root.
    const { open } = await import('node:fs/promises');
    const handle = await open('/dev/full', 'w').catch(() => undefined);
    const cause = handle
      ? await handle.write(Buffer.alloc(10)).catch((e) => e)
      : Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await handle?.close();
    expect(outputError('x.gguf', 'write', cause)).toMatchObject({
      code: 'ERR_DISK_FULL',
      retryable: true,
      cause,
    });
    const denied = Object.assign(new Error('denied'), { code: 'EACCES' });
    expect(outputError('x.gguf', 'create', denied)).toMatchObject({
      code: 'ERR_OUTPUT',
      found: 'EACCES',
    });
  });
});

describe('a source that changes', () => {
  it('while it is read ends the conversion', async () => {
    const source = copyOf(TINY1, folder);
    const dir = fresh();
    const weights = path.join(source, 'model.safetensors');
    const onProgress = ({ tensor }: ConvertProgress) => {
      if (tensor === 'blk.1.ffn_up.weight') appendFileSync(weights, 'x');
    };
    await expect(convert(options(dir, { source, onProgress }))).rejects.toMatchObject({
      code: 'ERR_MODEL_CHANGED',
      subject: weights,
    });
    expect(readdirSync(dir)).toEqual([]);
  });

  it('in a hard-linked copy of a shard is noticed too', async () => {
    const source = copyOf(TINY2, folder);
    const dir = fresh();
    const shard = path.join(source, 'model-00003-of-00004.safetensors');
    const twin = path.join(folder, 'twin');
    linkSync(shard, twin);
    const onProgress = ({ tensor }: ConvertProgress) => {
      if (tensor === 'output_norm.weight') utimesSync(twin, new Date(0), new Date(0));
    };
    await expect(convert(options(dir, { source, onProgress }))).rejects.toMatchObject({
      code: 'ERR_MODEL_CHANGED',
    });
    expect(existsSync(path.join(dir, 'model.gguf'))).toBe(false);
  });
});
