/** Results in Roboflow's terms. */
import { randomUUID } from 'node:crypto';
import {
  annotate,
  type Detection,
  type ImageInput,
  type ImageSize,
  type Segment,
  toRoboflow,
} from '../../../index.js';
import type { ResultOf } from '../../../tasks/registry.js';
import type { SentPicture } from '../../service.js';

interface Boxes {
  readonly image: ImageSize;
  readonly labels: readonly string[];
}

/** So many with the best scores, in their order. */
export function bestOf(found: readonly (Detection | Segment)[], max: number) {
  const best = new Set([...found].sort((a, b) => b.score - a.score).slice(0, max));
  return found.filter((one) => best.has(one));
}

/** Numbers of classes are places in the labels that were asked for. */
export function boxesAnswer(
  { image, labels }: Boxes,
  found: readonly (Detection | Segment)[],
  maskFormat?: 'polygon' | 'rle',
) {
  return toRoboflow(found, image, { classes: labels, maskFormat });
}

/** Those that are at least so probable, the most probable first. */
export function classesAnswer(
  { image, distribution, label, score }: ResultOf<'classify'>,
  labels: readonly string[],
  minimum: number,
) {
  const predictions = distribution
    .filter(({ probability }) => probability >= minimum)
    .map(({ label: name, probability }) => ({
      ...{ class: name, class_id: labels.indexOf(name), confidence: probability },
    }));
  return { image, predictions, top: label, confidence: score };
}

/** What every answer begins with. `begin`: when it was begun, as performance.now() has it. */
export function headOf(begin: number) {
  return { inference_id: randomUUID(), time: (performance.now() - begin) / 1000 };
}

interface Drawing {
  readonly visualization_labels: boolean;
  readonly visualization_stroke_width: number;
  readonly disable_preproc_auto_orient: boolean;
}

/** The picture with the answer drawn in, as clients expect it: JPEG in base64. */
export async function visualization(
  picture: SentPicture,
  objects: readonly (Detection | Segment)[],
  drawing: Drawing,
  more: { readonly caption?: string; readonly signal: AbortSignal; readonly maxPixels: number },
): Promise<string> {
  // Of a request it is always bytes.
  const bytes = await annotate(picture as ImageInput, objects, {
    ...{ format: 'jpeg', ...more },
    showLabels: drawing.visualization_labels,
    lineWidth: drawing.visualization_stroke_width,
    upright: !drawing.disable_preproc_auto_orient,
  });
  return Buffer.from(bytes).toString('base64');
}
