/** What a task gets from pictureCommand beside what predict shows: its own flags, drawn pictures. In this process. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pictureCommand } from '../../../src/cli/batch/command.js';
import type { PictureFlags } from '../../../src/cli/batch/flags.js';
import { Output } from '../../../src/cli/output.js';
import { ENCODE_OPTIONS } from '../../../src/options/image.js';
import { DEMO_MODEL, IMAGES } from '../../support/models.js';

interface Flags extends PictureFlags {
  readonly border: string;
}

class Memory extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-command-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A command that encodes pictures with the demo model and draws a border around them. */
async function measure(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new Memory(), new Memory()];
  let code = -1;
  const context = {
    output: new Output(stdout, stderr, {}, () => {}),
    signal: new AbortController().signal,
    env: {},
    readStdin: async () => readFileSync(path.join(IMAGES, 'text0.png')),
  };
  const command = pictureCommand<Flags, { text: string; tokens: number; width: number }>(
    context,
    (done) => {
      code = done;
    },
    {
      name: 'measure',
      summary: 'measure pictures',
      description: 'Measures pictures.',
      answers: 'text',
      examples: ['$ paligemma measure a.png'],
      options: ENCODE_OPTIONS,
      addFlags: (own) => own.requiredOption('--border <colour>', 'colour of the border'),
      settings: ({ border }) => ({ border }),
      annotates: true,
      task: (model, { border }, options) => ({
        run: async (image, signal) => {
          const { tokens, image: size } = await model.encode(image, { ...options, signal });
          const { width } = size;
          return { text: `${tokens} tokens of ${width} pixels`, tokens, width };
        },
        json: ({ tokens, width }) => ({ tokens, width }),
        annotate: (image, { width }, format) =>
          sharp(image as string)
            .extend({ left: width, background: border })
            .toFormat(format as 'png')
            .toBuffer(),
      }),
    },
  );
  await command.exitOverride().parseAsync(['--border', 'red', ...args, '--model', DEMO_MODEL], {
    from: 'user',
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

function fill(...names: string[]): string[] {
  return names.map((name) => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    copyFileSync(path.join(IMAGES, 'text0.png'), at(name));
    return at(name);
  });
}

describe('a command made from a task', () => {
  it('prints text, and JSON with its settings', async () => {
    const [a, b] = fill('in/a.png', 'in/b.png') as [string, string];
    const width = (await sharp(a).metadata()).width;
    const text = await measure(at('in'));
    expect(text).toEqual({
      code: 0,
      stdout: [a, b].map((name) => `${name}\t64 tokens of ${width} pixels\n`).join(''),
      stderr: '',
    });
    const one = await measure('-');
    expect(one.stdout).toBe(`64 tokens of ${width} pixels\n`);
    const json = await measure(at('in'), at('none.png'), '--json');
    expect(json.code).toBe(6);
    expect(JSON.parse(json.stdout)).toEqual({
      model: DEMO_MODEL,
      results: [
        { image: a, border: 'red', tokens: 64, width },
        { image: b, border: 'red', tokens: 64, width },
        {
          image: at('none.png'),
          border: 'red',
          error: expect.objectContaining({ code: 'ERR_IMAGE_NOT_FOUND' }),
        },
      ],
    });
  });

  it('draws into a folder, whose pictures are no inputs the next time', async () => {
    const [a] = fill('in/a.png', 'in/sub/a.png', 'in/b.png') as [string];
    const args = [at('in'), '-r', '--annotate', at('in', 'drawn'), '--jsonl'];
    for (const again of [[], ['--overwrite']]) {
      const { code, stdout } = await measure(...args, ...again);
      expect([code, stdout.trimEnd().split('\n').length]).toEqual([0, 3]);
      const names = readdirSync(at('in', 'drawn'));
      expect(names).toEqual([expect.stringMatching(/^a-[0-9a-f]{8}\.png$/), 'a.png', 'b.png']);
    }
    const { width } = await sharp(a).metadata();
    expect((await sharp(at('in', 'drawn', 'a.png')).metadata()).width).toBe(2 * width);
  });

  it('never draws over its pictures', async () => {
    const [a] = fill('in/a.png', 'other/a.png') as [string];
    const before = readFileSync(a);
    await expect(measure(at('other'), a, '--annotate', at('in'))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    expect(readFileSync(a)).toEqual(before);
    expect(readdirSync(at('in'))).toEqual(['a.png']);
  });

  it('reports a picture that cannot be drawn as failed', async () => {
    const [a] = fill('in/a.png') as [string];
    const args = [a, '--annotate', at('drawn'), '--border', 'no colour'];
    const { code, stdout, stderr } = await measure(...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^.*a\.png: .*no colour/);
    expect(readdirSync(folder)).toEqual(['in']);
  });
});
