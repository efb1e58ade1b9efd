/** How large a drawing is: the picture alone, or enlarged and with room around it, so that letters can be read. */
import type { Box, ImageSize } from '../results/types.js';

/** What is drawn on. Lengths are in pixels of the picture, whatever it is enlarged by. */
export interface Canvas {
  readonly picture: ImageSize;
  /** Pixels of the drawing for one of the picture. */
  readonly scale: number;
  /** All of the drawing; the picture is from 0, 0 to its size. */
  readonly frame: Box;
}

/** Pictures whose longer side is shorter than this are enlarged, by a whole factor, to it or somewhat beyond. */
const LONG_ENOUGH = 600;
/** Shorter sides than this many letters are high leave no room for labels beside things. */
const SIDE_IN_LETTERS = 5;
/** Room around such a picture, in heights of a letter. */
const ROOM_IN_LETTERS = 3;

/** Width of some words. */
const WORDS_IN_LETTERS = 16;

/** Of the size of the picture. */
export function plainCanvas(picture: ImageSize): Canvas {
  const { width, height } = picture;
  return { picture, scale: 1, frame: { xmin: 0, ymin: 0, xmax: width, ymax: height } };
}

/** Small pictures enlarged, long narrow ones with room along them for labels. */
export function roomyCanvas(picture: ImageSize): Canvas {
  const { width, height } = picture;
  const scale = Math.max(1, Math.ceil(LONG_ENOUGH / Math.max(width, height)));
  const letter = wantedFontSize(picture, scale);
  const room = (side: number): number =>
    side < SIDE_IN_LETTERS * letter ? Math.ceil(ROOM_IN_LETTERS * letter) : 0;
  const [x, y] = [room(width), room(height)];
  return { picture, scale, frame: { xmin: -x, ymin: -y, xmax: width + x, ymax: height + y } };
}

/** 11 pixels on a drawing of 224, 79 on one of 4000; in pixels of the picture. */
export function wantedFontSize({ width, height }: ImageSize, scale: number): number {
  return (7 + 0.018 * Math.sqrt(width * height) * scale) / scale;
}

/** The canvas with room for lines of text under it, and wide enough for some words. */
export function withBand(canvas: Canvas, height: number): Canvas {
  const { frame } = canvas;
  return { ...canvas, frame: { ...frame, ymax: frame.ymax + height } };
}

/** Widened to the right until a few words fit on a line. */
export function wideEnough(canvas: Canvas, letter: number): Canvas {
  const { frame } = canvas;
  const xmax = Math.max(frame.xmax, frame.xmin + Math.ceil(WORDS_IN_LETTERS * letter));
  return { ...canvas, frame: { ...frame, xmax } };
}

/** Pixels of the drawing. */
export function canvasSize({ frame, scale }: Canvas): ImageSize {
  return {
    width: Math.round((frame.xmax - frame.xmin) * scale),
    height: Math.round((frame.ymax - frame.ymin) * scale),
  };
}
