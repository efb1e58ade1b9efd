/** What is drawn before it is photographed: flat, sharp and clean. The camera is in camera.ts. */
import type { Box } from '../results/types.js';
import type { Random } from './random.js';

/** Waves of brightness: fibres, rust, brushed metal. Lengths in units of the scene. */
export interface Grain {
  readonly x: number;
  readonly y: number;
  /** Part of the brightness, up and down. */
  readonly amount: number;
}

/** Heights, white is high, lit from the side: letters in rubber, waves of a steel wall. */
export interface Relief {
  readonly svg: string;
  /** Rounding of its edges in units of the scene. */
  readonly soften: number;
  /** Strength of its lights and shadows; 1 is strong. */
  readonly depth: number;
}

/** Most of each effect, 0 to 1. A picture has some of each, seldom much of several. */
export interface Conditions {
  /** Of the room around `keep` that the corners may use: the perspective. */
  readonly tilt: number;
  /** A side that is darker. */
  readonly light: number;
  /** A bright spot. */
  readonly glare: number;
  /** The edge of a shadow. */
  readonly shadow: number;
  readonly dirt: number;
  readonly blur: number;
  readonly noise: number;
  /** Less contrast. */
  readonly fade: number;
  /** Artefacts of JPEG. */
  readonly jpeg: number;
}

export const OUTDOORS: Conditions = {
  tilt: 1,
  light: 0.8,
  glare: 0.3,
  shadow: 0.7,
  dirt: 0.7,
  blur: 0.8,
  noise: 0.7,
  fade: 0.7,
  jpeg: 0.8,
};

export interface DrawnObject {
  readonly label: string;
  /** Units of the scene. */
  readonly box: Box;
}

export interface Scene {
  readonly width: number;
  readonly height: number;
  /** All pictures show this; around it, as much as there is, is room for the perspective. */
  readonly keep: Box;
  /** In units of the scene, from 0, 0. */
  readonly svg: string;
  readonly relief?: Relief;
  readonly grains?: readonly Grain[];
  /** Height of the smallest letter that is to be read, in units of the scene. */
  readonly letter: number;
  /** The same in pixels of the picture, lowest and highest. */
  readonly letterPixels: readonly [number, number];
  readonly conditions: Conditions;
  /** What is right, by kind of question. */
  readonly answers: Readonly<Record<string, string>>;
  /** What a question is about, by name: the dish whose price is asked. */
  readonly values?: Readonly<Record<string, string>>;
  /** Where things are; only of scenes that are seen straight (`keep` is all, no tilt). */
  readonly objects?: readonly DrawnObject[];
}

/** A kind of picture. */
export type Motif = (random: Random) => Scene;

/** A scene's middle part with a margin of that many units on each side. */
export function inside(width: number, height: number, x: number, y: number): Box {
  return { xmin: x, ymin: y, xmax: width - x, ymax: height - y };
}
