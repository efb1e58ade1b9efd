// What `isolate: 'process'` costs: a caption of a small JPEG with the engine in this process and in a child, in turns. Every pair
// of turns is one difference; printed are their median and its 2nd and 9th of 10, an interval of 98 %.
// Usage: node bench/isolation.mjs [MODEL] [--pairs 10] [--calls 40]
import os from 'node:os';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { PaliGemma } from '../lib/index.js';

const { values, positionals } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10' },
    calls: { type: 'string', default: '40' },
  },
  allowPositionals: true,
});
const pairs = Number(values.pairs);
const calls = Number(values.calls);
const sorted = (list) => [...list].sort((a, b) => a - b);
const at = (list, part) => sorted(list)[Math.floor((list.length - 1) * part)];

const options = { onNote: () => {}, featureCacheMb: 0 };
const engines = {
  here: await PaliGemma.load(positionals[0], options),
  child: await PaliGemma.load(positionals[0], { ...options, isolate: 'process' }),
};
const picture = await sharp('examples/pictures/shapes.png').resize(224, 224).jpeg().toBuffer();

/** Milliseconds of each call, one after the other. */
async function latencies(model) {
  const times = [];
  for (let i = 0; i < calls; i++) {
    const start = performance.now();
    await model.caption(picture);
    times.push(performance.now() - start);
  }
  return times;
}

/** Calls per second of eight callers. */
async function throughput(model) {
  let left = 4 * calls;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) await model.caption(picture);
    }),
  );
  return (4000 * calls) / (performance.now() - start);
}

for (const model of Object.values(engines)) await latencies(model);
const differences = { p50: [], p99: [], throughput: [] };
const seen = { here: [], child: [] };
for (let i = 0; i < pairs; i++) {
  // Who begins changes from pair to pair.
  const order = i % 2 === 0 ? ['here', 'child'] : ['child', 'here'];
  const times = {};
  const rates = {};
  for (const name of order) times[name] = await latencies(engines[name]);
  for (const name of order) rates[name] = await throughput(engines[name]);
  for (const name of order) seen[name].push(at(times[name], 0.5));
  differences.p50.push(at(times.child, 0.5) - at(times.here, 0.5));
  differences.p99.push(at(times.child, 0.99) - at(times.here, 0.99));
  differences.throughput.push((rates.child / rates.here - 1) * 100);
}
for (const model of Object.values(engines)) await model.dispose();

const line = (name, list, unit) => {
  const order = sorted(list);
  const [low, high] = [order[1] ?? order[0], order.at(-2) ?? order.at(-1)];
  console.log(
    `${name.padEnd(24)}${at(list, 0.5).toFixed(2)} ${unit} (${low.toFixed(2)} to ${high.toFixed(2)})`,
  );
};
console.log(`${os.cpus()[0]?.model ?? 'CPU'}, ${pairs} pairs of ${calls} calls`);
console.log(
  `p50 of a call           here ${at(seen.here, 0.5).toFixed(2)} ms, in a child ${at(seen.child, 0.5).toFixed(2)} ms`,
);
line('isolation adds, p50', differences.p50, 'ms');
line('isolation adds, p99', differences.p99, 'ms');
line('throughput', differences.throughput, '%');
