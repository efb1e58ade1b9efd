/** Model files that change while a model is loaded from them or runs: never a wrong answer, never a crash. */
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PaliGemma, type PaliGemmaError } from '../../src/index.js';
import { convertedModel, DEMO_MODEL, imagePath } from '../support/models.js';

const SCENE = imagePath('scene1.png');
const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-changing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** A copy that was written long ago, as models are. */
function copyOf(source: string): string {
  const name = path.join(folder, `${files++}.gguf`);
  copyFileSync(source, name);
  const past = new Date(Date.now() - 3_600_000);
  utimesSync(name, past, past);
  return name;
}

function overwrite(name: string): void {
  const handle = openSync(name, 'r+');
  writeSync(handle, Buffer.alloc(statSync(name).size - 4096, 0x55), 0, undefined, 4096);
  closeSync(handle);
}

/** What may happen to a file: its name goes to another one, or its bytes change. */
const RENAMINGS: Readonly<Record<string, (name: string) => void>> = {
  removed: (name) => unlinkSync(name),
  replaced: (name) => {
    // Windows wants the name of an open file free first.
    if (process.platform === 'win32') renameSync(name, `${name}.old`);
    const other = path.join(folder, `${files++}.gguf`);
    writeFileSync(other, 'another file');
    renameSync(other, name);
  },
};
const CHANGES: Readonly<Record<string, (name: string) => void>> = {
  truncated: (name) => truncateSync(name, 100_000),
  emptied: (name) => truncateSync(name, 0),
  overwritten: overwrite,
  'appended to': (name) => writeFileSync(name, 'more', { flag: 'a' }),
};

describe('a file that changes after it was loaded', () => {
  const prompts = ['caption en', 'ocr', 'answer en how many circles are there?'];
  const answers = async (model: PaliGemma) => {
    const all = [];
    for (const prompt of prompts) {
      all.push((await model.predict(SCENE, prompt, { maxTokens: 4 })).tokens);
    }
    return all;
  };

  test.each(Object.entries({ ...RENAMINGS, ...CHANGES }))(
    '%s: answers go on',
    async (_, change) => {
      // f32 stays as it is in memory; for other types see the next test.
      const name = copyOf(await convertedModel('tiny-paligemma1', 'f32'));
      const model = await PaliGemma.load(name);
      const before = await answers(model);
      change(name);
      expect(await answers(model)).toEqual(before);
      await model.dispose();
    },
  );

  test.each(Object.entries(RENAMINGS))('%s, quantised: answers go on', async (_, change) => {
    const name = copyOf(await convertedModel('tiny-paligemma1', 'q8_0'));
    const model = await PaliGemma.load(name);
    const before = await answers(model);
    change(name);
    expect(await answers(model)).toEqual(before);
    await model.dispose();
  });

  test.each(Object.entries(CHANGES))('%s, quantised: no wrong answer', async (_, change) => {
    // Where the processor wants the embedding rearranged, its rows are looked up in the file.
    const name = copyOf(await convertedModel('tiny-paligemma1', 'q8_0'));
    const model = await PaliGemma.load(name);
    const before = await answers(model);
    change(name);
    const after = await answers(model).catch((e: unknown) => e);
    if (Array.isArray(after)) expect(after).toEqual(before);
    else expect(after).toMatchObject({ code: 'ERR_MODEL_CHANGED', subject: name });
    await model.dispose();
  });
});

describe('a file that changes while it is loaded', () => {
  const ALLOWED = ['ERR_MODEL_TRUNCATED', 'ERR_MODEL_CHANGED'];
  let expected: readonly number[];
  beforeAll(async () => {
    const model = await PaliGemma.load(DEMO_MODEL);
    expected = (await model.predict(SCENE, 'caption en', { maxTokens: 6 })).tokens;
    await model.dispose();
  });

  /** Loads a copy of the demo model, changes it at a moment given in progress events, and asks it. */
  async function outcome(change: (name: string) => void, moment: number): Promise<string> {
    const name = copyOf(DEMO_MODEL);
    let events = 0;
    const onProgress = () => {
      if (events++ === moment) change(name);
    };
    try {
      const model = await PaliGemma.load(name, { onProgress });
      try {
        const { tokens } = await model.predict(SCENE, 'caption en', { maxTokens: 6 });
        return tokens.join() === expected.join() ? 'right' : `wrong: ${tokens}`;
      } finally {
        await model.dispose();
      }
    } catch (error) {
      return (error as PaliGemmaError).code;
    } finally {
      rmSync(name, { force: true });
    }
  }

  test.each(Object.entries(CHANGES))('%s: no wrong answer', async (_, change) => {
    for (const moment of [0, 1, 5, 20, 60]) {
      const what = await outcome(change, moment);
      expect(['right', ...ALLOWED]).toContain(what);
    }
  });

  test.each(Object.entries(RENAMINGS))(
    '%s: loading goes on with the old file',
    async (_, change) => {
      for (const moment of [0, 5, 60]) expect(await outcome(change, moment)).toBe('right');
    },
  );
});
