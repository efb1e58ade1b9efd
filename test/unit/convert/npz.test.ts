/** .npz archives: types, zip64, and every way to be malformed. */
import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/convert.js';
import { openNpz } from '../../../src/convert/npz.js';
import { TemporaryFile } from '../../../src/convert/temporary-file.js';
import {
  npy,
  pseudoRandom,
  TOKENIZER_MODEL,
  temporaryFolder,
  tinyNpzMembers,
  writeTinyNpz,
} from '../../support/convert-sources.js';
import { writeZip, type ZipMember } from '../../support/convert-zip.js';

const folder = temporaryFolder();
const numbers = pseudoRandom(24, 5);

async function read(members: readonly ZipMember[], name = 'a'): Promise<Record<string, unknown>> {
  const file = path.join(folder, 'x.npz');
  writeFileSync(file, writeZip(members));
  const temporary = new TemporaryFile(path.join(folder, 'out.gguf'));
  try {
    const archive = await openNpz(file, temporary);
    try {
      const tensor = archive.tensors.get(name);
      if (!tensor) return { names: [...archive.tensors.keys()] };
      const middle = new Uint8Array(8);
      await tensor.read(4, middle);
      return { dtype: tensor.dtype, shape: tensor.shape, middle: Buffer.from(middle) };
    } finally {
      await archive.close();
    }
  } finally {
    await temporary.close();
  }
}

describe('an archive', () => {
  it('returns type, shape and any bytes of a member: stored, deflated, zip64', async () => {
    for (const way of [{}, { deflate: true }, { zip64: true }, { deflate: true, zip64: true }]) {
      const other = { name: 'b.npy', data: npy('<f4', [300], pseudoRandom(300, 1)), ...way };
      const result = await read([
        other,
        { name: 'a.npy', data: npy('<f4', [2, 3, 4], numbers), ...way },
      ]);
      expect(result).toEqual({ dtype: 'f32', shape: [2, 3, 4], middle: numbers.subarray(4, 12) });
    }
    expect(readdirSync(folder).filter((n) => n.endsWith('.part'))).toEqual([]);
  });

  it('knows halves, and bfloat16 as NumPy writes it', async () => {
    for (const [descr, dtype] of [
      ['<f2', 'f16'],
      ['|V2', 'bf16'],
      ['<V2', 'bf16'],
    ] as const) {
      const data = npy(descr, [48], numbers);
      expect(await read([{ name: 'a.npy', data }])).toMatchObject({ dtype, shape: [48] });
    }
  });

  it('of version 2 is read as well', async () => {
    const one = npy('<f4', [24], numbers);
    const length = one.readUInt16LE(8);
    const two = Buffer.concat([one.subarray(0, 8), Buffer.alloc(4), one.subarray(10)]);
    two[6] = 2;
    two.writeUInt32LE(length, 8);
    const result = await read([{ name: 'a.npy', data: two }]);
    expect(result).toEqual({ dtype: 'f32', shape: [24], middle: numbers.subarray(4, 12) });
  });

  const good = npy('<f4', [24], numbers);
  const text = (header: string) => {
    const head = Buffer.from('\x93NUMPY\x01\x00\0\0', 'latin1');
    head.writeUInt16LE(header.length, 8);
    return Buffer.concat([head, Buffer.from(header, 'latin1'), numbers]);
  };
  const MALFORMED: readonly (readonly [string, Partial<ZipMember>, string])[] = [
    ['columns first', { data: npy('<f4', [4, 6], numbers, true) }, 'ERR_MODEL_FORMAT'],
    ['big-endian numbers', { data: npy('>f4', [24], numbers) }, 'ERR_MODEL_TENSOR_TYPE'],
    ['Python objects', { data: npy('|O', [24], numbers) }, 'ERR_MODEL_TENSOR_TYPE'],
    [
      'a record type',
      { data: text("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (24,), }") },
      'ERR_MODEL_FORMAT',
    ],
    [
      'an expression as header',
      { data: text("__import__('os').system('true')") },
      'ERR_MODEL_FORMAT',
    ],
    ['no magic', { data: Buffer.concat([Buffer.from('x'), good]) }, 'ERR_MODEL_FORMAT'],
    ['eleven bytes', { data: good.subarray(0, 11) }, 'ERR_MODEL_FORMAT'],
    ['version 9', { data: Buffer.from(good).fill(9, 6, 7) }, 'ERR_MODEL_FORMAT'],
    [
      'a header longer than the member',
      { data: Buffer.from(good).fill(0xff, 8, 10) },
      'ERR_MODEL_FORMAT',
    ],
    ['data missing', { data: good.subarray(0, good.length - 1) }, 'ERR_MODEL_CORRUPT'],
    ['data left over', { data: Buffer.concat([good, Buffer.alloc(1)]) }, 'ERR_MODEL_CORRUPT'],
    [
      'a shape that overflows',
      { data: npy('<f4', [2 ** 40, 2 ** 40], numbers) },
      'ERR_MODEL_CORRUPT',
    ],
    [
      'nine dimensions',
      { data: npy('<f4', [1, 1, 1, 1, 1, 1, 1, 1, 24], numbers) },
      'ERR_MODEL_FORMAT',
    ],
    ['another kind of file', { name: 'a.txt', data: good }, 'ERR_MODEL_FORMAT'],
    ['a path out of the archive', { name: '../a.npy', data: good }, 'ERR_MODEL_CORRUPT'],
    ['an absolute path', { name: '/a.npy', data: good }, 'ERR_MODEL_CORRUPT'],
    ['an unknown compression', { data: good, method: 12 }, 'ERR_MODEL_FORMAT'],
    ['a wrong checksum', { data: good, deflate: true, crc: 1 }, 'ERR_MODEL_CORRUPT'],
    ['a bomb', { data: good, deflate: true, claimedSize: 4_000_000_000 }, 'ERR_MODEL_FORMAT'],
    [
      'a size that is not true',
      { data: good, deflate: true, claimedSize: good.length + 4 },
      'ERR_MODEL_CORRUPT',
    ],
  ];
  for (const [what, member, code] of MALFORMED) {
    it(`with ${what} is ${code}`, async () => {
      const result = read([{ name: 'a.npy', data: good, ...member }]);
      await expect(result).rejects.toMatchObject({ name: 'ModelFileError', code });
    });
  }

  it('with a name twice is refused', async () => {
    const member = { name: 'a.npy', data: good };
    await expect(read([member, member])).rejects.toMatchObject({ code: 'ERR_MODEL_FORMAT' });
  });

  it('cut anywhere is refused', async () => {
    const whole = await writeTinyNpz(path.join(folder, 'cut.npz'));
    const options = {
      source: whole,
      tokenizer: TOKENIZER_MODEL,
      output: path.join(folder, 'cut.gguf'),
      type: 'f32',
    } as const;
    for (const bytes of [1_391_000, 700_000, 30_000, 22, 1, 0]) {
      truncateSync(whole, bytes);
      const error = await convert(options).catch((e) => e);
      expect(error.code, `${bytes}`).toMatch(/^ERR_MODEL_(TRUNCATED|FORMAT|CORRUPT)$/);
      expect(existsSync(options.output)).toBe(false);
    }
  });
});

