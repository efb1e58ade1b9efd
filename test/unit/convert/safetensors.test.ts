/** Files that lie: every malformed header, index and folder is an error with a code, before any tensor is read. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/convert.js';
import { openSafetensorsFolder, readHeader } from '../../../src/convert/safetensors.js';
import { SourceFile } from '../../../src/convert/source-file.js';
import {
  copyOf,
  rawSafetensors,
  readFolder,
  type Tensor,
  TINY1,
  TINY2,
  temporaryFolder,
  writeSharded,
  writeSingle,
} from '../../support/convert-sources.js';

const folder = temporaryFolder();
const SHARD = 'model-00001-of-00002.safetensors';
const INDEX = 'model.safetensors.index.json';

async function header(bytes: Buffer): Promise<readonly string[]> {
  const file = path.join(folder, 'model.safetensors');
  writeFileSync(file, bytes);
  const source = await SourceFile.open(file, 'the weights');
  try {
    return (await readHeader(source)).map((t) => t.name);
  } finally {
    await source.close();
  }
}

const F = (begin: number, end: number, shape = `[${(end - begin) / 4}]`, dtype = 'F32') =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
const bytes = (n: number) => [Buffer.alloc(n)];

describe('a safetensors header', () => {
  it('is accepted in any order, with spaces after it, with metadata, and with __proto__ as a name', async () => {
    const text = `{"b":${F(8, 16)},"__metadata__":{"format":"pt"},"__proto__":${F(0, 8)}}     `;
    expect(await header(rawSafetensors(text, bytes(16)))).toEqual(['b', '__proto__']);
    expect(Object.prototype).not.toHaveProperty('dtype');
  });

  const MALFORMED: readonly (readonly [string, Buffer, string, RegExp])[] = [
    ['an empty file', Buffer.alloc(0), 'ERR_MODEL_TRUNCATED', /0 of 10 bytes/],
    ['nine bytes', rawSafetensors('{', []), 'ERR_MODEL_TRUNCATED', /9 of 10 bytes/],
    [
      'a git-lfs pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:12\n'),
      'ERR_MODEL_FORMAT',
      /no safetensors/,
    ],
    [
      'an HTML page',
      Buffer.from('<!DOCTYPE html><html><body>login</body></html>'),
      'ERR_MODEL_FORMAT',
      /no safetensors/,
    ],
    [
      'a pickle in a zip',
      Buffer.from('PK\x03\x04archive/data.pkl'),
      'ERR_MODEL_FORMAT',
      /no safetensors/,
    ],
    [
      'a header longer than the file',
      rawSafetensors(`{"a":${F(0, 4)}}`, []).subarray(0, 30),
      'ERR_MODEL_TRUNCATED',
      /cut off/,
    ],
    [
      'a header length of 2^63',
      Buffer.concat([Buffer.from('0000000000000080', 'hex'), Buffer.from('{"a":1}   ')]),
      'ERR_MODEL_LIMIT',
      /9223372036854775808/,
    ],
    [
      'a key twice',
      rawSafetensors(`{"a":${F(0, 4)},"a":${F(0, 4)}}`, bytes(4)),
      'ERR_MODEL_FORMAT',
      /did not come before/,
    ],
    [
      'a key twice inside an entry',
      rawSafetensors(
        `{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}`,
        bytes(4),
      ),
      'ERR_MODEL_FORMAT',
      /did not come before/,
    ],
    [
      'a key twice by escapes',
      rawSafetensors(`{"a":${F(0, 4)},"\\u0061":${F(4, 8)}}`, bytes(8)),
      'ERR_MODEL_FORMAT',
      /did not come before/,
    ],
    [
      'an unknown dtype',
      rawSafetensors(`{"a":${F(0, 4, '[1]', 'F12')}}`, bytes(4)),
      'ERR_MODEL_FORMAT',
      /dtype of a is "F12"/,
    ],
    [
      'a dtype named like a method',
      rawSafetensors(`{"a":${F(0, 4, '[1]', 'constructor')}}`, bytes(4)),
      'ERR_MODEL_FORMAT',
      /dtype of a/,
    ],
    [
      'overlapping ranges',
      rawSafetensors(`{"a":${F(0, 8)},"b":${F(4, 12)}}`, bytes(12)),
      'ERR_MODEL_CORRUPT',
      /overlap/,
    ],
    [
      'two tensors in one range',
      rawSafetensors(`{"a":${F(0, 8)},"b":${F(0, 8)}}`, bytes(8)),
      'ERR_MODEL_CORRUPT',
      /overlap/,
    ],
    [
      'a hole',
      rawSafetensors(`{"a":${F(0, 4)},"b":${F(8, 12)}}`, bytes(12)),
      'ERR_MODEL_CORRUPT',
      /hole/,
    ],
    [
      'a hole at the beginning',
      rawSafetensors(`{"a":${F(4, 8)}}`, bytes(8)),
      'ERR_MODEL_CORRUPT',
      /hole/,
    ],
    [
      'bytes after the last tensor',
      rawSafetensors(`{"a":${F(0, 4)}}`, bytes(5)),
      'ERR_MODEL_CORRUPT',
      /1 bytes after/,
    ],
    [
      'data past the end',
      rawSafetensors(`{"a":${F(0, 8)}}`, bytes(7)),
      'ERR_MODEL_TRUNCATED',
      /7 of 8/,
    ],
    [
      'a range of another size than the shape',
      rawSafetensors(`{"a":${F(0, 8, '[3]')}}`, bytes(8)),
      'ERR_MODEL_FORMAT',
      /12 bytes/,
    ],
    [
      'a range that runs backwards',
      rawSafetensors(`{"a":${F(8, 0, '[2]')}}`, bytes(8)),
      'ERR_MODEL_FORMAT',
      /-8 bytes/,
    ],
    [
      'a shape whose product overflows',
      rawSafetensors(`{"a":${F(0, 0, '[4294967296,4294967296]')}}`, []),
      'ERR_MODEL_FORMAT',
      /a size that can exist/,
    ],
    [
      'a negative size',
      rawSafetensors(`{"a":${F(0, 4, '[-1]')}}`, bytes(4)),
      'ERR_MODEL_FORMAT',
      /whole numbers/,
    ],
    [
      'a fractional size',
      rawSafetensors(`{"a":${F(0, 4, '[1.5]')}}`, bytes(4)),
      'ERR_MODEL_FORMAT',
      /whole numbers/,
    ],
    [
      'nine dimensions',
      rawSafetensors(`{"a":${F(0, 4, '[1,1,1,1,1,1,1,1,1]')}}`, bytes(4)),
      'ERR_MODEL_FORMAT',
      /at most 8/,
    ],
    [
      'three offsets',
      rawSafetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', bytes(4)),
      'ERR_MODEL_FORMAT',
      /two whole numbers/,
    ],
    [
      'an offset of 2^53',
      rawSafetensors(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[9007199254740992,9007199254740996]}}',
        bytes(4),
      ),
      'ERR_MODEL_FORMAT',
      /two whole numbers/,
    ],
    ['an entry that is a list', rawSafetensors('{"a":[]}', []), 'ERR_MODEL_FORMAT', /an object/],
    [
      'an unknown key',
      rawSafetensors('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}}', []),
      'ERR_MODEL_FORMAT',
      /the key x/,
    ],
    [
      'an empty name',
      rawSafetensors(`{"":${F(0, 4)}}`, bytes(4)),
      'ERR_MODEL_FORMAT',
      /0 characters/,
    ],
    [
      'a comma too many',
      rawSafetensors(`{"a":${F(0, 4)},}`, bytes(4)),
      'ERR_MODEL_FORMAT',
      /a key/,
    ],
    ['a number as JSON', rawSafetensors('{}1 ', []), 'ERR_MODEL_FORMAT', /end of the file/],
    [
      'deep nesting',
      rawSafetensors(`{"a":${'['.repeat(50_000)}`, []),
      'ERR_MODEL_FORMAT',
      /nesting/,
    ],
    [
      'invalid UTF-8',
      rawSafetensors('{"a":1}', []).fill(0xff, 10, 11),
      'ERR_MODEL_FORMAT',
      /UTF-8/,
    ],
  ];
  for (const [what, content, code, message] of MALFORMED) {
    it(`with ${what} is ${code}`, async () => {
      await expect(header(content)).rejects.toMatchObject({
        name: 'ModelFileError',
        code,
        message: expect.stringMatching(message),
      });
    });
  }

  it('cut at any byte is never accepted', async () => {
    const whole = rawSafetensors(`{"a":${F(0, 12)},"b":${F(12, 20)}}`, bytes(20));
    expect(await header(whole)).toHaveLength(2);
    for (let length = 0; length < whole.length; length++) {
      const error = await header(whole.subarray(0, length)).catch((e) => e);
      expect(error.code, `${length} bytes`).toMatch(/^ERR_MODEL_(TRUNCATED|FORMAT)$/);
    }
  });

  it('changed in any byte causes an error or the same kind of table, never another exception', async () => {
    const whole = rawSafetensors(`{"a":${F(0, 12)},"b":${F(12, 20)}}`, bytes(20));
    let accepted = 0;
    for (let at = 0; at < whole.length - 20; at++) {
      for (const flip of [1, 0x10, 0x80]) {
        const mutant = Buffer.from(whole);
        mutant[at] = (mutant[at] as number) ^ flip;
        const result = await header(mutant).catch((e) => e);
        if (Array.isArray(result)) accepted++;
        else expect(result.name, `byte ${at} ^ ${flip}`).toBe('ModelFileError');
      }
    }
    // What stays valid: other names, and other types of the same size.
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(30);
  });
});

describe('an index of shards', () => {
  function sharded(): string {
    const copy = copyOf(TINY1, folder);
    writeSharded(copy, readFolder(TINY1), 2);
    return copy;
  }

  function editIndex(copy: string, edit: (map: Record<string, unknown>) => unknown): void {
    const file = path.join(copy, INDEX);
    const index = JSON.parse(readFileSync(file, 'utf8'));
    const changed = edit(index.weight_map);
    writeFileSync(file, JSON.stringify(changed ?? index));
  }

  for (const name of [
    '../model.safetensors',
    '/etc/passwd',
    'sub/model.safetensors',
    'sub\\model.safetensors',
    'C:\\model.safetensors',
    '..',
    '.hidden.safetensors',
    '',
    'model.safetensors\u0000.txt',
    'model.bin',
    'model.safetensors/../../x.safetensors',
    '-rf.safetensors',
    'mödel.safetensors',
  ]) {
    it(`that names ${JSON.stringify(name)} is refused without opening it`, async () => {
      const copy = sharded();
      editIndex(copy, (map) => {
        map['multi_modal_projector.linear.bias'] = name;
      });
      await expect(openSafetensorsFolder(copy)).rejects.toMatchObject({
        code: 'ERR_MODEL_FORMAT',
        subject: INDEX,
        found: JSON.stringify(name),
      });
    });
  }

  it('must agree with the shards', async () => {
    const swapped = sharded();
    editIndex(swapped, (map) => {
      const name = 'multi_modal_projector.linear.bias';
      map[name] = map[name] === SHARD ? 'model-00002-of-00002.safetensors' : SHARD;
    });
    await expect(openSafetensorsFolder(swapped)).rejects.toMatchObject({
      code: 'ERR_MODEL_FORMAT',
      subject: 'multi_modal_projector.linear.bias',
    });
    const invented = sharded();
    editIndex(invented, (map) => {
      map['no.such.tensor'] = SHARD;
    });
    await expect(openSafetensorsFolder(invented)).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_MISSING',
      subject: 'no.such.tensor',
    });
    const silent = sharded();
    editIndex(silent, (map) => {
      delete map['multi_modal_projector.linear.bias'];
    });
    await expect(openSafetensorsFolder(silent)).rejects.toMatchObject({
      code: 'ERR_MODEL_FORMAT',
      subject: 'multi_modal_projector.linear.bias',
    });
    const shapeless = sharded();
    editIndex(shapeless, () => ({ weight_map: ['a'] }));
    await expect(openSafetensorsFolder(shapeless)).rejects.toMatchObject({ subject: 'weight_map' });
    const absent = sharded();
    rmSync(path.join(absent, SHARD));
    await expect(openSafetensorsFolder(absent)).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      subject: SHARD,
    });
  });
});

describe('a folder', () => {
  it('of pickles, of nothing, or of an archive says what to do', async () => {
    const make = (name: string, ...files: string[]) => {
      const dir = path.join(folder, name);
      mkdirSync(dir);
      for (const file of files) writeFileSync(path.join(dir, file), '');
      return dir;
    };
    await expect(openSafetensorsFolder(make('pickle', 'pytorch_model.bin'))).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      message: expect.stringMatching(/pytorch_model\.bin.*safetensors version/),
    });
    await expect(openSafetensorsFolder(make('empty'))).rejects.toMatchObject({
      found: 'no files',
    });
    await expect(openSafetensorsFolder(make('npz', 'model.npz'))).rejects.toMatchObject({
      hint: expect.stringMatching(/model\.npz$/),
    });
  });
});

describe('a checkpoint whose tensors do not fit its settings', () => {
  const output = () => path.join(folder, 'never.gguf');
  const broken = async (edit: (tensors: Map<string, Tensor>) => void, source = TINY1) => {
    const copy = copyOf(source, folder);
    const tensors = readFolder(source);
    edit(tensors);
    writeSingle(copy, tensors);
    return convert({ source: copy, output: output(), type: 'f32' });
  };
  const zeros = (shape: number[]): Tensor => ({
    dtype: 'F32',
    shape,
    data: Buffer.alloc(shape.reduce((a, b) => a * b) * 4),
  });

  it('names all that is missing, misshapen and left over at once', async () => {
    const text = 'language_model.model.layers.0';
    const result = broken((tensors) => {
      tensors.delete(`${text}.self_attn.q_proj.weight`);
      tensors.delete('vision_tower.vision_model.post_layernorm.bias');
      tensors.set(`${text}.mlp.up_proj.weight`, zeros([64, 96]));
      tensors.set('something.else', zeros([2]));
    });
    await expect(result).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_MISSING',
      subject: 'text.layers.0.self_attn.q_proj.weight',
      message: expect.stringMatching(
        /2 tensors are missing: text\.layers\.0\.self_attn\.q_proj\.weight; vision\.post_layernorm\.bias\. 1 tensor is of the wrong shape: language_model\.model\.layers\.0\.mlp\.up_proj\.weight is \[64, 96\], expected \[96, 64\]\. 1 tensor is not part of a PaliGemma: something\.else/,
      ),
    });
  });

  it('lists twenty at most', async () => {
    const error = await broken((tensors) => {
      for (let i = 0; i < 50; i++) tensors.set(`extra.${i}`, zeros([1]));
    }).catch((e) => e);
    expect(error.code).toBe('ERR_MODEL_TENSOR_SURPLUS');
    expect(error.message.match(/extra\./g)).toHaveLength(20);
    expect(error.message).toContain('and 30 more');
  });

  it('recognises adapters and quantised weights', async () => {
    const lora = await broken((tensors) => {
      tensors.set('language_model.model.layers.0.self_attn.q_proj.lora_A.weight', zeros([4, 64]));
    }).catch((e) => e);
    expect(lora).toMatchObject({ code: 'ERR_MODEL_ADAPTER' });
    const integers = await broken((tensors) => {
      const name = 'language_model.model.layers.0.self_attn.q_proj.weight';
      tensors.set(name, { dtype: 'I8', shape: [128, 64], data: Buffer.alloc(8192) });
    }).catch((e) => e);
    expect(integers).toMatchObject({ code: 'ERR_MODEL_TENSOR_TYPE', found: 'I8' });
  });

  it('refuses the wrong shape of every tensor in turn', async () => {
    const tensors = readFolder(TINY1);
    for (const [name, tensor] of tensors) {
      const changed = new Map(tensors);
      const shape = [...tensor.shape];
      shape[shape.length - 1] = (shape.at(-1) as number) + 1;
      changed.set(name, zeros(shape));
      const copy = path.join(folder, 'turn');
      rmSync(copy, { recursive: true, force: true });
      mkdirSync(copy);
      for (const file of ['config.json', 'tokenizer.model']) {
        writeFileSync(path.join(copy, file), readFileSync(path.join(TINY1, file)));
      }
      writeSingle(copy, changed);
      await expect(
        convert({ source: copy, output: output(), type: 'f32' }),
        name,
      ).rejects.toMatchObject({ code: 'ERR_MODEL_TENSOR_SHAPE', subject: name });
    }
  });

  it('refuses two tensors that are the same in two layouts', async () => {
    const name = 'language_model.model.norm.weight';
    const result = broken((tensors) => {
      tensors.set('model.language_model.norm.weight', tensors.get(name) as Tensor);
    });
    await expect(result).rejects.toMatchObject({ code: 'ERR_MODEL_TENSOR_SURPLUS' });
  });

  it('refuses an embedding with fewer rows than pieces are kept', async () => {
    const result = broken((tensors) => {
      tensors.set('language_model.model.embed_tokens.weight', zeros([1791, 64]));
    });
    await expect(result).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_SHAPE',
      found: '[1791, 64]',
      expected: '[1792, 64] or more rows',
    });
  });

  it('refuses the weights of a PaliGemma 2 under the settings of a PaliGemma 1', async () => {
    const copy = copyOf(TINY2, folder);
    const config = JSON.parse(readFileSync(path.join(copy, 'config.json'), 'utf8'));
    config.text_config.model_type = 'gemma';
    writeFileSync(path.join(copy, 'config.json'), JSON.stringify(config));
    const error = await convert({ source: copy, output: output(), type: 'f32' }).catch((e) => e);
    expect(error.code).toBe('ERR_MODEL_TENSOR_SURPLUS');
    expect(error.message).toContain('pre_feedforward_layernorm');
  });

  it('notices a shard that lost its end', async () => {
    const copy = copyOf(TINY2, folder);
    truncateSync(path.join(copy, 'model-00002-of-00004.safetensors'), 700_000);
    await expect(convert({ source: copy, output: output(), type: 'f32' })).rejects.toMatchObject({
      code: 'ERR_MODEL_TRUNCATED',
      subject: 'model-00002-of-00004.safetensors',
    });
  });
});
