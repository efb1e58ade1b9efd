/**
 * What the blocks of a GIF say of transparency. libvips leaves transparent pixels black, Pillow fills them with the palette's
 * colour of the transparent index. Nothing is decoded here. Source: GIF89a specification, sections 18 to 25; the colours
 * are those of Pillow's src/PIL/GifImagePlugin.py.
 */
import type { Rgb } from './colours.js';
import { inPieces, PIECE } from './pieces.js';

export interface GifFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** The palette's colour of the transparent index, of index 0 when there is none: a pixel that is not drawn has it. */
  readonly undrawn: Rgb;
  /** Its place is cleared when the next frame comes, to this colour. */
  readonly cleared: Rgb | undefined;
  /** Offset of the byte that says that an index is transparent; undefined when none is. */
  readonly flagsAt: number | undefined;
}

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const GRAPHIC_CONTROL = 0xf9;
const RESTORE_TO_BACKGROUND = 2;

/** The frames from the first to number `last`, or those that are there. */
export function readFrames(bytes: Uint8Array, last: number): GifFrame[] {
  const frames: GifFrame[] = [];
  const u8 = (at: number): number => bytes[at] ?? 0;
  const u16 = (at: number): number => u8(at) | (u8(at + 1) << 8);
  const paletteBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const colours = bytes.subarray(13, 13 + paletteBytes(u8(10)));
  /** Offset of the block that says how the next frame is shown. */
  let control: number | undefined;
  let at = 13 + colours.length;
  while (at < bytes.length && frames.length <= last) {
    const block = u8(at);
    if (block === IMAGE) {
      const local = paletteBytes(u8(at + 9));
      const palette = local > 0 ? bytes.subarray(at + 10, at + 10 + local) : colours;
      const flags = control === undefined ? 0 : u8(control + 3);
      const isTransparent = (flags & 1) === 1;
      const index = isTransparent && control !== undefined ? u8(control + 6) : 0;
      const isCleared = ((flags >> 2) & 7) === RESTORE_TO_BACKGROUND;
      frames.push({
        left: u16(at + 1),
        top: u16(at + 3),
        width: u16(at + 5),
        height: u16(at + 7),
        undrawn: colourAt(palette, index),
        cleared: isCleared ? colourAt(palette, isTransparent ? index : u8(11)) : undefined,
        flagsAt: isTransparent && control !== undefined ? control + 3 : undefined,
      });
      control = undefined;
      // A byte between the palette and the sub-blocks of the pixels.
      at += 11 + local;
    } else if (block === EXTENSION) {
      if (u8(at + 1) === GRAPHIC_CONTROL && u8(at + 2) >= 4) control = at;
      at += 2;
    } else {
      break;
    }
    // Sub-blocks: a length byte each, and a 0 at the end.
    while (at < bytes.length && u8(at) !== 0) at += 1 + u8(at);
    at += 1;
  }
  return frames;
}

function colourAt(palette: Uint8Array, index: number): Rgb {
  const [red = 0, green = 0, blue = 0] = palette.subarray(3 * index);
  return [red, green, blue];
}

/** A copy of a file whose first frame has no transparent index: its pixels come in the colours of the palette. */
export function withoutTransparency(bytes: Uint8Array, { flagsAt }: GifFrame): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (flagsAt !== undefined) copy[flagsAt] = (copy[flagsAt] ?? 0) & ~1;
  return copy;
}

/** Interleaved pixels of 3 or 4 channels, 8 bits each. */
interface Composed {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Fills pixels that none of `frames` has drawn with their colour when the last one is shown. `at` counts pixels. */
export async function fillUndrawn(
  { data, width, height, channels }: Composed,
  frames: readonly GifFrame[],
  isUndrawn: (at: number) => boolean,
): Promise<void> {
  const colourAt = undrawnColour(frames);
  // Each pixel may be compared with every frame.
  const piece = Math.ceil(PIECE / frames.length);
  await inPieces(width * height, piece, (from, to) => {
    for (let at = from; at < to; at++) {
      if (isUndrawn(at)) data.set(colourAt(at % width, Math.floor(at / width)), at * channels);
    }
  });
}

/** What a pixel that no frame has drawn looks like when the last of `frames` is shown; for x and y from the upper left. */
function undrawnColour(frames: readonly GifFrame[]): (x: number, y: number) => Rgb {
  // The last one is shown, so it is not cleared yet.
  const cleared = frames.slice(0, -1).filter((frame) => frame.cleared !== undefined);
  const otherwise = frames[0]?.undrawn ?? [0, 0, 0];
  return (x, y) => cleared.findLast((frame) => isInside(frame, x, y))?.cleared ?? otherwise;
}

export function isInside({ left, top, width, height }: GifFrame, x: number, y: number): boolean {
  return x >= left && x < left + width && y >= top && y < top + height;
}
