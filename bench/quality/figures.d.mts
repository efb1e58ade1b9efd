/** Types of figures.mjs, which tests written in TypeScript use too. */
import type { Box, Detection, ImageSize } from '../../src/results/types.js';

export interface Instance {
  readonly box: Box;
  readonly codes: readonly number[];
  readonly label: string;
}

export interface Figure {
  readonly value: number;
  readonly count: number;
  readonly pictures: number;
  readonly low: number;
  readonly high: number;
  readonly deviation: number;
}

export function parseInstances(text: string, size: ImageSize): Instance[];
export function boxIou(a: Box, b: Box): number;
export function maskIou(a: ArrayLike<number>, b: ArrayLike<number>): number;
export function matchBoxes(
  found: readonly Box[],
  truth: readonly Box[],
  threshold?: number,
): { readonly ious: number[]; readonly used: Set<number> };
export function judge<T extends Detection>(
  detections: readonly T[],
  objects: readonly { readonly color: string; readonly shape: string; readonly box: Box }[],
  asked: readonly string[],
): { readonly detection: T; readonly iou: number }[];
export function editDistance(a: string, b: string): number;
export function characterAccuracy(got: string, truth: string): number;

export class Tally {
  add(figure: string, picture: string, value: number | boolean): void;
  figure(name: string): Figure | undefined;
}
