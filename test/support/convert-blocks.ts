/** Decodes the stored types, written from the block layouts in ggml-common.h, to check what the addon made. */
import type { WeightType } from '../../src/options/closed-sets.js';
import { halfValue } from './convert-sources.js';

/** `count` numbers of the given type. */
export function decode(bytes: Buffer, type: WeightType, count: number): Float32Array {
  const out = new Float32Array(count);
  const half = (at: number) => halfValue(bytes.readUInt16LE(at));
  if (type === 'f32') for (let i = 0; i < count; i++) out[i] = bytes.readFloatLE(i * 4);
  else if (type === 'f16') for (let i = 0; i < count; i++) out[i] = half(i * 2);
  else if (type === 'bf16') {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < count; i++) bits[i] = bytes.readUInt16LE(i * 2) << 16;
  } else if (type === 'q8_0') {
    for (let i = 0; i < count; i++) {
      const block = Math.floor(i / 32) * 34;
      out[i] = half(block) * bytes.readInt8(block + 2 + (i % 32));
    }
  } else if (type === 'q4_0') {
    for (let i = 0; i < count; i++) {
      const block = Math.floor(i / 32) * 18;
      const j = i % 32;
      const pair = bytes.readUInt8(block + 2 + (j % 16));
      out[i] = half(block) * ((j < 16 ? pair & 15 : pair >> 4) - 8);
    }
  } else if (type === 'q6_k') {
    for (let i = 0; i < count; i++) out[i] = q6(bytes, Math.floor(i / 256) * 210, i % 256);
  } else {
    const five = type === 'q5_k';
    const size = five ? 176 : 144;
    for (let i = 0; i < count; i++) {
      out[i] = q45(bytes, Math.floor(i / 256) * size, i % 256, five);
    }
  }
  return out;
}

/** block_q6_K: low nibbles 128, high pairs 64, scales 16, d. */
function q6(bytes: Buffer, block: number, i: number): number {
  const half = Math.floor(i / 128);
  const quarter = Math.floor((i % 128) / 32);
  const l = i % 32;
  const low = bytes.readUInt8(block + half * 64 + l + (quarter % 2) * 32);
  const high = (bytes.readUInt8(block + 128 + half * 32 + l) >> (quarter * 2)) & 3;
  const q = ((quarter < 2 ? low & 15 : low >> 4) | (high << 4)) - 32;
  const scale = bytes.readInt8(block + 192 + half * 8 + Math.floor(l / 16) + quarter * 2);
  return halfValue(bytes.readUInt16LE(block + 208)) * scale * q;
}

/** block_q4_K and block_q5_K: d, dmin, packed scales 12, [high bits 32,] nibbles 128. */
function q45(bytes: Buffer, block: number, i: number, five: boolean): number {
  const group = Math.floor(i / 32);
  const at = (j: number) => bytes.readUInt8(block + 4 + j);
  const scale = group < 4 ? at(group) & 63 : (at(group + 4) & 15) | ((at(group - 4) >> 6) << 4);
  const min = group < 4 ? at(group + 4) & 63 : (at(group + 4) >> 4) | ((at(group) >> 6) << 4);
  const nibbles = block + (five ? 48 : 16);
  const pair = bytes.readUInt8(nibbles + Math.floor(group / 2) * 32 + (i % 32));
  let q = group % 2 === 0 ? pair & 15 : pair >> 4;
  if (five && (bytes.readUInt8(block + 16 + (i % 32)) >> group) & 1) q += 16;
  const [d, dmin] = [0, 2].map((o) => halfValue(bytes.readUInt16LE(block + o))) as [number, number];
  return d * scale * q - dmin * min;
}
