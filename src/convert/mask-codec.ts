/**
 * The mask codec (VQ-VAE) of `vae-oid.npz`: its arrays with the published names and shapes, and their GGUF names (spec
 * section 7). There is one network for all checkpoints, so the shapes are constants.
 */
import type { TensorSpec } from './tensor-names.js';

const CODEBOOK = '_vq_vae._embedding';

/** [name, weight shape, bias length]: the rows of spec 7.1 and 7.3 in order. */
const LAYERS: readonly (readonly [string, readonly number[], number])[] = [
  ['decoder.0', [128, 512, 1, 1], 128],
  ...residual('decoder.2'),
  ...residual('decoder.3'),
  // Transposed convolutions: [in, out, height, width].
  ['decoder.4', [128, 128, 4, 4], 128],
  ['decoder.6', [128, 64, 4, 4], 64],
  ['decoder.8', [64, 32, 4, 4], 32],
  ['decoder.10', [32, 16, 4, 4], 16],
  ['decoder.12', [1, 16, 1, 1], 1],
  ['encoder.0', [16, 1, 4, 4], 16],
  ['encoder.2', [32, 16, 4, 4], 32],
  ['encoder.4', [64, 32, 4, 4], 64],
  ['encoder.6', [128, 64, 4, 4], 128],
  ...residual('encoder.8'),
  ...residual('encoder.9'),
  ['encoder.10', [512, 128, 1, 1], 512],
];

function residual(name: string): (readonly [string, readonly number[], number])[] {
  return [
    [`${name}.net.0`, [128, 128, 3, 3], 128],
    [`${name}.net.2`, [128, 128, 3, 3], 128],
    [`${name}.net.4`, [128, 128, 1, 1], 128],
  ];
}

function ggufName(array: string): string {
  if (array === CODEBOOK) return 'mask.codebook';
  return array.replace(/^decoder\./, 'mask.dec.').replace(/^encoder\./, 'mask.enc.');
}

/** All arrays of the codec in file order. */
export function maskCodecTensors(): TensorSpec[] {
  const row = (array: string, shape: readonly number[]): TensorSpec => ({
    name: ggufName(array),
    part: 'mask',
    role: 'plain',
    shape,
    huggingFace: '',
    bigVision: { path: array, shape, offset: 0 },
  });
  return [
    row(CODEBOOK, [128, 512]),
    ...LAYERS.flatMap(([name, weight, bias]) => [
      row(`${name}.weight`, weight),
      row(`${name}.bias`, [bias]),
    ]),
  ];
}

/** Arrays only training needs: the moving averages of the codebook. */
export function isTrainingState(array: string): boolean {
  return array.startsWith('_vq_vae.') && array !== CODEBOOK;
}
