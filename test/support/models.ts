/** Models the tests run on: the demo model, and the tiny checkpoints converted by the package itself. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { prepareImage } from '../../src/image-input/prepare.js';
import { takeSource } from '../../src/image-input/source.js';
import { convert, type WeightType } from '../../src/index.js';
import { parseEncodeOptions } from '../../src/options/image.js';
import { type GgufTensor, readGguf } from './convert-gguf.js';
import { changedGguf } from './gguf-files.js';

export const ROOT = path.resolve(import.meta.dirname, '..', '..');
export const FIXTURES = path.join(ROOT, 'test', 'fixtures');
export const IMAGES = path.join(FIXTURES, 'images');
export const CHECKPOINTS = path.join(FIXTURES, 'checkpoints');
export const DEMO_MODEL = path.join(ROOT, 'models', 'shapes-mix-224-q8_0.gguf');
/** The 20 MB checkpoint of the demo model is not in the repository; where this folder is, its parity is tested too. */
export const REFERENCE = path.resolve(ROOT, '..', 'shared', 'reference');

export type CheckpointName = 'tiny-paligemma1' | 'tiny-paligemma2' | 'shapes-mix-224';

export interface Case {
  readonly image: string;
  readonly prompt: string;
  readonly prefix_ids: readonly number[];
  readonly suffix_ids: readonly number[];
  readonly text: string;
  readonly logprob_and_margin: readonly (readonly [number, number])[];
  readonly taps?: string;
  readonly taps_suffix_ids?: readonly number[];
}

export function imagePath(name: string): string {
  const file = path.join(IMAGES, name);
  return existsSync(file) ? file : path.join(REFERENCE, 'images', name);
}

/** A reference picture as a model of this size sees it: interleaved RGB. */
export async function pixelsOf(name: string, size: number): Promise<Uint8Array> {
  const options = parseEncodeOptions({ upright: false });
  const source = takeSource(imagePath(name), options.maxPixels);
  return (await prepareImage(source, size, options)).pixels;
}

/** Where a checkpoint, its cases and its taps are. */
export function checkpointFolder(name: CheckpointName): string {
  return name === 'shapes-mix-224' ? path.join(REFERENCE, name) : path.join(CHECKPOINTS, name);
}

/** Those whose picture is here: noise_down.png (1 MB of noise) is only beside the 20 MB checkpoint. */
export function cases(name: CheckpointName): readonly Case[] {
  const local = path.join(CHECKPOINTS, `${name}-cases`, 'cases.json');
  const all = JSON.parse(readFileSync(local, 'utf8')) as Case[];
  const present = all.filter((c) => existsSync(imagePath(c.image)));
  for (const c of all) {
    if (!present.includes(c))
      console.warn(`skipped: ${name} "${c.prompt}" needs ${imagePath(c.image)}`);
  }
  return present;
}

export function taps(name: CheckpointName, file: string): Map<string, Tensor> {
  const folder = name === 'shapes-mix-224' ? REFERENCE : CHECKPOINTS;
  return readSafetensors(path.join(folder, `${name}-cases`, file));
}

/** Where tests put models. One folder for each test worker: several may want the same model at the same time. */
export const TEST_MODELS = path.join(
  ROOT,
  'build',
  'test-models',
  process.env.VITEST_POOL_ID ?? '0',
);

const converted = new Map<string, Promise<string>>();

/** Path of a checkpoint as GGUF; converted once for each type and worker. */
export function convertedModel(name: CheckpointName, type: WeightType): Promise<string> {
  const key = `${name}-${type}`;
  let model = converted.get(key);
  if (!model) {
    const output = path.join(TEST_MODELS, `${key}.gguf`);
    mkdirSync(TEST_MODELS, { recursive: true });
    model = convert({ source: checkpointFolder(name), output, type, overwrite: true }).then(
      () => output,
    );
    converted.set(key, model);
  }
  return model;
}

/** For endlessModel: tokens that take seconds, even where one takes less than a tenth of a millisecond. */
export const LONG = { maxTokens: 30_000 };
let endless: Promise<string> | undefined;

/** Path of a model that does not stop by itself, whatever it sees, with room for `LONG`. */
export function endlessModel(): Promise<string> {
  endless ??= convertEndless(path.join(TEST_MODELS, 'endless.gguf'));
  return endless;
}

async function convertEndless(output: string): Promise<string> {
  mkdirSync(TEST_MODELS, { recursive: true });
  await convert({
    source: checkpointFolder('tiny-paligemma1'),
    output,
    type: 'f32',
    contextLength: 32_768,
    overwrite: true,
  });
  return withoutEnd(output, output);
}

/** The demo model, but that it does not stop: all of its answers are as long as they may be. Written to `output`. */
export function endlessDemoModel(output: string): string {
  return withoutEnd(DEMO_MODEL, output);
}

/** Zeros in place of the token that ends an answer: of all logits, it has the largest never. */
function withoutEnd(file: string, output: string): string {
  const model = readGguf(file);
  const end = model.keys.get('tokenizer.ggml.eos_token_id') as number;
  const { shape, padded } = model.tensors.get('token_embd.weight') as GgufTensor;
  const bytes = padded.length / (shape[1] as number);
  padded.fill(0, end * bytes, (end + 1) * bytes);
  writeFileSync(output, changedGguf(model, {}));
  return output;
}

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The F32 and I32 tensors of a safetensors file. For fixtures of ours; the strict reader is src/convert/safetensors.ts. */
export function readSafetensors(file: string): Map<string, Tensor> {
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString('utf8')) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets: range }] of Object.entries(header)) {
    if (dtype !== 'F32' && dtype !== 'I32') continue;
    const raw = Uint8Array.from(
      bytes.subarray(8 + headerBytes + range[0], 8 + headerBytes + range[1]),
    );
    const data =
      dtype === 'F32'
        ? new Float32Array(raw.buffer)
        : Float32Array.from(new Int32Array(raw.buffer));
    tensors.set(name, { shape, data });
  }
  return tensors;
}

/** The difference between two tensors in units of the expected one's root mean square: the largest, and its own RMS. */
export function tensorError(
  actual: Float32Array,
  expected: Float32Array,
): { max: number; rms: number } {
  if (actual.length !== expected.length) return { max: Number.NaN, rms: Number.NaN };
  let max = 0;
  let squares = 0;
  let differences = 0;
  for (const [i, e] of expected.entries()) {
    const difference = Math.abs((actual[i] as number) - e);
    max = Math.max(max, difference);
    differences += difference * difference;
    squares += e * e;
  }
  const scale = Math.sqrt(squares / expected.length);
  return { max: max / scale, rms: Math.sqrt(differences / expected.length) / scale };
}
