/** Tokens added in fine-tuning: found in texts as Hugging Face's tokenizers finds them, said by the model, scored. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convert, PaliGemma } from '../../src/index.js';
import {
  copyOf,
  readFolder,
  type Tensor,
  TINY1,
  TINY2,
  temporaryFolder,
  writeSingle,
} from '../support/convert-sources.js';
import { cases, FIXTURES, imagePath, taps } from '../support/models.js';

interface Oracle {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  readonly cases: readonly (readonly [text: string, ids: number[], decoded: string])[];
}

// Made by scripts/dev/added-tokens-oracle.py.
const oracle = JSON.parse(
  readFileSync(path.join(FIXTURES, 'tokenizer', 'added-tokens.json'), 'utf8'),
) as Oracle;
const folder = temporaryFolder();
const DEFECT = oracle.added_tokens.find((t) => t.content === '<defect>')?.id as number;
const IMAGE = 1792;

// biome-ignore lint/suspicious/noExplicitAny: edits at any depth of a JSON file
function editJson(file: string, edit: (json: any) => void): void {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  edit(json);
  writeFileSync(file, JSON.stringify(json));
}

describe('as tokenizers does', () => {
  let model: PaliGemma;
  beforeAll(async () => {
    const source = copyOf(TINY2, folder);
    editJson(path.join(source, 'tokenizer.json'), (json) => {
      const contents = oracle.added_tokens.map((t) => t.content);
      json.added_tokens = json.added_tokens.filter(
        (t: { content: string }) => !contents.includes(t.content),
      );
      json.added_tokens.push(...oracle.added_tokens);
    });
    const output = path.join(folder, 'added.gguf');
    await convert({ source, output, type: 'f32' });
    model = await PaliGemma.load(output, { device: 'cpu', threads: 2 });
  });
  afterAll(() => model.dispose());

  test('texts become the same ids', () => {
    const wrong = oracle.cases
      .map(([text, ids]) => ({ text, ids, ours: model.tokenize(text) }))
      .filter(({ ids, ours }) => ids.join() !== ours.join());
    expect(wrong).toEqual([]);
    expect(oracle.cases.length).toBeGreaterThan(300);
  });

  test('ids become the same texts', () => {
    const wrong = oracle.cases
      .map(([, ids, decoded]) => ({ ids, decoded, ours: model.detokenize(ids) }))
      .filter(({ decoded, ours }) => decoded !== ours);
    expect(wrong).toEqual([]);
  });
});

describe('a model that was trained to say one', () => {
  let model: PaliGemma;
  const c = cases('tiny-paligemma1').find((each) => each.taps);
  if (!c) throw new Error('no case has taps');
  beforeAll(async () => {
    const source = copyOf(TINY1, folder);
    writeFileSync(
      path.join(source, 'added_tokens.json'),
      JSON.stringify({ '<image>': IMAGE, '<defect>': DEFECT }),
    );
    const tensors = readFolder(TINY1);
    const embedding = tensors.get('language_model.model.embed_tokens.weight') as Tensor;
    const head = Buffer.from(embedding.data);
    // What the reference has in front of its head at the first token: rows along it win, the placeholder's most.
    const hidden = taps('tiny-paligemma1', c.taps ?? '').get('final_norm')?.data as Float32Array;
    const suffix = c.taps_suffix_ids?.length ?? 0;
    const last = hidden.length - (suffix + 1) * 64;
    for (const [id, factor] of [
      [DEFECT, 3],
      [IMAGE, 9],
      [IMAGE + 1, 9],
    ] as const) {
      for (let i = 0; i < 64; i++) {
        head.writeFloatLE(factor * (hidden[last + i] as number), (id * 64 + i) * 4);
      }
    }
    tensors.set('lm_head.weight', { ...embedding, data: head });
    writeSingle(source, tensors);
    const output = path.join(folder, 'says.gguf');
    await convert({ source, output, type: 'f32' });
    model = await PaliGemma.load(output, { device: 'cpu', threads: 2 });
  });
  afterAll(() => model.dispose());

  const ask = (options: object) => {
    const one = { maxTokens: 1, upright: false, ...options };
    return model.predict(imagePath(c.image), c.prompt, one);
  };

  test('says it, and never the placeholder of pictures nor an id without a text', async () => {
    const answer = await ask({ topLogprobs: 20 });
    expect(answer.text).toBe('<defect>');
    expect(answer.tokens).toEqual([DEFECT]);
    for (let seed = 0; seed < 50; seed++) {
      const drawn = await ask({ temperature: 3, seed });
      expect(drawn.tokens.every((id) => id !== IMAGE && id !== IMAGE + 1)).toBe(true);
    }
  });

  test('says it where a pattern asks for it', async () => {
    expect((await ask({ pattern: '\\<defect\\>|none', maxTokens: 2 })).text).toBe('<defect>');
    expect((await ask({ pattern: 'none', maxTokens: 4 })).text).not.toContain('defect');
  });

  test('its vocabulary ends after it', () => {
    expect(model.info.vocabularySize).toBe(DEFECT + 1);
    expect(model.tokenize('x<defect>y')).toContain(DEFECT);
  });
});
