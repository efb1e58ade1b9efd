/** Streams of the command line: terminals and pipes, colours, slow and vanished readers, columns. */
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { bytesText, columns, countText, Output, type Tally } from '../../../src/cli/output.js';
import { makeError, PaliGemmaLoadError } from '../../../src/errors.js';

/** A stream that remembers; with `isTTY` what cli-progress needs of a terminal as well. */
class Memory extends Writable {
  text = '';
  readonly columns = 80;
  constructor(
    readonly isTTY = false,
    readonly delayMs = 0,
  ) {
    super({ highWaterMark: 16, decodeStrings: false });
  }
  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    if (this.delayMs > 0) setTimeout(done, this.delayMs);
    else done();
  }
  cursorTo(): void {}
  clearLine(): void {}
  clearScreenDown(): void {}
  moveCursor(): void {}
}

const output = (
  stdout: Writable,
  stderr: Writable,
  env = {},
  onClosed: (error?: Error) => void = () => {},
) => new Output(stdout, stderr, env, onClosed);

describe('errors', () => {
  const error = makeError('ERR_IMAGE_FORMAT', 'a\nb is text', { hint: 'look' });

  it('are one line, in red on a terminal unless NO_COLOR says otherwise', () => {
    const print = (isTTY: boolean, env: object): string => {
      const stderr = new Memory(isTTY);
      output(new Memory(), stderr, env).error(error);
      return stderr.text;
    };
    const plain = 'error: ERR_IMAGE_FORMAT: a\\nb is text (look)\n';
    expect(print(false, {})).toBe(plain);
    expect(print(true, {})).toBe(`\u001b[31merror\u001b[39m${plain.slice(5)}`);
    expect(print(true, { NO_COLOR: '1' })).toBe(plain);
    expect(print(true, { NO_COLOR: '' })).not.toBe(plain);
    expect(print(true, { TERM: 'dumb' })).toBe(plain);
  });

  it('name their subject once', () => {
    const stderr = new Memory();
    const out = output(new Memory(), stderr);
    out.error(makeError('ERR_IMAGE_FORMAT', 'a.png is text'), 'a.png');
    out.error(makeError('ERR_IMAGE_FORMAT', 'a.png is text'), 'b/a.png');
    out.error(makeError('ERR_IMAGE_FORMAT', 'it is text'), '');
    expect(stderr.text).toBe(
      'a.png: ERR_IMAGE_FORMAT: is text\nb/a.png: ERR_IMAGE_FORMAT: a.png is text\n"": ERR_IMAGE_FORMAT: it is text\n',
    );
  });

  it('have a line for each file that was tried for the addon', () => {
    const stderr = new Memory();
    const tried = [{ file: '/a\nb.node', reason: 'broken' }];
    const error = new PaliGemmaLoadError('no-binary', tried, 'none fits', { hint: 'build it' });
    output(new Memory(), stderr).error(error);
    expect(stderr.text).toContain('none fits\n  tried /a');
    expect(stderr.text).not.toMatch(/fits\\n/);
  });

  it('name their subject, and print anything thrown', () => {
    const stderr = new Memory();
    const out = output(new Memory(), stderr);
    out.error(error, 'x\u001b[2J.png');
    out.error(new TypeError('odd'));
    out.error('thrown text');
    expect(stderr.text.split('\n')).toEqual([
      'x\\u001b[2J.png: ERR_IMAGE_FORMAT: a\\nb is text (look)',
      'error: odd',
      'error: "thrown text"',
      '',
    ]);
  });
});

describe('data', () => {
  it('reaches a file unchanged and a terminal without escape sequences', async () => {
    const text = 'a\u001b[31mb\tc\r\n\u0007d\u009be';
    for (const [isTTY, seen] of [
      [false, text],
      [true, 'a[31mb\tc\nde'],
    ] as const) {
      const stdout = new Memory(isTTY);
      await output(stdout, new Memory()).data(text);
      expect(stdout.text).toBe(seen);
    }
  });

  it('waits for a slow reader', async () => {
    const stdout = new Memory(false, 20);
    let drained = false;
    stdout.once('drain', () => {
      drained = true;
    });
    await output(stdout, new Memory()).data('x'.repeat(100));
    expect(drained).toBe(true);
    expect(stdout.listenerCount('drain') + stdout.listenerCount('close')).toBe(0);
  });

  it('ends quietly when the reader has gone, telling so once', async () => {
    let closed = 0;
    const stdout = new Memory(false, 50);
    const out = output(stdout, new Memory(), {}, () => closed++);
    const pending = out.data('x'.repeat(100));
    stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await pending;
    await out.data('more');
    expect(closed).toBe(1);
  });

  it('tells why when it cannot be written', async () => {
    const told: unknown[] = [];
    const stdout = new Memory();
    const out = output(stdout, new Memory(), {}, (...args) => told.push(args));
    const full = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
    stdout.destroy(full);
    await new Promise((resolve) => setImmediate(resolve));
    await out.data('more');
    expect(told).toEqual([[full]]);
    expect([stdout.text, out.isClosed]).toEqual(['', true]);
  });

  it('holds numbers that JSON does not have', async () => {
    const stdout = new Memory();
    await output(stdout, new Memory()).json({ a: 5n, b: 2n ** 60n, c: Number.NaN, d: [-Infinity] });
    expect(stdout.text).toBe('{"a":5,"b":"1152921504606846976","c":"NaN","d":["-Infinity"]}\n');
  });
});

