/** Every checkpoint that a real library saved (test/fixtures/saved-by) converts to the right tensors or is refused for the right reason. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { variantName } from '../../../src/convert/config.js';
import { configFromJson } from '../../../src/convert/config-json.js';
import { convert } from '../../../src/convert/convert.js';
import { parseJsonObject } from '../../../src/convert/strict-json.js';
import { modelTensors } from '../../../src/convert/tensor-names.js';
import { type Gguf, readGguf } from '../../support/convert-gguf.js';
import { TOKENIZER_MODEL, temporaryFolder } from '../../support/convert-sources.js';
import {
  layOut,
  layOutReference,
  publishedConfigs,
  SAVED_CHECKPOINTS,
  SAVED_REFERENCES,
} from '../../support/saved-by.js';

const folder = temporaryFolder();

async function converted(source: string): Promise<{ gguf: Gguf; notes: readonly string[] }> {
  const output = path.join(
    folder,
    `${path.basename(path.dirname(source))}-${path.basename(source)}.gguf`,
  );
  const tokenizer = source.endsWith('.npz') ? { tokenizer: TOKENIZER_MODEL } : {};
  const { notes } = await convert({ source, output, type: 'f32', ...tokenizer });
  return { gguf: readGguf(output), notes };
}

const references = new Map(
  SAVED_REFERENCES.map((name) => [name, converted(layOutReference(folder, name))]),
);

const REFUSED = {
  adapter: { code: 'ERR_MODEL_ADAPTER', message: /merge_and_unload/ },
  pickle: { code: 'ERR_MODEL_NOT_FOUND', message: /a pickle can run code/ },
  incomplete: { code: 'ERR_MODEL_NOT_FOUND', message: /lacks \d+ of \d+ shards/ },
} as const;

describe('saved by', () => {
  for (const checkpoint of SAVED_CHECKPOINTS) {
    const { id, expected } = checkpoint;
    const { reads, refuses, head, added, rows } = expected;
    it(`${id}: ${refuses ? `refused, ${refuses}` : `reads as ${reads}`}`, async () => {
      const source = layOut(folder, checkpoint);
      if (refuses) {
        const { code, message } = REFUSED[refuses];
        await expect(converted(source)).rejects.toMatchObject({
          code,
          message: expect.stringMatching(message),
        });
        return;
      }
      const { gguf } = await converted(source);
      expect(gguf.tensors.has('output.weight')).toBe(head === 'apart');
      const last = Math.max(1791, ...Object.values(added ?? {}));
      const tokens = gguf.keys.get('tokenizer.ggml.tokens') as string[];
      const types = gguf.keys.get('tokenizer.ggml.token_type') as number[];
      expect(tokens.length).toBeGreaterThan(last);
      // After the last token there may be rows that stand out among the padding: kept, without a text.
      expect(types.slice(last + 1).every((type) => type === 5)).toBe(true);
      expect(gguf.tensors.get('token_embd.weight')?.shape[1]).toBe(tokens.length);
      for (const [token, at] of Object.entries(added ?? {})) {
        expect(tokens[at]).toBe(token);
        expect(types[at]).toBe(4);
      }
      if (rows !== undefined) expect(last).toBeLessThan(rows);
      if (reads === undefined || reads === 'itself') return;
      const reference = await references.get(reads);
      const names = [...gguf.tensors.keys()].filter((name) => name !== 'output.weight');
      expect(names).toEqual([...(reference?.gguf.tensors.keys() ?? [])]);
      for (const name of names) {
        const tensor = gguf.tensors.get(name);
        const other = reference?.gguf.tensors.get(name);
        expect(other?.shape, name).toEqual(tensor?.shape);
        expect(other?.padded.equals(tensor?.padded as Buffer), name).toBe(true);
      }
    });
  }
});

describe('config.json of every published size', () => {
  /** `2-3b-448` of the fixtures is `3b-448` here, of gemma2. */
  const sizes: Readonly<
    Record<string, readonly [layers: number, width: number, heads: number, kv: number]>
  > = {
    '3b': [18, 2048, 8, 1],
    '2-3b': [26, 2304, 8, 4],
    '2-10b': [42, 3584, 16, 8],
    '2-28b': [46, 4608, 32, 16],
  };
  for (const [version, configs] of publishedConfigs()) {
    it(`as ${version} saves it`, () => {
      expect(Object.keys(configs).length).toBeGreaterThan(2);
      for (const [name, json] of Object.entries(configs)) {
        const bytes = Buffer.from(JSON.stringify(json));
        const config = configFromJson(parseJsonObject(bytes, 'config.json'), {});
        const [, size = '', resolution] = /^(.*)-(\d+)$/.exec(name) ?? [];
        const [layers, width, heads, kvHeads] = sizes[size] ?? [];
        expect(config.text, name).toMatchObject({ layers, width, heads, kvHeads });
        expect(config.text.headDim, name).toBe(size === '2-28b' ? 128 : 256);
        expect(config.text.queryScale, name).toBe((size === '2-28b' ? 144 : 256) ** -0.5);
        expect(config.text.architecture, name).toBe(size.startsWith('2-') ? 'gemma2' : 'gemma');
        const caps = size.startsWith('2-') ? [50, 30] : [0, 0];
        expect([config.text.attentionSoftcap, config.text.finalSoftcap], name).toEqual(caps);
        expect(config.vision, name).toMatchObject({
          imageSize: Number(resolution),
          patchSize: 14,
          width: 1152,
          layers: 27,
          heads: 16,
          feedForward: 4304,
        });
        expect(config.vocabularySize, name).toBe(257_152);
        expect(variantName(config), name).toBe(`${size.replace(/^2-/, '')}-${resolution}`);
        expect(modelTensors(config).length, name).toBeGreaterThan(600);
      }
    });
  }
});
