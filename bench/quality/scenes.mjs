// Pictures the model has never seen, with their truth: scenes of coloured shapes and printed words, drawn as generator/shapes.py of
// the reference data draws them (same sizes, colours, backgrounds and rules, another random stream). Asking a model about
// them is quality.mjs.
//
// Seeds: the training pictures came from NumPy's PCG64 with small seeds; these come from xoshiro128**, so that no seed yields a
// picture of theirs. SEEDS keeps the uses apart: what a threshold was chosen on is never what it is shown on.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const SEEDS = {
  quality: 20_261_000,
  calibration: 20_262_000,
  tests: 20_263_000,
  options: 20_264_000,
  presence: 20_265_000,
};

/** Side of the square in which scenes are laid out; other sizes are the same scene, squashed. */
export const SIZE = 224;
export const COLORS = {
  red: [214, 40, 40],
  green: [46, 139, 60],
  blue: [36, 84, 200],
  yellow: [240, 200, 30],
  purple: [128, 48, 160],
  orange: [243, 124, 24],
  black: [24, 24, 24],
  white: [248, 248, 248],
};
export const SHAPES = ['circle', 'square', 'triangle', 'star'];
const COLOR_NAMES = Object.keys(COLORS);
const TRANSLATIONS = {
  es: {
    ...{ red: 'rojo', green: 'verde', blue: 'azul', yellow: 'amarillo', purple: 'morado' },
    ...{ orange: 'naranja', black: 'negro', white: 'blanco' },
    ...{ circle: 'círculo', square: 'cuadrado', triangle: 'triángulo', star: 'estrella' },
  },
  de: {
    ...{ red: 'rot', green: 'grün', blue: 'blau', yellow: 'gelb', purple: 'lila' },
    ...{ orange: 'orange', black: 'schwarz', white: 'weiß' },
    ...{ circle: 'Kreis', square: 'Quadrat', triangle: 'Dreieck', star: 'Stern' },
  },
};
const AND = { en: 'and', es: 'y', de: 'und' };
const WORDS =
  'STOP EXIT OPEN SALE TAX TOTAL PIZZA TAXI BUS CAFE HOTEL LOT SN ID NO KG MENU PAID'.split(' ');
const DIGITS = '0123456789';
const CODE_CHARACTERS = 'ABCDEFGHJKLMNPRSTUVWXYZ23456789';

/** A stream of random numbers of its own for each (seed, index): pictures can be drawn in any order. */
export class Random {
  #state = new Uint32Array(4);
  #spare;

  constructor(seed, index = 0) {
    // splitmix32 over both values, as the authors of xoshiro advise for its state.
    let z = (Math.imul(seed >>> 0, 0x9e3779b1) ^ Math.imul((index + 1) >>> 0, 0x85ebca6b)) >>> 0;
    for (let i = 0; i < 4; i++) {
      z = (z + 0x9e3779b9) >>> 0;
      let t = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
      this.#state[i] = t ^ (t >>> 15);
    }
  }

  /** xoshiro128** (Blackman, Vigna 2018). */
  #next() {
    const s = this.#state;
    const times5 = Math.imul(s[1], 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** 0 <= number < 1, with 53 bits. */
  float() {
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53;
  }

  uniform(low, high) {
    return low + (high - low) * this.float();
  }

  /** low <= integer < high. */
  integer(low, high) {
    return low + Math.floor(this.float() * (high - low));
  }

  /** Box and Muller, both values used. */
  normal(deviation) {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare * deviation;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()));
    const angle = 2 * Math.PI * this.float();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle) * deviation;
  }

  pick(list) {
    return list[this.integer(0, list.length)];
  }

  shuffled(list) {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }

  string(characters, length) {
    return Array.from({ length }, () => this.pick(characters)).join('');
  }
}

export const labelOf = (object) => `${object.color} ${object.shape}`;

