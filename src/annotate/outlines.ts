/** The outlines of a mask for a drawing, holes included. Tracing and simplifying are results/polygons.ts's. */
import type { Mask } from '../results/mask.js';
import { fillPolygons, type Polygon, polygonsOf } from '../results/polygons.js';

/** Pixels by which the drawing may leave the pixel edges: enough to turn their stairs into slopes. */
const TOLERANCE = 1;

/**
 * Outlines of the pieces, of the holes in them, of the islands in the holes and so on, in pixels of the picture, to be
 * filled by the even-odd rule. Nothing is left out. `Mask.toPolygons` would cover the holes: COCO cannot say them.
 */
export function maskOutlines(mask: Mask): readonly Polygon[] {
  const { box } = mask;
  const outlines: Polygon[] = [];
  let layer = mask.data;
  for (;;) {
    const exact = polygonsOf(layer, box, { tolerance: 0, minShare: 0 });
    if (exact.length === 0) return outlines;
    outlines.push(...polygonsOf(layer, box, { tolerance: TOLERANCE, minShare: 0 }));
    // What the outlines cover beyond the layer is its holes, with the islands in them cut out: the next layer.
    const covered = new Uint8Array(layer.length);
    fillPolygons(exact, box, covered);
    for (let i = 0; i < layer.length; i++) if (layer[i] === 1) covered[i] = 0;
    layer = covered;
  }
}
