/** Sizes that an AVIF file announces, and what libvips would say of them. */
import { spawnSync } from 'node:child_process';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { checkAnnouncedSizes } from '../../../src/image-input/avif.js';

let picture: Buffer;
beforeAll(async () => {
  const size = { width: 64, height: 48 };
  picture = await sharp({ create: { ...size, channels: 3, background: 'red' } })
    .avif()
    .toBuffer();
});

function announcing(width: number, height: number): Buffer {
  const bytes = Buffer.from(picture);
  const at = bytes.indexOf('ispe');
  bytes.writeUInt32BE(width, at + 8);
  bytes.writeUInt32BE(height, at + 12);
  return bytes;
}

it.each([
  [64, 48, false],
  [100_000_000, 1, false],
  [100_000_001, 1, true],
  [1, 0xffffffff, true],
  [0x7f7f7f7f, 0x7f7f7f7f, true],
])('%i x %i', (width, height, isRefused) => {
  const check = () => checkAnnouncedSizes(announcing(width, height), 'x.avif');
  if (!isRefused) return expect(check).not.toThrow();
  expect(check).toThrow(`x.avif announces ${width} x ${height} pixels`);
});

it('finds the bound of libvips: what is refused, it complains of to standard error, and of no more', () => {
  const program = `
    const [file] = process.argv.slice(1);
    require('sharp')(Buffer.from(file, 'base64')).metadata().catch(() => {});`;
  const complaint = (bytes: Buffer): boolean => {
    const args = ['-e', program, bytes.toString('base64')];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(0);
    return stderr.includes('CRITICAL');
  };
  expect(complaint(announcing(100_000_001, 1))).toBe(true);
  expect(complaint(announcing(100_000_000, 1))).toBe(false);
});

it.each(['cut off', 'lengths of zero', 'lengths beyond the end', 'noise'])(
  'bears boxes: %s',
  (kind) => {
    for (let i = 0; i < picture.length; i += 3) {
      const bytes = kind === 'cut off' ? picture.subarray(0, i) : Buffer.from(picture);
      if (kind === 'lengths of zero' && i + 4 <= bytes.length) bytes.writeUInt32BE(0, i);
      if (kind === 'lengths beyond the end' && i + 4 <= bytes.length) bytes.writeUInt32BE(1e9, i);
      if (kind === 'noise') for (let j = i; j < bytes.length; j++) bytes[j] = (j * 7919) & 255;
      expect(() => checkAnnouncedSizes(bytes, 'x')).not.toThrow(TypeError);
    }
  },
);
