// Loads random-weight models of real size, each in a process of its own, and prints seconds for load, encode, prefill and per
// token, and the peak of resident memory against its bound (file + 15 % + 300 MB).
// Usage: node bench/real-size.mjs [--dir FOLDER] [--tokens 24] [--threads N] [VARIANT:TYPE …]
// Default: 3b-224, 3b-448, 3b-896 and 2-3b-224 in q8_0 and bf16. Files are written to FOLDER (build/bench) when absent,
// and removed again unless --keep is given. One file at a time: they are 3 to 6 GB each.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SELF = fileURLToPath(import.meta.url);
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string', default: path.join(path.dirname(SELF), '..', 'build', 'bench') },
    tokens: { type: 'string', default: '24' },
    threads: { type: 'string', default: '0' },
    keep: { type: 'boolean', default: false },
    child: { type: 'string' },
  },
});

function peakBytes() {
  const kib = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kib ? Number(kib) * 1024 : process.resourceUsage().maxRSS * 1024;
}

async function measure(file) {
  const { PaliGemma } = await import('../lib/index.js');
  const { monitorEventLoopDelay, performance } = await import('node:perf_hooks');
  const { stat } = await import('node:fs/promises');
  const begin = performance.now();
  const model = await PaliGemma.load(file, { threads: Number(flags.threads) });
  const loadS = (performance.now() - begin) / 1000;
  const size = model.info.imageSize;
  const picture = { data: new Uint8Array(size * size * 3), width: size, height: size, channels: 3 };
  picture.data.forEach((_, i) => {
    picture.data[i] = (i * 2654435761) >>> 24;
  });

  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const stats = [];
  let running = true;
  const watch = (async () => {
    while (running) {
      const t = performance.now();
      await stat(file);
      stats.push(performance.now() - t);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const answer = await model.predict(picture, 'caption en', { maxTokens: Number(flags.tokens) });
  running = false;
  await watch;
  loop.disable();
  stats.sort((a, b) => a - b);

  // How fast the native work stops: the abort comes in the middle of encoding, of prefill, of decoding.
  const { encodeMs, prefillMs, decodeMs } = answer.timings;
  const cancelMs = [];
  // At 896 pixels prefill takes minutes; there the last point is left out.
  const points = [encodeMs * 0.3, encodeMs + prefillMs * 0.2];
  if (prefillMs < 60_000) points.push(encodeMs + prefillMs + decodeMs * 0.3);
  for (const at of points) {
    const controller = new AbortController();
    picture.data[0] ^= cancelMs.length + 1; // another picture: not from the cache
    const call = model.predict(picture, 'caption en', {
      maxTokens: Number(flags.tokens),
      signal: controller.signal,
    });
    call.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, at));
    const t = performance.now();
    controller.abort();
    // This one fails at its first step, which it gets as soon as the worker has let go of the aborted one.
    await model.predict(picture, 'x '.repeat(12_000)).catch(() => {});
    cancelMs.push(performance.now() - t);
  }
  const { memory } = model.info;
  const t = performance.now();
  await model.dispose();
  console.log(
    JSON.stringify({
      loadS,
      encodeS: encodeMs / 1000,
      prefillS: prefillMs / 1000,
      tokenMs: decodeMs / Math.max(1, answer.usage.completionTokens),
      prefixTokens: answer.usage.imageTokens + answer.usage.promptTokens,
      peak: peakBytes(),
      timerP99: loop.percentile(99) / 1e6,
      statP99: stats[Math.floor(stats.length * 0.99)] ?? 0,
      disposeMs: performance.now() - t,
      cancelMs,
      memory,
    }),
  );
}

if (flags.child) {
  await measure(flags.child);
} else {
  const { writeRandomModel } = await import('./random-model.mjs');
  const jobs = positionals.length
    ? positionals
    : ['3b-224', '3b-448', '3b-896', '2-3b-224'].flatMap((v) => [`${v}:q8_0`, `${v}:bf16`]);
  mkdirSync(flags.dir, { recursive: true });
  console.log(`${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}`);
  const MB = 1e6;
  for (const job of jobs) {
    const [variant, type = 'q8_0'] = job.split(':');
    const file = path.join(flags.dir, `random-${variant}-${type}.gguf`);
    if (!existsSync(file)) await writeRandomModel(variant, type, file);
    const { size } = statSync(file);
    const child = spawnSync(
      process.execPath,
      [SELF, '--child', file, '--tokens', flags.tokens, '--threads', flags.threads],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    if (child.status !== 0) {
      console.log(`${variant} ${type}: failed with ${child.status ?? child.signal}`);
    } else {
      const r = JSON.parse(child.stdout);
      const bound = size * 1.15 + 300 * MB;
      console.log(
        `${variant} ${type}: file ${(size / MB).toFixed(0)} MB | load ${r.loadS.toFixed(1)} s | encode ${r.encodeS.toFixed(2)} s | ` +
          `prefill ${r.prefillS.toFixed(2)} s (${r.prefixTokens} tokens) | ${r.tokenMs.toFixed(0)} ms/token | ` +
          `peak ${(r.peak / MB).toFixed(0)} MB, bound ${(bound / MB).toFixed(0)} MB ${r.peak <= bound ? 'kept' : 'EXCEEDED'} | ` +
          `timer p99 ${r.timerP99.toFixed(1)} ms, fs.stat p99 ${r.statP99.toFixed(1)} ms | ` +
          `stops within ${Math.max(...r.cancelMs).toFixed(0)} ms`,
      );
    }
    if (!flags.keep) rmSync(file, { force: true });
  }
}