/** All "colour shape" that none of the objects is. */
export function absentLabels(objects) {
  const there = new Set(objects.map(labelOf));
  return COLOR_NAMES.flatMap((color) => SHAPES.map((shape) => labelOf({ color, shape }))).filter(
    (label) => !there.has(label),
  );
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Plain, a gradient, or a gradient with squares of 8 pixels; fine noise over it. RGB of SIZE x SIZE. */
function background(random) {
  const kind = random.integer(0, 3);
  const base = [0, 1, 2].map(() => random.integer(120, 226));
  let other = base;
  let isVertical = false;
  if (kind > 0) {
    other = base.map((v) => clamp(v + random.integer(-60, 61), 60, 235));
    isVertical = random.float() < 0.5;
  }
  const cells = SIZE / 8;
  const blocks =
    kind === 2 ? Float32Array.from({ length: cells * cells * 3 }, () => random.normal(14)) : null;
  const data = new Uint8Array(SIZE * SIZE * 3);
  for (let y = 0, i = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const t = (isVertical ? y : x) / (SIZE - 1);
      const cell = ((y >> 3) * cells + (x >> 3)) * 3;
      for (let c = 0; c < 3; c++, i++) {
        const value = base[c] * (1 - t) + other[c] * t + (blocks?.[cell + c] ?? 0);
        data[i] = Math.floor(clamp(value + random.normal(3), 0, 255));
      }
    }
  }
  return data;
}

/** The same background in another size: the nearest pixel, so that shrinking restores it. */
function enlarge(data, width, height) {
  if (width === SIZE && height === SIZE) return data;
  const out = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * SIZE) / height) * SIZE;
    for (let x = 0; x < width; x++) {
      const from = (row + Math.floor(((x + 0.5) * SIZE) / width)) * 3;
      out[i++] = data[from];
      out[i++] = data[from + 1];
      out[i++] = data[from + 2];
    }
  }
  return out;
}

/** Corners of a shape in the SIZE x SIZE layout; a circle has none. */
function corners({ shape, cx, cy, r, rotation }) {
  const points =
    shape === 'square'
      ? [45, 135, 225, 315].map((a) => [a, r * 1.2])
      : shape === 'triangle'
        ? [-90, 30, 150].map((a) => [a, r * 1.15])
        : Array.from({ length: 10 }, (_, i) => [i * 36 - 90, r * (i % 2 === 0 ? 1.15 : 0.5)]);
  return points.map(([degrees, q]) => {
    const angle = ((degrees + rotation) * Math.PI) / 180;
    return [cx + q * Math.cos(angle), cy + q * Math.sin(angle)];
  });
}

/** Where the line `y` is inside the contours (non-zero winding): [x0, x1] pairs from left to right. */
function insideSpans(contours, y) {
  const crossings = [];
  for (const contour of contours) {
    for (let i = 0; i < contour.length; i++) {
      const [ax, ay] = contour[i];
      const [bx, by] = contour[(i + 1) % contour.length];
      if (ay <= y === by <= y) continue;
      crossings.push([ax + ((y - ay) * (bx - ax)) / (by - ay), ay < by ? 1 : -1]);
    }
  }
  crossings.sort((a, b) => a[0] - b[0]);
  const spans = [];
  let winding = 0;
  let start = 0;
  for (const [x, turn] of crossings) {
    if (winding === 0) start = x;
    winding += turn;
    if (winding === 0) spans.push([start, x]);
  }
  return spans;
}

/**
 * How much of each pixel is covered, 0 to 255: `factor` x `factor` samples per pixel, averaged (PIL's BOX filter).
 * `spansOf(y)` returns the first and last sample, both included, of each run on sample row `y`.
 */
function coverage(width, height, factor, spansOf) {
  const counts = new Uint16Array(width * height);
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (const [first, last] of spansOf(y)) {
      const end = Math.min(last, width * factor - 1);
      for (let x = Math.max(0, first); x <= end; x++) counts[row + Math.floor(x / factor)]++;
    }
  }
  const out = new Uint8Array(counts.length);
  const scale = 255 / (factor * factor);
  for (let i = 0; i < out.length; i++) out[i] = Math.round(counts[i] * scale);
  return out;
}

const SHAPE_FACTOR = 3;

