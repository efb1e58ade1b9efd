// Writes the outlines that text on pictures is drawn with, in src and their copies in lib: those of labels
// (src/annotate/glyphs.json), and those of the drawn data sets (src/drawn-sets/fonts). They come from fonts in
// devDependencies, so that the published package needs neither the fonts nor a parser. Nothing happens when the right
// file is there already. How text is set is in src/annotate/glyph-font.ts.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, ROOT, say } from './lib.mjs';

/** Units of the em in the file; a label of 100 pixels is then off by at most 0.05. */
const UNITS = 1024;
/** What labels may say. First and last code point of each range, both included. */
const LABELS = [
  [0x20, 0x7e], // ASCII
  [0xa1, 0xff], // Latin-1
  [0x100, 0x17f], // Latin Extended-A
  [0x18f, 0x192], // schwa, florin
  [0x1a0, 0x1b0], // Vietnamese horns
  [0x1e0, 0x1e3], // some of Latin Extended-B
  [0x218, 0x21b], // Romanian commas below
  [0x259, 0x259],
  [0x2bb, 0x2bc], // modifier apostrophes
  [0x2c6, 0x2dd], // spacing diacritics
  [0x370, 0x3ff], // Greek
  [0x400, 0x45f], // Cyrillic
  [0x48a, 0x4ff], // Cyrillic of further languages
  [0x1e80, 0x1e85], // Welsh
  [0x1e9e, 0x1e9e], // capital sharp s
  [0x1ea0, 0x1ef9], // Vietnamese
  [0x2010, 0x2027], // punctuation
  [0x2030, 0x205e],
  [0x2070, 0x208e], // superscripts, subscripts
  [0x20a0, 0x20bf], // currencies
  [0x2116, 0x2116],
  [0x2122, 0x2122],
  [0x2126, 0x2126],
  [0x2150, 0x215e], // fractions
  [0x2190, 0x2199], // arrows
  [0x21d0, 0x21d5],
  [0x2200, 0x221e], // mathematics
  [0x2248, 0x2248],
  [0x2260, 0x2265],
  [0x25a0, 0x25a1], // geometric shapes
  [0x25b2, 0x25bd],
  [0x25c6, 0x25cf],
  [0x2605, 0x2606], // stars
  [0x2640, 0x2642],
  [0x2660, 0x2667], // suits
  [0x2713, 0x2718], // check marks
  [0xfb01, 0xfb02], // fi, fl
];
/** What drawn data sets say. */
const DRAWN = [
  [0x20, 0x7e], // ASCII
  [0x20ac, 0x20ac], // euro
];
const fontsource = (name, weight) => ({
  file: `drawn-sets/fonts/${name}.json`,
  package: `@fontsource/${name}`,
  font: `@fontsource/${name}/files/${name}-latin-${weight}-normal.woff`,
  ranges: DRAWN,
});
/** Every file of outlines: its place in src, its font, and which characters it has. */
const FONTS = [
  {
    file: 'annotate/glyphs.json',
    package: 'dejavu-fonts-ttf',
    font: 'dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf',
    ranges: LABELS,
  },
  fontsource('anton', 400),
  fontsource('b612-mono', 400),
  fontsource('barlow-condensed', 600),
  fontsource('courier-prime', 700),
  fontsource('overpass', 700),
  fontsource('playfair-display', 500),
  fontsource('saira-stencil-one', 400),
  fontsource('share-tech-mono', 400),
];
// Format characters, which set nothing.
const INVISIBLE = /[\p{Cf}\p{Mn}\p{Zs}\p{Zl}\p{Zp}]/u;

const require = createRequire(path.join(ROOT, 'package.json'));
const targetsOf = ({ file }) => ['src', 'lib'].map((dir) => path.join(ROOT, dir, file));

/** Which font and which script: as in the file when nothing has changed. */
function wanted(entry) {
  let version;
  try {
    ({ version } = require(`${entry.package}/package.json`));
  } catch {
    // An installed package has the files and no devDependencies.
    if (targetsOf(entry).some((file) => fs.existsSync(file))) return undefined;
    return fail(`${entry.package} is missing; run npm install`);
  }
  const script = createHash('sha256').update(fs.readFileSync(fileURLToPath(import.meta.url)));
  return { font: entry.font, version, script: script.digest('hex') };
}

function make({ font: name, ranges }, source) {
  const { parse } = require('opentype.js');
  const bytes = fs.readFileSync(require.resolve(name));
  const font = parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const scale = UNITS / font.unitsPerEm;
  const glyphs = { ' ': `${Math.round(font.charToGlyph(' ').advanceWidth * scale)} ` };
  for (const [first, last] of ranges) {
    for (let code = first; code <= last; code++) {
      const character = String.fromCodePoint(code);
      if (INVISIBLE.test(character)) continue;
      const glyph = font.charToGlyph(character);
      if (glyph.index === 0) continue;
      const advance = Math.round(glyph.advanceWidth * scale);
      glyphs[character] = `${advance} ${pathData(name, glyph.path.commands, scale)}`;
    }
  }
  return `${JSON.stringify(
    {
      about:
        'Made by scripts/glyphs.mjs. Each glyph: advance width, a space, relative path data, y down.',
      ...source,
      units: UNITS,
      capHeight: Math.round(font.charToGlyph('H').getBoundingBox().y2 * scale),
      glyphs,
    },
    null,
    2,
  )}\n`;
}

/** Relative commands between rounded points: rounding errors do not add up. Starts at the glyph's origin. */
function pathData(font, commands, scale) {
  let data = '';
  let at = { x: 0, y: 0 };
  let start = at;
  // The font's y points up.
  const point = (x, y) => ({ x: Math.round(x * scale), y: Math.round(-y * scale) });
  const numbers = (...points) =>
    points
      .flatMap(({ x, y }) => [x - at.x, y - at.y])
      .map((n, i) => (i > 0 && n >= 0 ? ` ${n}` : `${n}`))
      .join('');
  for (const command of commands) {
    if (command.type === 'Z') {
      data += 'z';
      at = start;
      continue;
    }
    const end = point(command.x, command.y);
    const { x, y } = { x: end.x - at.x, y: end.y - at.y };
    switch (command.type) {
      case 'M':
        data += `m${numbers(end)}`;
        start = end;
        break;
      case 'L':
        if (x === 0 && y === 0) break;
        if (x === 0) data += `v${y}`;
        else if (y === 0) data += `h${x}`;
        else data += `l${numbers(end)}`;
        break;
      case 'Q':
        data += `q${numbers(point(command.x1, command.y1), end)}`;
        break;
      default:
        fail(`${font} has a ${command.type} in an outline, which this script does not know`);
    }
    at = end;
  }
  return data;
}

for (const entry of FONTS) {
  const source = wanted(entry);
  if (source === undefined) continue;
  const isCurrent = (file) => {
    if (!fs.existsSync(file)) return false;
    const found = JSON.parse(fs.readFileSync(file, 'utf8'));
    return Object.entries(source).every(([key, value]) => found[key] === value);
  };
  const targets = targetsOf(entry);
  if (targets.every(isCurrent)) continue;
  say(`writing the outlines of letters: ${entry.file}`);
  const text = make(entry, source);
  for (const file of targets) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}
