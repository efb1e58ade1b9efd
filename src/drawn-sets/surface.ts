/** The scene as pixels: its drawing, with the light on its relief and the grain of its material. */
import { loadSharp } from '../load-sharp.js';
import type { Random } from './random.js';
import type { Grain, Scene } from './scene.js';
import { px } from './shapes.js';
import { anyOrigin, type Origin, WaveRows } from './waves.js';

/** Interleaved RGB. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Buffer;
}

/** `scale`: pixels of a unit of the scene. */
export async function surfaceOf(scene: Scene, scale: number, random: Random): Promise<Pixels> {
  const { data, info } = await rasterised(scene, scene.svg, scale).raw().toBuffer({
    resolveWithObject: true,
  });
  const { width, height } = info;
  if (scene.relief !== undefined) await shade(data, scene, scene.relief, scale, random);
  for (const grain of scene.grains ?? []) grind(data, width, grain, scale, anyOrigin(random));
  return { width, height, data };
}

function rasterised({ width, height }: Scene, svg: string, scale: number) {
  const size = `width="${Math.round(width * scale)}" height="${Math.round(height * scale)}"`;
  const view = `viewBox="0 0 ${px(width)} ${px(height)}" preserveAspectRatio="none"`;
  const document = `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${view}>${svg}</svg>`;
  return loadSharp()(Buffer.from(document)).flatten({ background: '#808080' }).removeAlpha();
}

/** Brighter where the surface turns to the light, darker where it turns away. */
async function shade(
  data: Buffer,
  scene: Scene,
  { svg, soften, depth }: NonNullable<Scene['relief']>,
  scale: number,
  random: Random,
): Promise<void> {
  // sharp blurs by at least 0.3.
  const { data: heights, info } = await rasterised(scene, svg, scale)
    .greyscale()
    .blur(Math.max(0.3, soften * scale))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  // From above, somewhat from one side.
  const lx = random.between(-0.8, 0.8);
  const strength = depth * soften * scale;
  for (let y = 0; y < height; y++) {
    const up = Math.max(0, y - 1) * width;
    const down = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x++) {
      const left = y * width + Math.max(0, x - 1);
      const right = y * width + Math.min(width - 1, x + 1);
      const dx = (heights[right * channels] as number) - (heights[left * channels] as number);
      const dy =
        (heights[(down + x) * channels] as number) - (heights[(up + x) * channels] as number);
      const light = strength * (dy + lx * dx);
      if (light === 0) continue;
      const at = 3 * (y * width + x);
      for (let c = at; c < at + 3; c++) {
        const value = data[c] as number;
        data[c] = clamp(value + light * (0.35 + value / 255));
      }
    }
  }
}

function grind(data: Buffer, width: number, { x, y, amount }: Grain, scale: number, at: Origin) {
  const rows = new WaveRows(at, width, 1 / (x * scale));
  const waves = new Float32Array(width);
  const height = data.length / 3 / width;
  let i = 0;
  for (let row = 0; row < height; row++) {
    rows.row(row / (y * scale), waves);
    for (let column = 0; column < width; column++, i += 3) {
      const factor = 1 + amount * (2 * (waves[column] as number) - 1);
      data[i] = clamp((data[i] as number) * factor);
      data[i + 1] = clamp((data[i + 1] as number) * factor);
      data[i + 2] = clamp((data[i + 2] as number) * factor);
    }
  }
}

export function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : (value + 0.5) | 0;
}
