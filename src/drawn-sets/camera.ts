/** A photograph of a scene: perspective, light, dirt, blur, noise, contrast, compression. Never so much that a person cannot read it. */
import { loadSharp } from '../load-sharp.js';
import { Random } from './random.js';
import type { Conditions, Scene } from './scene.js';
import { clamp, type Pixels, surfaceOf } from './surface.js';
import { anyOrigin, cloud } from './waves.js';

/** The scene has this many pixels for one of the picture, along each side. */
const FINER = 2;

export interface Photograph {
  readonly picture: Buffer;
  readonly width: number;
  readonly height: number;
}

export async function photograph(scene: Scene, random: Random): Promise<Photograph> {
  const [low, high] = scene.letterPixels;
  const letter = random.between(low, high);
  const { keep } = scene;
  const wanted = letter / scene.letter;
  const width = Math.round((keep.xmax - keep.xmin) * wanted);
  const height = Math.round((keep.ymax - keep.ymin) * wanted);
  const strength = strengths(scene.conditions, random);
  const corners = seenFrom(scene, strength.tilt, random);
  const surface = await surfaceOf(scene, FINER * wanted, random);
  const seen = project(surface, scene, corners, width, height);
  expose(seen, width, strength, random);
  // Blurred letters can be read when the blur is much smaller than they are.
  const sigma = 0.02 * letter * (0.4 + 2.4 * strength.blur);
  const raw = { raw: { width, height, channels: 3 as const } };
  const soft = sigma < 0.3 ? seen : await loadSharp()(seen, raw).blur(sigma).raw().toBuffer();
  develop(soft, strength, random);
  const quality = Math.round(92 - 58 * strength.jpeg);
  const picture = await loadSharp()(soft, raw).jpeg({ quality }).toBuffer();
  return { picture, width, height };
}

/** How much of each effect: mostly little; all together never much. */
function strengths(most: Conditions, random: Random): Conditions {
  const names = Object.keys(most) as (keyof Conditions)[];
  const drawn = names.map((name) => {
    const share = random.share();
    return [name, most[name] * share * share] as const;
  });
  const harmful = drawn.reduce((sum, [name, value]) => (name === 'tilt' ? sum : sum + value), 0);
  const factor = Math.min(1, 1.6 / Math.max(harmful, 0.001));
  return Object.fromEntries(
    drawn.map(([name, value]) => [name, name === 'tilt' ? Math.sqrt(value) : value * factor]),
  ) as unknown as Conditions;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

type Corners = readonly [Point, Point, Point, Point];

/** Which points of the scene the corners of the picture show: top left, top right, bottom right, bottom left. */
function seenFrom({ width, height, keep }: Scene, tilt: number, random: Random): Corners {
  const x = (edge: number, outer: number): number => edge + (outer - edge) * tilt * random.share();
  return [
    { x: x(keep.xmin, 0), y: x(keep.ymin, 0) },
    { x: x(keep.xmax, width), y: x(keep.ymin, 0) },
    { x: x(keep.xmax, width), y: x(keep.ymax, height) },
    { x: x(keep.xmin, 0), y: x(keep.ymax, height) },
  ];
}

type Homography = readonly [
  ...[a: number, b: number, c: number],
  ...[d: number, e: number, f: number],
  ...[g: number, h: number],
];

/** Heckbert, "Fundamentals of Texture Mapping and Image Warping" (1989), section 2.2.3: unit square to quadrilateral. */
function homography(corners: Corners): Homography {
  const [p0, p1, p2, p3] = corners;
  const dx1 = p1.x - p2.x;
  const dx2 = p3.x - p2.x;
  const dy1 = p1.y - p2.y;
  const dy2 = p3.y - p2.y;
  const sx = p0.x - p1.x + p2.x - p3.x;
  const sy = p0.y - p1.y + p2.y - p3.y;
  const whole = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / whole;
  const h = (dx1 * sy - sx * dy1) / whole;
  return [
    p1.x - p0.x + g * p1.x,
    p3.x - p0.x + h * p3.x,
    p0.x,
    p1.y - p0.y + g * p1.y,
    p3.y - p0.y + h * p3.y,
    p0.y,
    g,
    h,
  ];
}

/** Each pixel is the mean of four samples, each between four pixels of the surface. */
function project(
  surface: Pixels,
  scene: Scene,
  corners: Corners,
  width: number,
  height: number,
): Buffer {
  const [a, b, c, d, e, f, g, h] = homography(corners);
  const data = Buffer.alloc(3 * width * height);
  const toX = surface.width / scene.width;
  const toY = surface.height / scene.height;
  const { data: from, width: across } = surface;
  const mostX = across - 1.001;
  const mostY = surface.height - 1.001;
  const half = [0.25, 0.75];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (const t of half) {
        const v = (row + t) / height;
        for (const s of half) {
          const u = (column + s) / width;
          const w = 1 / (g * u + h * v + 1);
          const x = Math.min(mostX, Math.max(0, (a * u + b * v + c) * w * toX - 0.5));
          const y = Math.min(mostY, Math.max(0, (d * u + e * v + f) * w * toY - 0.5));
          const i = Math.floor(x);
          const j = Math.floor(y);
          const p = x - i;
          const q = y - j;
          const at = 3 * (j * across + i);
          const below = at + 3 * across;
          const k00 = (1 - p) * (1 - q);
          const k10 = p * (1 - q);
          const k01 = (1 - p) * q;
          const k11 = p * q;
          red +=
            k00 * (from[at] as number) +
            k10 * (from[at + 3] as number) +
            k01 * (from[below] as number) +
            k11 * (from[below + 3] as number);
          green +=
            k00 * (from[at + 1] as number) +
            k10 * (from[at + 4] as number) +
            k01 * (from[below + 1] as number) +
            k11 * (from[below + 4] as number);
          blue +=
            k00 * (from[at + 2] as number) +
            k10 * (from[at + 5] as number) +
            k01 * (from[below + 2] as number) +
            k11 * (from[below + 5] as number);
        }
      }
      const i = 3 * (row * width + column);
      data[i] = clamp(red / 4);
      data[i + 1] = clamp(green / 4);
      data[i + 2] = clamp(blue / 4);
    }
  }
  return data;
}

