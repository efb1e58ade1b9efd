/**
 * All weight types, made by the addon: sizes, fallbacks, and errors against f32 within what each type can hold.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ConvertReport, convert } from '../../../src/convert/convert.js';
import { STORAGE_TYPES } from '../../../src/convert/storage-types.js';
import { native } from '../../../src/native/binding.js';
import { WEIGHT_TYPES, type WeightType } from '../../../src/options/closed-sets.js';
import { decode } from '../../support/convert-blocks.js';
import { f32Of, type Gguf, readGguf } from '../../support/convert-gguf.js';
import {
  copyOf,
  halfBits,
  pseudoRandom,
  readFolder,
  type Tensor,
  TINY1,
  TINY2,
  TOKENIZER_MODEL,
  temporaryFolder,
  toBf16,
  writeSingle,
  writeTinyNpz,
} from '../../support/convert-sources.js';

const folder = temporaryFolder();
let files = 0;

async function converted(source: string, type: WeightType, options = {}) {
  const output = path.join(folder, `${files++}.gguf`);
  const report = await convert({ source, output, type, ...options });
  return { report, gguf: readGguf(output) };
}

/** Largest error of each number, in units of the largest magnitude of its block. */
const BOUNDS: Readonly<Partial<Record<WeightType, number>>> = {
  f16: 2 ** -11,
  bf16: 2 ** -8,
  q8_0: 0.5 / 127 + 2 ** -10, // half a step; the step itself is an f16
  q4_0: 1 / 8 + 2 ** -10, // steps of 1/8 from -8 to 7: at the far end a whole step
};

function decoded(gguf: Gguf, name: string, type: WeightType): Float32Array {
  const tensor = gguf.tensors.get(name);
  if (!tensor) throw new Error(`no tensor ${name}`);
  return decode(
    tensor.padded,
    type,
    tensor.shape.reduce((a, b) => a * b, 1),
  );
}

describe('the table of types', () => {
  it('is the addon’s', () => {
    expect(native().weightTypes()).toEqual([...WEIGHT_TYPES]);
    expect(Object.keys(STORAGE_TYPES)).toEqual([...WEIGHT_TYPES]);
  });

  it('has the sizes of what the addon writes', async () => {
    const rows = 3;
    const data = new Uint8Array(new Float32Array(rows * 512).map((_, i) => Math.sin(i)).buffer);
    for (const type of WEIGHT_TYPES) {
      const { block, blockBytes } = STORAGE_TYPES[type];
      const bytes = await native().quantize(data, 'f32', type, 512, rows);
      expect(bytes.length, type).toBe(((rows * 512) / block) * blockBytes);
    }
  });
});