describe('progress', () => {
  it('is shown on a terminal only', () => {
    const [terminal, pipe] = [new Memory(true), new Memory(false)];
    for (const stderr of [terminal, pipe]) {
      const bar = output(new Memory(), stderr).progress('loading');
      bar.update(1, 10);
      bar.update(10, 10);
      bar.done();
    }
    expect(terminal.text).toContain('loading [');
    expect(pipe.text).toBe('');
  });

  it('shows a time only where there is one to reckon with', () => {
    const stderr = new Memory(true);
    const bar = output(new Memory(), stderr).progress('loading');
    // Nothing moved: cli-progress has a word instead of a number.
    for (let i = 0; i < 3; i++) bar.update(10, 10);
    bar.done();
    expect(stderr.text).toContain('] 100%');
    expect(stderr.text).not.toMatch(/LL|NF|NaN/);
  });

  it('may end before it began', () => {
    const stderr = new Memory(true);
    output(new Memory(), stderr).progress('loading').done();
    expect(stderr.text).toBe('');
  });
});

describe('counts', () => {
  it('are shown on a terminal only, below what is written meanwhile', async () => {
    const [terminal, pipe] = [new Memory(true), new Memory(false)];
    for (const stderr of [terminal, pipe]) {
      const out = output(new Memory(), stderr);
      const bar = out.count('predict');
      bar.update({ done: 0, failed: 0, before: 0, total: 2 });
      out.note('note');
      bar.update({ done: 1, failed: 0, before: 0, total: 2 });
      bar.update({ done: 2, failed: 1, before: 0, total: 2 });
      bar.done();
      out.note('end');
    }
    expect(pipe.text).toBe('note\nend\n');
    const screen = terminal.text.split('\n').map((line) => {
      // What a terminal shows of a line: from the last return to its beginning.
      const shown = line.split('\r').at(-1) ?? '';
      return shown.replace('\u001b[K', '');
    });
    expect(screen).toEqual(['note', 'end', '']);
    expect(terminal.text).toContain('predict [            ');
    expect(terminal.text).toContain('] 2/2, 1 failed, 0:00 left');
  });

  it('make room for results on the same terminal', async () => {
    const [stdout, stderr] = [new Memory(true), new Memory(true)];
    const out = output(stdout, stderr);
    out.count('predict').update({ done: 0, failed: 0, before: 0, total: 2 });
    const before = stderr.text;
    await out.data('result\n');
    expect(stderr.text).toBe(`${before}\r\u001b[K`);
    expect(stdout.text).toBe('result\n');
  });

  it('estimate nothing from what an earlier run did', () => {
    const stderr = new Memory(true);
    output(new Memory(), stderr)
      .count('predict')
      .update({ done: 30, failed: 0, before: 30, total: 60 });
    expect(stderr.text).toContain('] 30/60\u001b[K');
  });

  it.each<[Pick<Tally, 'done' | 'failed' | 'total'>, number | undefined, string]>([
    [{ done: 0, failed: 0, total: 60 }, undefined, `ask [${' '.repeat(24)}] 0/60`],
    [
      { done: 30, failed: 2, total: 60 },
      65_000,
      `ask [${'='.repeat(12)}${' '.repeat(12)}] 30/60, 2 failed, 1:05 left`,
    ],
    [{ done: 60, failed: 0, total: 60 }, 3_905_000, `ask [${'='.repeat(24)}] 60/60, 1:05:05 left`],
    [{ done: 7, failed: 1, total: undefined }, undefined, 'ask 7 done, 1 failed'],
  ])('are text (%o)', (tally, leftMs, text) => {
    expect(countText('ask', { before: 0, ...tally }, leftMs)).toBe(text);
  });
});

describe('tables', () => {
  it('have columns of equal width', () => {
    const rows = [
      ['name', 'n'],
      ['a', '1'],
      ['longer', '12345'],
    ];
    expect(columns(rows, [1])).toBe('name        n\na           1\nlonger  12345\n');
    expect(columns(rows)).toBe('name    n\na       1\nlonger  12345\n');
  });

  it.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1.0 KiB'],
    [12_596_224, '12.0 MiB'],
    [5.5 * 2 ** 30, '5.5 GiB'],
  ])('show %i bytes as %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});
