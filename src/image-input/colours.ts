/** Raw pixels of other colour models to 8-bit RGB, with the rounding of Pillow and libtiff. No file formats here. */
import { inPieces, PIECE } from './pieces.js';

/** 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** `#rgb` or `#rrggbb`. */
export function parseColour(text: string): Rgb {
  const digits = text.length === 4 ? text.replace(/[0-9a-f]/gi, '$&$&') : text;
  const value = Number.parseInt(digits.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/**
 * Grey or RGB of 1 to 4 channels to RGB. Alpha (2 and 4 channels) is dropped; with a `background` the pixels are blended
 * with it.
 */
export async function channelsToRgb(
  data: Uint8Array | Uint8ClampedArray,
  pixels: number,
  channels: number,
  background?: Rgb,
): Promise<Uint8Array> {
  const rgb = new Uint8Array(pixels * 3);
  const isGrey = channels < 3;
  const hasAlpha = channels % 2 === 0;
  await inPieces(pixels, PIECE, (from, to) => {
    for (let i = from; i < to; i++) {
      const at = i * channels;
      const alpha = hasAlpha && background ? (data[at + channels - 1] ?? 0) : 255;
      for (let c = 0; c < 3; c++) {
        const value = data[isGrey ? at : at + c] ?? 0;
        rgb[3 * i + c] =
          alpha === 255
            ? value
            : Math.round((value * alpha + (background?.[c] ?? 0) * (255 - alpha)) / 255);
      }
    }
  });
  return rgb;
}

/**
 * PIL's conversion, without profiles: (255 - k) - c (255 - k) / 255, rounded. Source: Pillow src/libImaging/Convert.c,
 * cmyk2rgb, and MULDIV255 of ImagingUtils.h. libvips would go through a printing profile, with visibly other colours.
 */
export async function cmykToRgb(cmyk: Uint8Array, pixels: number): Promise<Uint8Array> {
  const rgb = new Uint8Array(pixels * 3);
  await inPieces(pixels, PIECE, (from, to) => {
    for (let i = from; i < to; i++) {
      const white = 255 - (cmyk[4 * i + 3] ?? 0);
      for (let c = 0; c < 3; c++) {
        const product = (cmyk[4 * i + c] ?? 0) * white + 128;
        rgb[3 * i + c] = white - (((product >> 8) + product) >> 8);
      }
    }
  });
  return rgb;
}

/** What is added to the brightness for a chroma value of 0 to 255; the two for green are shifted after their sum. */
interface ChromaTables {
  readonly red: Int32Array;
  readonly blue: Int32Array;
  readonly greenOfCb: Int32Array;
  readonly greenOfCr: Int32Array;
  readonly greenShift: number;
}

const ofChroma = (entry: (chroma: number) => number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, i) => entry(i - 128));

/** JFIF's matrix with 6 bits after the point, rounded as the tables of Pillow's src/libImaging/ConvertYCbCr.c are. */
function pillowTables(): ChromaTables {
  const scaled = (factor: number) => (chroma: number) => Math.trunc(factor * 64 * chroma + 0.5);
  return {
    red: ofChroma((chroma) => scaled(1.402)(chroma) >> 6),
    blue: ofChroma((chroma) => scaled(1.772)(chroma) >> 6),
    greenOfCb: ofChroma(scaled(-0.34414)),
    greenOfCr: ofChroma(scaled(-0.71414)),
    greenShift: 6,
  };
}

/** The same matrix as TIFFYCbCrToRGBInit in libtiff's tif_color.c has it: Pillow leaves compressed files to libtiff. */
function libtiffTables(): ChromaTables {
  const half = 1 << 15;
  const [red, blue, ofCb, ofCr] = [
    1.402,
    1.772,
    (0.114 * 1.772) / 0.587,
    (0.299 * 1.402) / 0.587,
  ].map((factor) => Math.round(factor * 65_536)) as [number, number, number, number]; // of four
  return {
    red: ofChroma((chroma) => (red * chroma + half) >> 16),
    blue: ofChroma((chroma) => (blue * chroma + half) >> 16),
    greenOfCb: ofChroma((chroma) => -ofCb * chroma + half),
    greenOfCr: ofChroma((chroma) => -ofCr * chroma),
    greenShift: 16,
  };
}

const TABLES = { pillow: pillowTables(), libtiff: libtiffTables() };

/** YCbCr of the full range to RGB in place; `rounding` is whose result it shall equal. */
export async function ycbcrToRgb(data: Uint8Array, rounding: keyof typeof TABLES): Promise<void> {
  const { red, blue, greenOfCb, greenOfCr, greenShift } = TABLES[rounding];
  const clamp = (value: number): number => Math.min(255, Math.max(0, value));
  await inPieces(data.length / 3, PIECE, (from, to) => {
    for (let at = 3 * from; at < 3 * to; at += 3) {
      const y = data[at] ?? 0;
      const cb = data[at + 1] ?? 128;
      const cr = data[at + 2] ?? 128;
      const green = ((greenOfCb[cb] ?? 0) + (greenOfCr[cr] ?? 0)) >> greenShift;
      data[at] = clamp(y + (red[cr] ?? 0));
      data[at + 1] = clamp(y + green);
      data[at + 2] = clamp(y + (blue[cb] ?? 0));
    }
  });
}