describe('converting arrays', () => {
  const attempt = async (edit: (members: ZipMember[]) => ZipMember[], options = {}) => {
    const source = path.join(folder, 'edited.npz');
    writeFileSync(source, writeZip(edit(await tinyNpzMembers())));
    const output = path.join(folder, 'edited.gguf');
    return convert({
      source,
      output,
      type: 'f32',
      tokenizer: TOKENIZER_MODEL,
      overwrite: true,
      ...options,
    });
  };

  it('needs a tokenizer and says where to find one', async () => {
    await expect(attempt((m) => m, { tokenizer: undefined })).rejects.toMatchObject({
      code: 'ERR_OPTION_TYPE',
      subject: 'tokenizer',
    });
  });

  it('names arrays that are missing or left over', async () => {
    const without = (part: string) => attempt((m) => m.filter((x) => !x.name.includes(part)));
    await expect(without('encoder_norm/bias')).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_MISSING',
      subject: 'img/Transformer/encoder_norm/bias',
    });
    await expect(without('q_einsum')).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_MISSING',
      subject: 'llm/layers/attn/q_einsum/w',
    });
    const extra = { name: 'params/opt/count.npy', data: npy('<f4', [24], numbers) };
    await expect(attempt((m) => [...m, extra])).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_SURPLUS',
      subject: 'params/opt/count',
    });
    const head = { name: 'params/img/MAPHead_0/probe.npy', data: npy('<f4', [24], numbers) };
    expect((await attempt((m) => [...m, head])).notes.join()).toContain('pooling head');
  });

  it('refuses options that the shapes contradict', async () => {
    await expect(attempt((m) => m, { imageSize: 448 })).rejects.toMatchObject({
      subject: 'imageSize',
    });
    await expect(attempt((m) => m, { patchSize: 14 })).rejects.toMatchObject({
      subject: 'patchSize',
    });
    expect((await attempt((m) => m, { imageSize: 224, patchSize: 28 })).variant).toBe('custom');
  });

  it('refuses a codec of other shapes, and one that is not a codec', async () => {
    const maskCodec = path.join(folder, 'codec.npz');
    writeFileSync(
      maskCodec,
      writeZip([{ name: '_vq_vae._embedding.npy', data: npy('<f4', [24], numbers) }]),
    );
    await expect(attempt((m) => m, { maskCodec })).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_MISSING',
      message: expect.stringContaining('_vq_vae._embedding is [24], expected [128, 512]'),
    });
  });
});
