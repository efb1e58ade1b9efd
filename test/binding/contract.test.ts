/** Closed sets are written down on both sides of the boundary; these tests keep them one list. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.js';
import { devices, inspect, WEIGHT_TYPES } from '../../src/index.js';
import { native } from '../../src/native/binding.js';
import { KERNEL_SETS } from '../../src/options/closed-sets.js';
import { REMEDIES } from '../../src/remedies.js';

test('the addon knows the same weight types', () => {
  expect(native().weightTypes()).toEqual([...WEIGHT_TYPES]);
});

test('the addon knows the same sets of kernels', () => {
  const sets = native().kernelSets();
  expect(Object.keys(sets)).toEqual([...KERNEL_SETS]);
  expect(sets).toMatchObject({ auto: true, ggml: true });
});

test('every error code of the addon has a class', () => {
  expect(
    native()
      .errorCodes()
      .filter((code) => !(code in ERROR_CODES)),
  ).toEqual([]);
});

test('every remedy of the addon has words', () => {
  const names = native().remedies();
  expect(names).not.toEqual([]);
  expect(names.filter((name) => !(name in REMEDIES))).toEqual([]);
});

test('the CPU is among the devices, with its features', () => {
  const cpu = devices().find((d) => d.type === 'cpu');
  expect(cpu?.name).toBe('CPU');
  expect(cpu?.memoryTotal).toBeGreaterThan(2 ** 28);
  expect(Object.keys(cpu?.features ?? {})).not.toEqual([]);
});

test('a wrong argument is a typed error, not a crash', () => {
  const model = new (native().Model)(() => {});
  for (const wrong of [undefined, null, 1, 'x', {}, []]) {
    expect(() => model.load(1, wrong as never)).toThrow();
    expect(() => model.generate(2, wrong as never)).toThrow();
    expect(() => model.encode(3, wrong as never)).toThrow();
  }
  expect(() => model.tokenize('before load')).toThrow('no model is loaded');
});

test('inspect shows numbers that no double holds, and does not end the process', async () => {
  const key = Buffer.from('odd.numbers');
  const file = Buffer.alloc(24 + 8 + key.length + 4 + 4 + 8 + 16);
  file.write('GGUF', 0);
  file.writeUInt32LE(3, 4);
  file.writeBigUInt64LE(0n, 8); // tensors
  file.writeBigUInt64LE(1n, 16); // keys
  file.writeBigUInt64LE(BigInt(key.length), 24);
  key.copy(file, 32);
  let at = 32 + key.length;
  at = file.writeUInt32LE(9, at); // array
  at = file.writeUInt32LE(10, at); // of u64
  at = file.writeBigUInt64LE(2n, at);
  at = file.writeBigUInt64LE(2n ** 63n, at);
  file.writeBigUInt64LE(2n ** 64n - 1n, at);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'paligemma-'));
  try {
    const name = path.join(folder, 'odd.gguf');
    writeFileSync(name, file);
    const { metadata } = await inspect(name);
    expect(metadata['odd.numbers']).toEqual({ length: 2, type: 'u64' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
