/**
 * What tasks find in a picture: boxes and detections. Plain data, without the model that made them; masks and segments are
 * in mask.ts, conversions to other tools' formats in formats/.
 */

/** Edges in pixels of the upright original picture, not rounded; 0 is the left or top edge of the first pixel. */
export interface Box {
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
}

/** Size of the upright original picture in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** `L`: the labels that it may have. */
export interface Detection<L extends string = string> {
  readonly label: L;
  /** How likely this detection is right, 0 to 1; the formula is in docs/tasks.md. */
  readonly score: number;
  readonly box: Box;
}