const DIRT = [
  [96, 84, 66],
  [58, 54, 50],
  [128, 118, 98],
] as const;

/** Light, a shadow, a bright spot, dirt. */
function expose(data: Buffer, width: number, strength: Conditions, random: Random): void {
  const height = data.length / 3 / width;
  const side = Math.max(width, height);
  const lx = random.between(-1, 1) * 0.6 * strength.light;
  const ly = random.between(-1, 1) * 0.6 * strength.light;
  const shadow = 0.5 * strength.shadow;
  const edge = {
    x: random.between(0, width),
    slant: random.between(-1.5, 1.5),
    side: random.chance(0.5),
  };
  const spot = { x: random.between(0, width), y: random.between(0, height) };
  const glare = 150 * strength.glare;
  const reach = side * random.between(0.12, 0.3);
  const clean = 0.76 - 0.26 * strength.dirt;
  const most = Math.min(0.55, 4 * strength.dirt);
  const dirtOrigin = anyOrigin(random);
  const dirt = random.of(DIRT);
  const speck = 15 / side;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let light = 1 + lx * (x / width - 0.5) + ly * (y / height - 0.5);
      if (shadow > 0) {
        const across = (x - edge.x - edge.slant * (y - height / 2)) * (edge.side ? 1 : -1);
        light *= 1 - shadow * Math.min(1, Math.max(0, 0.5 + across / (0.06 * side)));
      }
      const far = ((x - spot.x) ** 2 + (y - spot.y) ** 2) / (reach * reach);
      const bright = glare / (1 + far * far);
      const soil =
        strength.dirt === 0 ? 0 : Math.max(0, cloud(dirtOrigin, x * speck, y * speck) - clean);
      const cover = Math.min(most, 4 * soil);
      const i = 3 * (y * width + x);
      for (let c = 0; c < 3; c++) {
        const value = (data[i + c] as number) * (1 - cover) + (dirt[c] as number) * cover;
        data[i + c] = clamp(value * light + bright);
      }
    }
  }
}

/** Numbers around 0 with a spread of 1: sums of four even ones. Made with the first picture, each starts elsewhere. */
let grain: Float32Array | undefined;

/** Contrast, tint and noise of the sensor. */
function develop(data: Buffer, strength: Conditions, random: Random): void {
  grain ??= noise();
  const contrast = 1 - 0.55 * strength.fade;
  const base = random.between(70, 150);
  const warm = random.between(-1, 1) * 0.08;
  const tint = [1 + warm, 1, 1 - warm];
  const isGrey = random.chance(0.06);
  const level = 1.2 + 15 * strength.noise;
  let at = random.integer(0, grain.length - 1);
  for (let i = 0; i < data.length; i += 3) {
    const common = grain[at++ % grain.length] as number;
    const mean = isGrey
      ? 0.3 * (data[i] as number) + 0.59 * (data[i + 1] as number) + 0.11 * (data[i + 2] as number)
      : 0;
    for (let c = 0; c < 3; c++) {
      const value = isGrey ? mean : (data[i + c] as number) * (tint[c] as number);
      const own = isGrey ? 0 : (grain[at++ % grain.length] as number);
      data[i + c] = clamp(base + (value - base) * contrast + level * (0.8 * common + 0.4 * own));
    }
  }
}

function noise(): Float32Array {
  const random = new Random('grain');
  // A sum of four has a variance of 4/12.
  return Float32Array.from({ length: 65_521 }, () => {
    const sum = random.share() + random.share() + random.share() + random.share();
    return (sum - 2) * Math.sqrt(3);
  });
}