/** Sample runs of a shape on a width x height picture. PIL cuts coordinates to integers and includes the outline. */
function shapeSpans(object, width, height) {
  const sx = (SHAPE_FACTOR * width) / SIZE;
  const sy = (SHAPE_FACTOR * height) / SIZE;
  if (object.shape === 'circle') {
    const { cx, cy, r } = object;
    const [x0, x1] = [Math.trunc((cx - r) * sx), Math.trunc((cx + r) * sx)];
    const [y0, y1] = [Math.trunc((cy - r) * sy), Math.trunc((cy + r) * sy)];
    const a = (x1 - x0 + 1) / 2;
    const b = (y1 - y0 + 1) / 2;
    return (y) => {
      if (y < y0 || y > y1) return [];
      const half = a * Math.sqrt(1 - ((y - (y0 + y1) / 2) / b) ** 2);
      const middle = (x0 + x1) / 2;
      return [[Math.ceil(middle - half), Math.floor(middle + half)]];
    };
  }
  const contour = corners(object).map(([x, y]) => [Math.trunc(x * sx), Math.trunc(y * sy)]);
  const top = Math.min(...contour.map(([, y]) => y));
  const bottom = Math.max(...contour.map(([, y]) => y));
  return (y) => {
    if (y < top || y > bottom) return [];
    // The lowest row belongs to the shape, but no edge crosses it.
    const spans = insideSpans([contour], Math.min(y, bottom - 1e-6));
    return spans.map(([a, b]) => [Math.round(a), Math.round(b)]);
  };
}

function paint(data, soft, color) {
  for (let i = 0; i < soft.length; i++) {
    if (soft[i] === 0) continue;
    for (let c = 0; c < 3; c++) {
      const at = i * 3 + c;
      data[at] = Math.round((data[at] * (255 - soft[i]) + color[c] * soft[i]) / 255);
    }
  }
}

/** Pixels that are more inside than outside, and the edges of their box. */
function maskAndBox(soft, width) {
  const mask = new Uint8Array(soft.length);
  for (let i = 0; i < mask.length; i++) mask[i] = soft[i] > 127 ? 1 : 0;
  const box = { xmin: Infinity, ymin: Infinity, xmax: 0, ymax: 0 };
  for (let i = mask.indexOf(1); i >= 0; i = mask.indexOf(1, i + 1)) {
    const x = i % width;
    const y = (i - x) / width;
    box.xmin = Math.min(box.xmin, x);
    box.ymin = Math.min(box.ymin, y);
    box.xmax = Math.max(box.xmax, x + 1);
    box.ymax = Math.max(box.ymax, y + 1);
  }
  return { mask, box };
}

/**
 * One to four shapes (or `count`) that do not touch, on a picture of any size. Returns raw pixels (width, height, channels, data)
 * and `objects`: color, shape, mask (0 or 1 per pixel) and box in pixels of this picture. Shapes that find no room are left
 * out, as are those too small for a pixel.
 */
export function scene(random, { count = undefined, width = SIZE, height = SIZE } = {}) {
  const data = enlarge(background(random), width, height);
  const wanted = count ?? random.integer(1, 5);
  const taken = [];
  const objects = [];
  for (let n = 0; n < wanted; n++) {
    const place = findPlace(random, taken);
    if (!place) continue;
    const kind = { shape: random.pick(SHAPES), color: random.pick(COLOR_NAMES) };
    const object = { ...place, ...kind, rotation: random.uniform(-18, 18) };
    const soft = coverage(width, height, SHAPE_FACTOR, shapeSpans(object, width, height));
    const ink = COLORS[object.color].map((v) => clamp(v + random.integer(-14, 15), 0, 255));
    paint(data, soft, ink);
    const found = maskAndBox(soft, width);
    if (found.box.xmax === 0) continue;
    objects.push({ color: object.color, shape: object.shape, ...found });
  }
  return { width, height, channels: 3, data, objects };
}

function findPlace(random, taken) {
  for (let attempt = 0; attempt < 40; attempt++) {
    const r = random.uniform(17, 44);
    const m = r * 1.25;
    const cx = random.uniform(m, SIZE - m);
    const cy = random.uniform(m, SIZE - m);
    const isFree = taken.every((t) => Math.max(Math.abs(cx - t.cx), Math.abs(cy - t.cy)) > m + t.m);
    if (!isFree) continue;
    taken.push({ cx, cy, m });
    return { cx, cy, r };
  }
  return undefined;
}

/** Pictures whose size or orientation goes wrong most easily; each is `scene` with true boxes and masks in its own pixels. */
export const VARIANTS = {
  plain: { width: SIZE, height: SIZE },
  wide: { width: 641, height: 219 },
  tiny: { width: 61, height: 43 },
  huge: { width: 4000, height: 3000 },
};

