/**
 * What the directory of a TIFF page says of its colours: libvips reads YCbCr without JPEG as if it were RGB, cannot open
 * LAB, and takes the thumbnail of a camera's raw file for the picture. Nothing is decoded here. Source: TIFF 6.0, section
 * 2; BigTIFF as libtiff has it.
 */

/** Values of the tag PhotometricInterpretation. */
export const PHOTOMETRIC = { rgb: 2, ycbcr: 6, lab: 8 } as const;
/** Values of the tag Compression that are JPEG: old and new style. */
export const JPEG_COMPRESSIONS: readonly number[] = [6, 7];
export const UNCOMPRESSED = 1;
/** What the libtiff in sharp's binaries was built without. */
export const UNREADABLE_COMPRESSIONS: ReadonlyMap<number, string> = new Map([
  [34_661, 'JBIG'],
  [34_712, 'JPEG 2000'],
  [34_887, 'LERC'],
  [34_925, 'LZMA'],
  [50_000, 'Zstandard'],
  [50_002, 'JPEG XL'],
]);

export interface TiffPage {
  readonly photometric: number;
  readonly compression: number;
  /** Chroma values are shared by so many pixels, across and down. */
  readonly subsampling: readonly [number, number];
  readonly bitsPerSample: number;
  readonly samplesPerPixel: number;
  /** What it is instead, if it is a file of a camera whose picture is elsewhere in it. */
  readonly rawPhoto: string | undefined;
  /** Offset of the two bytes of PhotometricInterpretation. */
  readonly photometricAt: number | undefined;
}

const TAGS = {
  newSubfileType: 254,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  samplesPerPixel: 277,
  subIfds: 330,
  subsampling: 530,
  dngVersion: 50_706,
} as const;

/** More directories than this are a circle. */
const MAX_PAGES = 1_000_000;

/** libtiff reads no longer directories; BigTIFF has 64 bits for the number. */
const MAX_ENTRIES = 65_535;

/** The directory of a page, counted from 0; undefined when it is not there or beyond the end of the file. */
export function readTiffPage(bytes: Uint8Array, page: number): TiffPage | undefined {
  try {
    return new Directories(bytes).page(page);
  } catch (error) {
    // An offset beyond the end: libtiff says what is wrong with the file.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A copy of a file in which one page claims to be RGB: its samples come as they are stored. */
export function asRgb(bytes: Uint8Array, { photometricAt }: TiffPage): Uint8Array {
  const copy = Buffer.from(bytes);
  if (photometricAt === undefined) return copy;
  if (copy[0] === 0x4d) copy.writeUInt16BE(PHOTOMETRIC.rgb, photometricAt);
  else copy.writeUInt16LE(PHOTOMETRIC.rgb, photometricAt);
  return copy;
}

class Directories {
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #isBig: boolean;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = bytes[0] === 0x49;
    this.#isBig = this.#short(2) === 43;
  }

  page(page: number): TiffPage | undefined {
    let at = this.#offset(this.#isBig ? 8 : 4);
    for (let i = 0; at !== 0 && i <= Math.min(page, MAX_PAGES); i++) {
      const entries = this.#isBig ? this.#offset(at) : this.#short(at);
      if (entries > MAX_ENTRIES) return undefined;
      const first = at + (this.#isBig ? 8 : 2);
      const size = this.#isBig ? 20 : 12;
      if (i === page) return this.#read(first, entries, size);
      at = this.#offset(first + entries * size);
    }
    return undefined;
  }

  #read(first: number, entries: number, size: number): TiffPage {
    const places = new Map<number, number>();
    for (let i = 0; i < entries; i++) places.set(this.#short(first + i * size), first + i * size);
    const shortOf = (tag: number, otherwise: number, index = 0): number => {
      const entry = places.get(tag);
      return entry === undefined ? otherwise : this.#shortOf(entry, index);
    };
    const photometric = places.get(TAGS.photometric);
    const isThumbnail = (shortOf(TAGS.newSubfileType, 0) & 1) === 1;
    return {
      photometric: shortOf(TAGS.photometric, 1),
      compression: shortOf(TAGS.compression, UNCOMPRESSED),
      subsampling: [shortOf(TAGS.subsampling, 2), shortOf(TAGS.subsampling, 2, 1)],
      bitsPerSample: shortOf(TAGS.bitsPerSample, 1),
      samplesPerPixel: shortOf(TAGS.samplesPerPixel, 1),
      rawPhoto: places.has(TAGS.dngVersion)
        ? 'a camera raw photo (DNG)'
        : isThumbnail && places.has(TAGS.subIfds)
          ? 'a camera raw photo'
          : undefined,
      photometricAt: photometric === undefined ? undefined : this.#valueAt(photometric),
    };
  }

  /** The value of an entry that holds shorts or one long: those that fit are in the entry itself. */
  #shortOf(entry: number, index: number): number {
    const isLong = this.#short(entry + 2) === 4;
    const count = this.#isBig ? this.#offset(entry + 4) : this.#long(entry + 4);
    const inline = count * (isLong ? 4 : 2) <= (this.#isBig ? 8 : 4);
    const at = inline ? this.#valueAt(entry) : this.#offset(this.#valueAt(entry));
    return isLong ? this.#long(at) : this.#short(at + 2 * Math.min(index, Math.max(0, count - 1)));
  }

  #valueAt(entry: number): number {
    return entry + (this.#isBig ? 12 : 8);
  }

  #short(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }

  #long(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }

  #offset(at: number): number {
    return this.#isBig ? Number(this.#view.getBigUint64(at, this.#little)) : this.#long(at);
  }
}
