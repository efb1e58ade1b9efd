// Two ways to do the same, measured in turns. Every pair of turns is one difference; of ten of them the median and the 2nd and 9th
// are printed, an interval of 98 %. On a machine that others use as well, nothing else can be compared.
import os from 'node:os';

const sorted = (list) => [...list].sort((a, b) => a - b);

/** The value at `part` of a sorted list: 0.5 for the median. */
export const at = (list, part) => sorted(list)[Math.floor((list.length - 1) * part)];

/** Milliseconds of each of `count` calls, one after the other. */
export async function latencies(call, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times;
}

/** Calls per second of eight callers who make `count` calls together. */
async function throughput(call, count) {
  let left = count;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) await call();
    }),
  );
  return (1000 * count) / (performance.now() - start);
}

/** Measures both ways in `pairs` turns and prints what the second one adds. `ways`: name -> a call, the plain one first. */
export async function compare(what, ways, { pairs, calls }) {
  const names = Object.keys(ways);
  const [plain, other] = names;
  for (const name of names) await latencies(ways[name], calls);
  const differences = { p50: [], p99: [], throughput: [] };
  const seen = { [plain]: [], [other]: [] };
  for (let i = 0; i < pairs; i++) {
    // Who begins changes from pair to pair.
    const order = i % 2 === 0 ? names : [...names].reverse();
    const times = {};
    const rates = {};
    for (const name of order) times[name] = await latencies(ways[name], calls);
    for (const name of order) rates[name] = await throughput(ways[name], 4 * calls);
    for (const name of order) seen[name].push(at(times[name], 0.5));
    differences.p50.push(at(times[other], 0.5) - at(times[plain], 0.5));
    differences.p99.push(at(times[other], 0.99) - at(times[plain], 0.99));
    differences.throughput.push((rates[other] / rates[plain] - 1) * 100);
  }
  console.log(`${os.cpus()[0]?.model ?? 'CPU'}, ${pairs} pairs of ${calls} calls`);
  const medians = names.map((name) => `${name} ${at(seen[name], 0.5).toFixed(2)} ms`);
  console.log(`${'p50 of a call'.padEnd(24)}${medians.join(', ')}`);
  line(`${what} adds, p50`, differences.p50, 'ms');
  line(`${what} adds, p99`, differences.p99, 'ms');
  line('throughput', differences.throughput, '%');
}

function line(name, list, unit) {
  const order = sorted(list);
  // Of very few, which only show that the script works, all of them.
  const cut = order.length < 4 ? 0 : 1;
  const [low, high] = [order[cut], order.at(-1 - cut)];
  console.log(
    `${name.padEnd(24)}${at(list, 0.5).toFixed(2)} ${unit} (${low.toFixed(2)} to ${high.toFixed(2)})`,
  );
}