let font;

/** Loaded when first needed: the packages are for development only. */
function monospacedFont() {
  if (font) return font;
  const require = createRequire(import.meta.url);
  const { parse } = require('opentype.js');
  const bytes = readFileSync(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono-Bold.ttf'));
  font = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return font;
}

/** Height of capitals and digits by size in pixels, as FreeType's hinting rounds it. */
const CAP_HEIGHT = { 44: 32, 45: 33, 46: 34 };
const TEXT_FACTOR = 8;

/** Outlines as polygons in samples: x from the pen's position, baseline at a whole pixel, capitals of a whole height. */
function glyphContours(text, size, x, baseline) {
  const { unitsPerEm } = monospacedFont();
  const capUnits = monospacedFont().charToGlyph('H').getBoundingBox().y2;
  const stretch = CAP_HEIGHT[size] / ((capUnits * size) / unitsPerEm);
  const contours = [];
  let contour = [];
  const put = (px, py) =>
    contour.push([(x + px) * TEXT_FACTOR, (baseline + py * stretch) * TEXT_FACTOR]);
  let from = { x: 0, y: 0 };
  for (const step of monospacedFont().getPath(text, 0, 0, size, { hinting: false }).commands) {
    // Contours are closed, with or without a Z at their end.
    if (step.type === 'M') {
      contour = [];
      contours.push(contour);
    }
    if (step.type === 'Q') {
      // A quarter of a pixel is what eight samples can show; four lines per curve stay below that.
      for (let i = 1; i <= 4; i++) {
        const t = i / 4;
        const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
        put(a * from.x + b * step.x1 + c * step.x, a * from.y + b * step.y1 + c * step.y);
      }
    } else if (step.type !== 'Z') put(step.x, step.y);
    if (step.type !== 'Z') from = step;
  }
  return contours;
}

/** A number, a word with a number, or a code of three to seven characters. */
function randomText(random) {
  const kind = random.integer(0, 3);
  if (kind === 0) return random.string(DIGITS, random.integer(3, 8));
  if (kind === 2) return random.string(CODE_CHARACTERS, random.integer(3, 7));
  return `${random.pick(WORDS)} ${random.string(DIGITS, random.integer(1, 4))}`.slice(0, 7);
}

/** Printed text on a background: raw pixels (SIZE x SIZE), `text` and the box of its ink, about. */
export function printedText(random) {
  const text = randomText(random);
  const data = background(random);
  const size = random.integer(44, 47);
  const { ascender, unitsPerEm } = monospacedFont();
  const advance = (monospacedFont().charToGlyph('0').advanceWidth * size) / unitsPerEm;
  const right = Math.round(advance * text.length);
  const bottom = Math.round((ascender * size) / unitsPerEm);
  const top = bottom - CAP_HEIGHT[size] - 1;
  const column = 28 * random.integer(0, 8 - text.length + 1) + random.uniform(-1, 5);
  const x = Math.min(Math.max(0, column), SIZE - right - 1);
  const y = 28 * random.integer(1, 7) + 14 - (top + bottom) / 2 + random.uniform(-6, 6);
  const isDark = random.float() < 0.7;
  if (!isDark) {
    const plate = [x - 5, y + top - 5, x + right + 5, y + bottom + 5].map(Math.trunc);
    const runs = (row) => (row < plate[1] || row > plate[3] ? [] : [[plate[0], plate[2]]]);
    paint(data, coverage(SIZE, SIZE, 1, runs), [30, 34, 44]);
  }
  const contours = glyphContours(text, size, x, Math.floor(y) + bottom);
  const soft = coverage(SIZE, SIZE, TEXT_FACTOR, (row) =>
    insideSpans(contours, row + 0.5).map(([a, b]) => [Math.ceil(a - 0.5), Math.ceil(b - 0.5) - 1]),
  );
  paint(data, soft, isDark ? [20, 20, 26] : [245, 245, 240]);
  const box = { xmin: x, ymin: y + top, xmax: Math.min(SIZE, x + right), ymax: y + bottom };
  return { width: SIZE, height: SIZE, channels: 3, data, text, box };
}

function joined(parts, language) {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} ${AND[language]} ${parts.at(-1)}`;
}

/** What `caption {language}` should answer: all shapes from left to right. en, es or de. */
export function caption(objects, language = 'en') {
  const sorted = [...objects].sort((a, b) => a.box.xmin - b.box.xmin);
  const words = TRANSLATIONS[language];
  const parts = sorted.map((o) => {
    if (words) return `${words[o.shape]} ${words[o.color]}`;
    return `${/^[aeiou]/.test(o.color) ? 'an' : 'a'} ${labelOf(o)}`;
  });
  return joined(parts, language);
}

/** A box as four location tokens: y before x, round(c * 1023). */
export function locationTokens({ xmin, ymin, xmax, ymax }, { width, height }) {
  return [ymin / height, xmin / width, ymax / height, xmax / width]
    .map((c) => `<loc${String(clamp(Math.round(c * 1023), 0, 1023)).padStart(4, '0')}>`)
    .join('');
}

/** The objects that `detect label` should find, in the order of the training answers. */
export function matching(objects, label) {
  return objects
    .filter((o) => labelOf(o) === label || o.shape === label)
    .sort((a, b) => a.box.xmin - b.box.xmin || a.box.ymin - b.box.ymin);
}

/** Every question worth asking of a scene, with its right answer: [prompt, answer]. No masks: their codes are the model's. */
export function questions(random, { objects, width, height }) {
  const labels = [...new Set(objects.map(labelOf))];
  const shapes = objects.map((o) => o.shape);
  const instances = (label) =>
    matching(objects, label).map((o) => `${locationTokens(o.box, { width, height })} ${label}`);
  const detect = (list) => [`detect ${list.join(' ; ')}`, list.flatMap(instances).join(' ; ')];
  const out = [...new Set([...labels, ...shapes])].map((label) => detect([label]));
  if (labels.length > 1) {
    out.push(detect(random.shuffled(labels).slice(0, 2)), detect(random.shuffled(labels)));
  }
  const all = COLOR_NAMES.flatMap((color) => SHAPES.map((shape) => `${color} ${shape}`));
  const absent = all.filter((label) => !labels.includes(label));
  out.push(detect([random.pick(absent)]));
  for (const language of ['en', 'en', 'es', 'de']) {
    out.push([`caption ${language}`, caption(objects, language)]);
  }
  const ask = (question, answer) => out.push([`answer en ${question}`, answer]);
  const count = (shape) => shapes.filter((s) => s === shape).length;
  ask('how many shapes are there?', String(objects.length));
  for (const s of [random.pick(SHAPES), shapes[0]]) {
    ask(`how many ${s}s are there?`, String(count(s)));
  }
  for (const s of SHAPES.filter((shape) => count(shape) === 1)) {
    ask(`what color is the ${s}?`, objects.find((o) => o.shape === s).color);
  }
  ask(`is there a ${labelOf(random.pick(objects))}?`, 'yes');
  ask(`is there a ${random.pick(absent)}?`, 'no');
  return out;
}

/** The file that a viewer shows as `picture`, but which is stored turned: EXIF orientation 1 to 8, JPEG. */
export async function exifRotated(picture, orientation, quality = 95) {
  const { width, height, data } = picture;
  const isSwapped = orientation >= 5;
  const [w, h] = isSwapped ? [height, width] : [width, height];
  const stored = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = STORED_AT[orientation](x, y, width - 1, height - 1);
      stored.set(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), (v * w + u) * 3);
    }
  }
  const { default: sharp } = await import('sharp');
  return sharp(stored, { raw: { width: w, height: h, channels: 3 } })
    .withMetadata({ orientation })
    .jpeg({ quality, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** Column and row in the file of the pixel shown at (x, y) of a picture whose last column and row are r and b. */
const STORED_AT = {
  1: (x, y) => [x, y],
  2: (x, y, r) => [r - x, y],
  3: (x, y, r, b) => [r - x, b - y],
  4: (x, y, _r, b) => [x, b - y],
  5: (x, y) => [y, x],
  6: (x, y, r) => [y, r - x],
  7: (x, y, r, b) => [b - y, r - x],
  8: (x, y, _r, b) => [b - y, x],
};

export async function png(picture) {
  const { default: sharp } = await import('sharp');
  const { data, width, height } = picture;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
