/** Every wrong option is named with what was found and expected, before any file is touched. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/convert.js';
import { parseConvertOptions } from '../../../src/options/convert.js';
import type { ConvertOptions } from '../../../src/options/types.js';
import { TINY1, TINY2, temporaryFolder } from '../../support/convert-sources.js';

const good: ConvertOptions = { source: 'a', output: 'b.gguf', type: 'q8_0' };

describe('options', () => {
  it('are completed with absolute paths and defaults', () => {
    expect(parseConvertOptions({ ...good, source: 'x/model.npz', tokenizer: 't.model' })).toEqual({
      source: path.resolve('x/model.npz'),
      output: path.resolve('b.gguf'),
      type: 'q8_0',
      tokenizer: path.resolve('t.model'),
      maskCodec: undefined,
      name: 'model',
      imageSize: undefined,
      patchSize: undefined,
      contextLength: undefined,
      queryPreAttnScalar: undefined,
      attentionSoftcap: undefined,
      finalSoftcap: undefined,
      overwrite: false,
      token: undefined,
      offline: undefined,
      keepDownload: false,
      onProgress: undefined,
      signal: undefined,
    });
  });

  const WRONG: readonly (readonly [string, unknown, string])[] = [
    ['source', undefined, 'ERR_OPTION_TYPE'],
    ['source', 'x'.repeat(4097), 'ERR_OPTION_RANGE'],
    ['source', 3, 'ERR_OPTION_TYPE'],
    ['source', '', 'ERR_OPTION_RANGE'],
    ['source', 'a\0b', 'ERR_OPTION_RANGE'],
    ['output', undefined, 'ERR_OPTION_TYPE'],
    ['output', null, 'ERR_OPTION_TYPE'],
    ['type', 'q4_1', 'ERR_OPTION_RANGE'],
    ['type', 'toString', 'ERR_OPTION_RANGE'],
    ['tokenizer', {}, 'ERR_OPTION_TYPE'],
    ['maskCodec', 1, 'ERR_OPTION_TYPE'],
    ['name', '', 'ERR_OPTION_RANGE'],
    ['name', 'a\0b', 'ERR_OPTION_RANGE'],
    ['name', 'x'.repeat(5000), 'ERR_OPTION_RANGE'],
    ['imageSize', 0, 'ERR_OPTION_RANGE'],
    ['imageSize', 224.5, 'ERR_OPTION_RANGE'],
    ['imageSize', Number.NaN, 'ERR_OPTION_RANGE'],
    ['imageSize', '224', 'ERR_OPTION_TYPE'],
    ['imageSize', 1e308, 'ERR_OPTION_RANGE'],
    ['patchSize', -1, 'ERR_OPTION_RANGE'],
    ['contextLength', 2 ** 53, 'ERR_OPTION_RANGE'],
    ['queryPreAttnScalar', 0, 'ERR_OPTION_RANGE'],
    ['queryPreAttnScalar', Number.POSITIVE_INFINITY, 'ERR_OPTION_RANGE'],
    ['attentionSoftcap', -1, 'ERR_OPTION_RANGE'],
    ['attentionSoftcap', Number.NaN, 'ERR_OPTION_RANGE'],
    ['finalSoftcap', '30', 'ERR_OPTION_TYPE'],
    ['overwrite', 1, 'ERR_OPTION_TYPE'],
    ['onProgress', 'log', 'ERR_OPTION_TYPE'],
    ['signal', {}, 'ERR_OPTION_TYPE'],
    ['signal', null, 'ERR_OPTION_TYPE'],
    ['Type', 'f32', 'ERR_OPTION_UNKNOWN'],
    ['quantize', true, 'ERR_OPTION_UNKNOWN'],
  ];
  for (const [name, value, code] of WRONG) {
    it(`${name}: ${String(value).slice(0, 20)} is ${code}`, async () => {
      const options = { ...good, [name]: value } as ConvertOptions;
      await expect(convert(options)).rejects.toMatchObject({
        name: 'InputError',
        code,
        subject: name,
      });
    });
  }

  it.each([
    [undefined, 'option source is missing, expected a path of 1 to 4096 characters without NUL'],
    [{ source: 'a' }, 'option output is missing, expected a path'],
    [{ ...good, type: 'q8' }, 'did you mean "q8_0"?'],
    [{ ...good, typ: 'q8_0' }, 'did you mean type?'],
    [null, 'convert: options is null, expected an object'],
  ])('%o are refused by name', async (options, message) => {
    await expect(convert(options as never)).rejects.toThrow(message);
  });
});

describe('a source', () => {
  const output = path.join(temporaryFolder(), 'x.gguf');
  it('that is not there, or of the wrong kind, is named', async () => {
    await expect(convert({ source: '/no/such', output, type: 'f32' })).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      subject: 'source',
    });
    const file = path.join(TINY1, 'model.safetensors');
    await expect(convert({ source: file, output, type: 'f32' })).rejects.toMatchObject({
      code: 'ERR_MODEL_FORMAT',
      hint: `give the folder: ${TINY1}`,
    });
    await expect(
      convert({ source: TINY1, output, type: 'f32', tokenizer: '/no/such' }),
    ).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND', subject: path.resolve('/no/such') });
  });

  it('of version 1 takes no settings that only version 2 has', async () => {
    for (const name of ['attentionSoftcap', 'finalSoftcap', 'queryPreAttnScalar']) {
      await expect(
        convert({ source: TINY1, output, type: 'f32', [name]: 10 }),
      ).rejects.toMatchObject({ code: 'ERR_OPTION_RANGE', subject: name });
    }
  });

  it('contradicted by imageSize fails on the position table', async () => {
    await expect(
      convert({ source: TINY2, output, type: 'f32', imageSize: 112 }),
    ).rejects.toMatchObject({
      code: 'ERR_MODEL_TENSOR_SHAPE',
      found: '[16, 80]',
      expected: '[64, 80]',
    });
  });
});
