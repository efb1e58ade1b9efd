// What `isolate: 'process'` costs: a caption of a small JPEG with the engine in this process and in a child, in turns.
// Usage: node bench/isolation.mjs [MODEL] [--pairs 10] [--calls 40] [--tokens N, the longest answer]
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { PaliGemma } from '../lib/index.js';
import { compare } from './pairs.mjs';

const { values, positionals } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10' },
    calls: { type: 'string', default: '40' },
    tokens: { type: 'string', default: '64' },
  },
  allowPositionals: true,
});
const options = { onNote: () => {}, featureCacheMb: 0 };
const here = await PaliGemma.load(positionals[0], options);
const child = await PaliGemma.load(positionals[0], { ...options, isolate: 'process' });
const picture = await sharp('examples/pictures/shapes.png').resize(224, 224).jpeg().toBuffer();
const answer = { maxTokens: Number(values.tokens) };
await compare(
  'isolation',
  { here: () => here.caption(picture, answer), 'in a child': () => child.caption(picture, answer) },
  { pairs: Number(values.pairs), calls: Number(values.calls) },
);
await here.dispose();
await child.dispose();
