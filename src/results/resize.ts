/**
 * Bilinear resizing of one channel with an antialiasing triangle filter, number for number as Pillow does it. Pictures for
 * the model are resized in native/image; this is for masks only.
 *
 * Source: Pillow src/libImaging/Resample.c: precompute_coeffs, ImagingResampleHorizontal_32bpc and _8bpc, and their
 * vertical twins.
 */

/** Which input samples make output sample i: `counts[i]` of them from `starts[i]`, weighted by `weights[i * taps + j]`. */
interface Filter {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Float64Array;
  readonly taps: number;
}

function triangleFilter(inputSize: number, outputSize: number): Filter {
  const scale = inputSize / outputSize;
  const support = Math.max(scale, 1); // the triangle reaches 1; wider when shrinking, which is the antialiasing
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputSize);
  const counts = new Int32Array(outputSize);
  const weights = new Float64Array(outputSize * taps);
  const perSupport = 1 / support;
  for (let i = 0; i < outputSize; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let j = 0; j < count; j++) {
      const weight = Math.max(0, 1 - Math.abs((j + start - center + 0.5) * perSupport));
      weights[i * taps + j] = weight;
      sum += weight;
    }
    if (sum !== 0)
      for (let j = 0; j < count; j++)
        weights[i * taps + j] = (weights[i * taps + j] as number) / sum;
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, taps };
}

/** One axis: `lines` lines of samples; where a sample and a line begin is set by the strides. */
interface Axis {
  readonly filter: Filter;
  readonly lines: number;
  readonly outputs: number;
  readonly inputStep: number;
  readonly inputLine: number;
  readonly outputStep: number;
  readonly outputLine: number;
}

function horizontal(width: number, height: number, outputWidth: number): Axis {
  return {
    filter: triangleFilter(width, outputWidth),
    lines: height,
    outputs: outputWidth,
    inputStep: 1,
    inputLine: width,
    outputStep: 1,
    outputLine: outputWidth,
  };
}

function vertical(width: number, height: number, outputHeight: number): Axis {
  return {
    filter: triangleFilter(height, outputHeight),
    lines: width,
    outputs: outputHeight,
    inputStep: width,
    inputLine: 1,
    outputStep: width,
    outputLine: 1,
  };
}

function passFloats(input: Float32Array, axis: Axis): Float32Array {
  const { starts, counts, weights, taps } = axis.filter;
  const output = new Float32Array(axis.lines * axis.outputs);
  for (let i = 0; i < axis.outputs; i++) {
    const first = (starts[i] as number) * axis.inputStep;
    const count = counts[i] as number;
    for (let line = 0; line < axis.lines; line++) {
      let sum = 0; // f64; the store rounds to f32
      let at = first + line * axis.inputLine;
      for (let j = 0; j < count; j++, at += axis.inputStep) {
        sum += (input[at] as number) * (weights[i * taps + j] as number);
      }
      output[i * axis.outputStep + line * axis.outputLine] = sum;
    }
  }
  return output;
}

/** Bits after the point of the 8-bit weights: 32 - 8 - 2 (Resample.c, PRECISION_BITS). */
const PRECISION_BITS = 22;

function passBytes(input: Uint8Array, axis: Axis): Uint8Array {
  const { starts, counts, taps } = axis.filter;
  const weights = Int32Array.from(axis.filter.weights, (weight) =>
    Math.trunc(0.5 + weight * (1 << PRECISION_BITS)),
  );
  const output = new Uint8ClampedArray(axis.lines * axis.outputs);
  for (let i = 0; i < axis.outputs; i++) {
    const first = (starts[i] as number) * axis.inputStep;
    const count = counts[i] as number;
    for (let line = 0; line < axis.lines; line++) {
      let sum = 1 << (PRECISION_BITS - 1);
      let at = first + line * axis.inputLine;
      for (let j = 0; j < count; j++, at += axis.inputStep) {
        sum += (input[at] as number) * (weights[i * taps + j] as number);
      }
      output[i * axis.outputStep + line * axis.outputLine] = sum >> PRECISION_BITS;
    }
  }
  return new Uint8Array(output.buffer);
}

function resize<T>(
  pixels: T,
  [width, height]: readonly [number, number],
  [outputWidth, outputHeight]: readonly [number, number],
  pass: (input: T, axis: Axis) => T,
): T {
  // An axis that keeps its size has no pass.
  const wide =
    outputWidth === width ? pixels : pass(pixels, horizontal(width, height, outputWidth));
  return outputHeight === height ? wide : pass(wide, vertical(outputWidth, height, outputHeight));
}

/**
 * As Pillow's `resize(to, BILINEAR)` of a mode F image: first across, then down, f32 in between.
 *
 * @param from width, height of `pixels`, row-major; both at least 1
 * @param to width, height of the result; both at least 1
 * @returns `pixels` itself when the sizes are equal
 */
export function resizeFloats(
  pixels: Float32Array,
  from: readonly [number, number],
  to: readonly [number, number],
): Float32Array {
  return resize(pixels, from, to, passFloats);
}

/** As Pillow's `resize(to, BILINEAR)` of a mode L image: whole numbers after each pass. See `resizeFloats`. */
export function resizeBytes(
  pixels: Uint8Array,
  from: readonly [number, number],
  to: readonly [number, number],
): Uint8Array {
  return resize(pixels, from, to, passBytes);
}
