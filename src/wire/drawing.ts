/** What of an answer can be drawn: every front draws the same. */
import type { Segment } from '../results/mask.js';
import type { Detection } from '../results/types.js';
import type { AnswerKind } from '../tasks/registry.js';
import { readableRows } from './rows.js';

/** What `annotate` takes: things at their places, or none and a text under the picture. */
export interface Drawing {
  readonly objects: readonly (Detection | Segment)[];
  readonly caption?: string;
}

export function drawingOf(kind: AnswerKind, result: object): Drawing {
  const { detections, segments, consensus } = result as {
    readonly detections?: readonly Detection[];
    readonly segments?: readonly Segment[];
    /** Of phrasings: a text, or boxes. */
    readonly consensus?: string | readonly Detection[];
  };
  const objects = segments ?? detections ?? (typeof consensus === 'string' ? undefined : consensus);
  if (objects !== undefined) return { objects };
  const lines = readableRows(kind, result).map((row) => row.join(': '));
  return { objects: [], caption: lines.join('\n') };
}
