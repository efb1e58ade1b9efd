/**
 * The sizes that an AVIF file announces (boxes of ISO/IEC 14496-12, `ispe` of 23008-12), read before libvips sees them: of
 * what is beyond its own bound it writes to the standard error of the process.
 */
import { makeError } from '../errors.js';

/** VIPS_MAX_COORD of libvips. */
const MAX_SIDE = 100_000_000;
/** Where the sizes are. The first is a full box: four bytes of version and flags come before its content. */
const PATH = ['meta', 'iprp', 'ipco'];

/** Throws ERR_IMAGE_CORRUPT for a picture, or part of one, with a side that no picture has. */
export function checkAnnouncedSizes(bytes: Uint8Array, label: string): void {
  let boxes = [...boxesIn(bytes)];
  for (const name of PATH) {
    const inside = boxes.filter(({ type }) => type === name);
    boxes = inside.flatMap(({ content }) => [
      ...boxesIn(name === 'meta' ? content.subarray(4) : content),
    ]);
  }
  for (const { type, content } of boxes) {
    if (type !== 'ispe' || content.length < 12) continue;
    const [width, height] = [readUint32(content, 4), readUint32(content, 8)];
    if (Math.max(width, height) <= MAX_SIDE) continue;
    const found = `${width} x ${height} pixels`;
    throw makeError('ERR_IMAGE_CORRUPT', `${label} announces ${found}, which no picture has`, {
      ...{ name: label, found, expected: `sides of at most ${MAX_SIDE} pixels` },
    });
  }
}

interface Box {
  readonly type: string;
  readonly content: Uint8Array;
}

/** Up to the first whose length cannot be. */
function* boxesIn(bytes: Uint8Array): Generator<Box> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const short = readUint32(bytes, at);
    const isLong = short === 1 && at + 16 <= bytes.length;
    const header = isLong ? 16 : 8;
    const long = isLong ? readUint32(bytes, at + 8) * 2 ** 32 + readUint32(bytes, at + 12) : short;
    const length = short === 0 ? bytes.length - at : long;
    if (length < header) return;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield { type, content: bytes.subarray(at + header, at + length) };
    at += length;
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
}
