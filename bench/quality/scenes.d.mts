/** Types of scenes.mjs, which tests written in TypeScript use too. */
import type { Box, ImageSize } from '../../src/results/types.js';

export const SEEDS: {
  readonly quality: number;
  readonly calibration: number;
  readonly tests: number;
  readonly options: number;
  readonly presence: number;
};
export const SIZE: number;
export const COLORS: Readonly<Record<string, readonly [number, number, number]>>;
export const SHAPES: readonly string[];

export class Random {
  constructor(seed: number, index?: number);
  float(): number;
  uniform(low: number, high: number): number;
  integer(low: number, high: number): number;
  normal(deviation: number): number;
  pick<T>(list: readonly T[]): T;
  shuffled<T>(list: readonly T[]): T[];
  string(characters: string, length: number): string;
}

/** Raw pixels as the package takes them. */
export interface RgbPicture extends ImageSize {
  readonly data: Uint8Array;
  readonly channels: 3;
}

export interface SceneObject {
  readonly color: string;
  readonly shape: string;
  readonly box: Box;
  /** 0 or 1 for each pixel of the picture. */
  readonly mask: Uint8Array;
}

export interface Scene extends RgbPicture {
  readonly objects: readonly SceneObject[];
}

export interface PrintedText extends RgbPicture {
  readonly text: string;
  readonly box: Box;
}

type Named = Pick<SceneObject, 'color' | 'shape'>;

export function labelOf(object: Named): string;
export function absentLabels(objects: readonly Named[]): string[];
export function scene(
  random: Random,
  options?: { readonly count?: number; readonly width?: number; readonly height?: number },
): Scene;
export const VARIANTS: Readonly<Record<'plain' | 'wide' | 'tiny' | 'huge', ImageSize>>;
export function printedText(random: Random): PrintedText;
export function caption(
  objects: readonly (Named & { readonly box: Box })[],
  language?: 'en' | 'es' | 'de',
): string;
export function locationTokens(box: Box, size: ImageSize): string;
export function matching<T extends Named & { readonly box: Box }>(
  objects: readonly T[],
  label: string,
): T[];
export function questions(
  random: Random,
  scene: Pick<Scene, 'objects' | 'width' | 'height'>,
): [prompt: string, answer: string][];
export function exifRotated(
  picture: RgbPicture,
  orientation: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8,
  quality?: number,
): Promise<Buffer>;
export function png(picture: RgbPicture): Promise<Buffer>;
