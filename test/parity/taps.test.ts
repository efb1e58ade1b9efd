/** Every intermediate of the reference, layer by layer: prefill and, token by token, decode. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CheckpointName,
  cases,
  checkpointFolder,
  convertedModel,
  pixelsOf,
  taps,
  tensorError,
} from '../support/models.js';
import { needsReference } from '../support/needs.js';
import { TracedModel } from '../support/trace.js';

const MODES = [
  // f32 weights and cache, exact GELU: what is left is the order of accumulation. Bounds the largest difference.
  { label: 'with the exact GELU', exactGelu: true, measure: 'max', tolerance: 1e-4 },
  // ggml's CPU looks GELU up in a table of half-precision values, whose spacing is 2^-11 of the value. It enters the MLP
  // of every block of the vision tower and every layer of the language model. Bounds the RMS of the difference.
  {
    label: 'with the half-precision GELU table',
    exactGelu: false,
    measure: 'rms',
    tolerance: 1e-3,
  },
] as const;

for (const name of [
  'tiny-paligemma1',
  'tiny-paligemma2',
  'shapes-mix-224',
] satisfies CheckpointName[]) {
  describe(name, needsReference(checkpointFolder(name)), () => {
    for (const { label, exactGelu, measure, tolerance } of MODES) {
      describe(label, () => {
        let model: TracedModel;
        beforeAll(async () => {
          model = await TracedModel.load(await convertedModel(name, 'f32'), { exactGelu });
        });
        afterAll(() => model.dispose());

        for (const c of cases(name).filter((c) => c.taps)) {
          test(`every tap of ${c.image} "${c.prompt}" within ${tolerance} of its RMS`, async () => {
            const pixels = await pixelsOf(c.image, model.info.imageSize);
            const ours = await model.trace(pixels, c.prefix_ids, c.taps_suffix_ids ?? []);
            const expected = taps(name, c.taps ?? '');
            const errors = Object.fromEntries(
              [...expected].map(([tap, t]) => [
                tap,
                tensorError(ours[tap]?.data ?? new Float32Array(), t.data)[measure],
              ]),
            );
            expect(Object.keys(errors).length).toBeGreaterThan(9);
            expect(Object.entries(errors).filter(([, e]) => !(e <= tolerance))).toEqual([]);
          });
        }
      });
    }
  });
}