describe('converting to every type', () => {
  let exact: Gguf;
  beforeAll(async () => {
    exact = (await converted(TINY2, 'f32')).gguf;
  });

  for (const type of WEIGHT_TYPES) {
    it(`${type}: the sizes of the table, plain tensors in f32, the file type written`, async () => {
      const { report, gguf } = await converted(TINY2, type);
      expect(gguf.keys.get('general.file_type')).toBe(STORAGE_TYPES[type].fileType);
      for (const [i, [name, tensor]] of [...gguf.tensors].entries()) {
        const planned = report.tensors[i] as ConvertReport['tensors'][number];
        expect(planned.name).toBe(name);
        expect(tensor.typeId, name).toBe(STORAGE_TYPES[planned.type].id);
        const count = tensor.shape.reduce((a, b) => a * b, 1);
        const { block, blockBytes } = STORAGE_TYPES[planned.type];
        expect(tensor.padded.length, name).toBe(
          Math.ceil(((count / block) * blockBytes) / 32) * 32,
        );
        if (/norm|\.ln\d|bias|position|patch/.test(name)) {
          expect(planned.type, name).toBe('f32');
          expect(tensor.padded.equals(exact.tensors.get(name)?.padded as Buffer), name).toBe(true);
        }
      }
    });
  }

  for (const type of ['f16', 'bf16', 'q8_0', 'q4_0'] as const) {
    it(`${type}: no number is further off than the type must be`, async () => {
      const { report, gguf } = await converted(TINY2, type);
      let checked = 0;
      for (const { name, type: stored } of report.tensors) {
        if (stored === 'f32') continue;
        const bound = BOUNDS[stored] as number;
        const [before, after] = [f32Of(exact, name), decoded(gguf, name, stored)];
        for (let start = 0; start < before.length; start += 32) {
          const block = before.slice(start, start + 32);
          const largest = Math.max(...block.map(Math.abs));
          for (const [j, x] of block.entries()) {
            const scale =
              stored === 'f16' || stored === 'bf16' ? Math.max(Math.abs(x), 2 ** -14) : largest;
            if (Math.abs((after[start + j] as number) - x) > bound * scale + 2 ** -24) {
              expect.fail(
                `${name}[${start + j}]: ${after[start + j]} for ${x}, largest ${largest}`,
              );
            }
          }
        }
        checked++;
      }
      expect(checked).toBeGreaterThan(30);
    });
  }

  it('f16 is rounded to nearest, ties to even', async () => {
    const { gguf } = await converted(TINY2, 'f16');
    const before = f32Of(exact, 'blk.0.ffn_up.weight');
    const { padded } = gguf.tensors.get('blk.0.ffn_up.weight') as { padded: Buffer };
    for (const [i, x] of before.entries()) {
      if (padded.readUInt16LE(i * 2) !== halfBits(x)) expect.fail(`element ${i}, ${x}`);
    }
    expect(before.length).toBe(96 * 192);
  });

  it('states every deviation: rows of 96, 80 and 224 do not divide into 256', async () => {
    const { report } = await converted(TINY2, 'q4_k');
    const note = (name: string) => report.tensors.find((t) => t.name === name);
    expect(note('token_embd.weight')).toMatchObject({
      type: 'q8_0',
      note: 'q6_k instead of q4_k: the embedding is also the output matrix; q8_0 instead of q6_k: rows of 96 do not divide into blocks of 256',
    });
    expect(note('blk.0.ffn_down.weight')).toMatchObject({ type: 'q8_0' });
    expect(note('v.blk.0.attn_q.weight')).toMatchObject({
      type: 'f16',
      note: 'f16 instead of q4_k: rows of 80 do not divide into blocks of 256',
    });
    expect(note('v.blk.0.ffn_down.weight')).toMatchObject({
      type: 'q8_0',
      note: 'q8_0 instead of q4_k: rows of 224 do not divide into blocks of 256; zero-padded from [80, 200]',
    });
    expect(report.notes).toContain(
      '15 vision tensors are f16 instead of q4_k: rows of 80 do not divide into blocks of 256',
    );
    expect(report.notes).toContain(
      '1 text tensor is q6_k instead of q4_k: the embedding is also the output matrix',
    );
  });

  it('q4_0 keeps what 32 divides, q8_0 is not touched by the rule for the embedding', async () => {
    const q4 = (await converted(TINY2, 'q4_0')).report.tensors;
    expect(q4.find((t) => t.name === 'blk.0.attn_q.weight')?.type).toBe('q4_0');
    expect(q4.find((t) => t.name === 'mm.input_projection.weight')?.type).toBe('f16');
    const q8 = (await converted(TINY2, 'q8_0')).report.tensors;
    expect(q8.find((t) => t.name === 'token_embd.weight')).toEqual({
      name: 'token_embd.weight',
      shape: [96, 1792],
      type: 'q8_0',
    });
  });
});

