// Crashes an engine's process again and again while calls run: kills, faults and hangs, one after the other, each during a call of its
// own and with ten good answers between them. Every call must be answered or have its code, and the engine be ready again within
// the time of loading and a second (a hang: and hangMs more). With two engines no call waits for loading. Prints its figures, ends
// with 1 when one of this does not hold. Usage: npm run test:crashes [-- COUNT]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { PaliGemma } from '../../lib/index.js';

const ROOT = path.join(import.meta.dirname, '..', '..');
const count = Number(process.argv[2] ?? 300);
const picture = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const HANG_MS = 1500;
/** After the time of loading, in ms. */
const ALLOWED_MS = 1000;
const WAYS = [
  'SIGKILL',
  'SIGSEGV',
  'SIGABRT',
  'SIGKILL',
  'SIGSEGV',
  'SIGABRT',
  'SIGKILL',
  'SIGSEGV',
  'SIGABRT',
  'hang',
];
const at = (list, part) =>
  [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * part)] ?? 0;

async function hang(pid) {
  const script = path.join(ROOT, 'test', 'support', 'freeze.py');
  const holder = spawn('python3', [script, String(pid), 'main'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
}

async function campaign(engines) {
  const start = performance.now();
  const model = await PaliGemma.load(undefined, {
    isolate: 'process',
    engines,
    hangMs: HANG_MS,
    onNote: () => {},
  });
  const loadMs = performance.now() - start;
  const outcomes = { answered: 0, crashed: 0, other: [] };
  const back = [];
  let late = 0;
  const ask = (prompt) =>
    model.predict(picture, prompt, { maxTokens: 8 }).then(
      () => void outcomes.answered++,
      (error) => {
        if (error.code === 'ERR_ENGINE_CRASHED') outcomes.crashed++;
        else outcomes.other.push(error.code ?? String(error));
      },
    );
  for (let i = 0; i < count; i++) {
    const way = WAYS[i % WAYS.length];
    if (engines > 1) {
      // The spare is not only there, but loaded.
      while (model.health.pids.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, loadMs));
    }
    const [pid] = model.health.pids;
    const holder = way === 'hang' ? await hang(pid) : undefined;
    const calls = Array.from({ length: 8 }, (_, j) => ask(`answer en question ${i} of ${j}`));
    const crashed = performance.now();
    if (holder === undefined) process.kill(pid, way);
    await Promise.all([...calls, ask(`answer en after ${i}`)]);
    const ms = performance.now() - crashed - (holder ? HANG_MS : 0);
    holder?.kill('SIGKILL');
    back.push(ms);
    if (ms > loadMs + ALLOWED_MS + (holder ? 2000 : 0)) late++;
    for (let j = 0; j < 10; j++) await ask(`answer en good ${i} ${j}`);
  }
  const { crashes } = model.health;
  await model.dispose();
  const calls = count * 19;
  const sum = outcomes.answered + outcomes.crashed;
  console.log(
    `${engines} engine${engines > 1 ? 's' : ''}: ${crashes} crashes, ${calls} calls: ${outcomes.answered} answered, ${outcomes.crashed} ERR_ENGINE_CRASHED, ${outcomes.other.length} other`,
  );
  console.log(
    `  answers again after ${at(back, 0.5).toFixed(0)} ms (p50), ${at(back, 0.99).toFixed(0)} ms (p99), loading takes ${loadMs.toFixed(0)} ms; ${late} later than allowed`,
  );
  return sum === calls && outcomes.other.length === 0 && late === 0 && crashes >= count;
}

console.log(`${os.cpus()[0]?.model ?? 'CPU'}, ${count} crashes each`);
const isGood = [await campaign(1), await campaign(2)].every(Boolean);
process.exit(isGood ? 0 : 1);