describe('widths that divide into 256', () => {
  /** The tiny PaliGemma 1 with a text width of 256 and an MLP of 512, of other random numbers. */
  function wider(): string {
    const source = copyOf(TINY1, folder);
    const file = path.join(source, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8'));
    Object.assign(config.text_config, { hidden_size: 256, intermediate_size: 512 });
    writeFileSync(file, JSON.stringify(config));
    const tensors = readFolder(TINY1);
    for (const [name, { shape }] of tensors) {
      if (name.startsWith('vision')) continue;
      const sizes = shape.map((n) => ({ 64: 256, 96: 512 })[n] ?? n);
      const data = pseudoRandom(
        sizes.reduce((a, b) => a * b),
        name.length,
      );
      tensors.set(name, { dtype: 'F32', shape: sizes, data });
    }
    writeSingle(source, tensors);
    return source;
  }

  /** Steps over the range of a block. */
  const STEPS: Readonly<Partial<Record<WeightType, number>>> = { q6_k: 63, q5_k: 31, q4_k: 15 };
  /**
   * In steps. A k-quant has no bound of one step: ggml fits scale and minimum by weighted least squares (make_qkx2_quants
   * starts half a step inside the range, so extremes are clipped by 0.5), rounds to the nearest (0.5), and rounds scale and
   * minimum themselves to 6 bits (31 / 126 and 15.5 / 126 of a step at five bits): 1.4 together.
   */
  const MAX_ERROR = 1.4;
  /** Rounding alone makes 12^-0.5 = 0.29 of a step; elements in a wrong place would make many steps. */
  const RMS_ERROR = 0.4;

  it('are stored as k-quants whose errors are those of the type', async () => {
    const source = wider();
    const exact = (await converted(source, 'f32')).gguf;
    for (const type of ['q6_k', 'q5_k', 'q4_k'] as const) {
      const { report, gguf } = await converted(source, type);
      const typeOf = (name: string) => report.tensors.find((t) => t.name === name)?.type;
      expect(typeOf('token_embd.weight')).toBe('q6_k');
      expect(typeOf('blk.0.attn_output.weight')).toBe('q8_0'); // rows of 4 heads x 32
      for (const name of ['token_embd.weight', 'blk.0.attn_q.weight', 'blk.1.ffn_down.weight']) {
        const stored = typeOf(name) as WeightType;
        expect(stored).toBe(name.startsWith('token') ? 'q6_k' : type);
        const [before, after] = [f32Of(exact, name), decoded(gguf, name, stored)];
        const range = Math.max(...before.slice(0, 4096)) - Math.min(...before.slice(0, 4096));
        const step = range / (STEPS[stored] as number);
        const errors = before.map((x, i) => Math.abs(x - (after[i] as number)) / step);
        const rms = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
        const largest = errors.reduce((a, b) => Math.max(a, b), 0);
        expect(largest, `${name} ${stored}`).toBeLessThan(MAX_ERROR);
        expect(rms, `${name} ${stored}`).toBeLessThan(RMS_ERROR);
        expect(rms, `${name} ${stored}`).toBeGreaterThan(0.05);
      }
    }
  });

  it('and every file passes the addon’s strict reader with the reported table', async () => {
    for (const [source, type] of [
      [TINY1, 'q8_0'],
      [TINY2, 'q4_k'],
      [wider(), 'q5_k'],
    ] as const) {
      const { report } = await converted(source, type);
      const info = await native().inspect(report.output);
      expect(info.fileBytes).toBe(report.bytes);
      expect(info.alignment).toBe(32);
      expect(info.tensors.map(({ name, shape, type }) => ({ name, shape, type }))).toEqual(
        report.tensors.map(({ name, shape, type }) => ({ name, shape, type })),
      );
    }
  });
});

describe('from a bf16 checkpoint', () => {
  it('bf16 is copied bit for bit, and f16 from bf16 equals f16 from the same values in f32', async () => {
    const narrow = toBf16(readFolder(TINY1));
    const source = copyOf(TINY1, folder);
    writeSingle(source, narrow);
    const { gguf } = await converted(source, 'bf16');
    const name = 'language_model.model.layers.1.mlp.gate_proj.weight';
    const stored = gguf.tensors.get('blk.1.ffn_gate.weight')?.padded as Buffer;
    expect(stored.equals(narrow.get(name)?.data as Buffer)).toBe(true);
    expect(stored.length).toBe(96 * 64 * 2);

    const wide = copyOf(TINY1, folder);
    const widened = new Map<string, Tensor>();
    for (const [key, { shape, data }] of narrow) {
      const out = Buffer.alloc(data.length * 2);
      for (let i = 0; i < data.length / 2; i++)
        out.writeUInt16LE(data.readUInt16LE(i * 2), i * 4 + 2);
      widened.set(key, { dtype: 'F32', shape, data: out });
    }
    writeSingle(wide, widened);
    for (const type of ['f16', 'q8_0', 'q4_k'] as const) {
      const [a, b] = [await converted(source, type), await converted(wide, type)];
      for (const [key, tensor] of a.gguf.tensors) {
        expect(b.gguf.tensors.get(key)?.padded.equals(tensor.padded), `${type} ${key}`).toBe(true);
      }
    }
  });
});

describe('from arrays', () => {
  it('quantised tensors are those from safetensors', async () => {
    const source = await writeTinyNpz(path.join(folder, 'tiny.npz'));
    for (const type of ['q8_0', 'q4_0', 'bf16'] as const) {
      const a = await converted(TINY1, type);
      const b = await converted(source, type, { tokenizer: TOKENIZER_MODEL });
      expect(b.report.tensors).toEqual(a.report.tensors);
      for (const [key, tensor] of a.gguf.tensors) {
        expect(b.gguf.tensors.get(key)?.padded.equals(tensor.padded), `${type} ${key}`).toBe(true);
      }
    }
  });
});

describe('values a type cannot hold', () => {
  it('are an error that names the tensor and another type', async () => {
    const source = copyOf(TINY1, folder);
    const tensors = readFolder(TINY1);
    const name = 'language_model.model.layers.0.mlp.up_proj.weight';
    const data = Buffer.from((tensors.get(name) as Tensor).data);
    data.writeFloatLE(70_000, 400);
    tensors.set(name, { ...(tensors.get(name) as Tensor), data });
    writeSingle(source, tensors);
    await expect(converted(source, 'f16')).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_TYPE',
      subject: 'blk.0.ffn_up.weight',
      hint: expect.stringContaining('bf16'),
    });
    const { gguf } = await converted(source, 'bf16');
    expect(decoded(gguf, 'blk.0.ffn_up.weight', 'bf16')[100]).toBeCloseTo(70_000, -3);
  });
});
