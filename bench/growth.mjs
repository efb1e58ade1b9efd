// How time and memory grow with the picture's resolution, the prompt, the answer and the requests at once, at real size with
// random weights: docs/performance.svg, and the figures as JSON. A model at a time, each in a process of its own.
// Usage: node bench/growth.mjs [--type q8_0] [--dir build/bench] [--threads 0] [--json FILE] [--svg FILE]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SELF = fileURLToPath(import.meta.url);
const ROOT = path.join(path.dirname(SELF), '..');
const { values: flags } = parseArgs({
  options: {
    type: { type: 'string', default: 'q8_0' },
    dir: { type: 'string', default: path.join(ROOT, 'build', 'bench') },
    threads: { type: 'string', default: '0' },
    json: { type: 'string' },
    svg: { type: 'string' },
    child: { type: 'string' },
    sweep: { type: 'boolean', default: false },
  },
});

const PROMPT_TOKENS = [4, 64, 128, 256, 512];
const ANSWER_TOKENS = [1, 16, 32, 64, 128];
const AT_ONCE = [1, 2, 4, 8];
const LOAD_TOKENS = 32;

const peakMb = () =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1000;

/** Seconds of each stage, one request at a time; with --sweep of longer and longer ones, and of several at once. */
async function measure(file) {
  const { PaliGemma } = await import('../lib/index.js');
  const model = await PaliGemma.load(file, {
    threads: Number(flags.threads),
    slots: flags.sweep ? Math.max(...AT_ONCE) : 1,
    contextLength: 8192,
  });
  const size = model.info.imageSize;
  let seed = 0;
  const picture = () => {
    seed++;
    const data = Uint8Array.from(
      { length: size * size * 3 },
      (_, i) => Math.imul(i + seed, 2654435761) >>> 24,
    );
    return { data, width: size, height: size, channels: 3 };
  };
  const promptOf = (tokens) => {
    let prompt = 'a';
    while (model.tokenize(prompt).length < tokens - 2) prompt += ' a';
    return prompt;
  };
  const ask = async (image, prompt, maxTokens) => {
    const { timings, usage } = await model.predict(image, prompt, { maxTokens });
    return {
      tokens: usage.completionTokens,
      encode: timings.encodeMs / 1000,
      prefill: timings.prefillMs / 1000,
      decode: timings.decodeMs / 1000,
    };
  };
  const result = {
    size,
    imageTokens: model.info.imageTokenCount,
    one: await ask(picture(), promptOf(4), 8),
  };
  result.peakMb = peakMb();
  if (flags.sweep) {
    const known = picture();
    await ask(known, 'a', 1);
    result.prompts = [];
    for (const n of PROMPT_TOKENS)
      result.prompts.push({ n, ...(await ask(known, promptOf(n), 1)), peakMb: peakMb() });
    result.answers = [];
    for (const n of ANSWER_TOKENS)
      result.answers.push({ n, ...(await ask(known, 'a', n)), peakMb: peakMb() });
    result.atOnce = [];
    for (const n of AT_ONCE) {
      const pictures = Array.from({ length: n }, picture);
      const begin = performance.now();
      await Promise.all(pictures.map((image) => ask(image, 'a', LOAD_TOKENS)));
      result.atOnce.push({ n, seconds: (performance.now() - begin) / 1000, peakMb: peakMb() });
    }
  }
  await model.dispose();
  console.log(JSON.stringify(result));
}

if (flags.child) {
  await measure(flags.child);
} else {
  const { writeRandomModel } = await import('./random-model.mjs');
  const { growthCharts } = await import('./growth-charts.mjs');
  mkdirSync(flags.dir, { recursive: true });
  const models = [];
  for (const size of [224, 448, 896]) {
    const file = path.join(flags.dir, `random-3b-${size}-${flags.type}.gguf`);
    if (!existsSync(file)) await writeRandomModel(`3b-${size}`, flags.type, file);
    const sweep = size === 224 ? ['--sweep'] : [];
    const child = spawnSync(
      process.execPath,
      [SELF, '--child', file, '--threads', flags.threads, ...sweep],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    if (child.status !== 0) throw new Error(`${file}: failed with ${child.status ?? child.signal}`);
    const result = JSON.parse(child.stdout);
    models.push(result);
    const { one } = result;
    console.log(
      `${size} pixels, ${result.imageTokens} image tokens: encode ${one.encode.toFixed(2)} s, prefill ${one.prefill.toFixed(2)} s, peak ${result.peakMb.toFixed(0)} MB`,
    );
  }
  const [small] = models;
  for (const { n, prefill, peakMb: mb } of small.prompts)
    console.log(`prompt of ${n} tokens: prefill ${prefill.toFixed(2)} s, peak ${mb.toFixed(0)} MB`);
  for (const { n, decode, tokens } of small.answers)
    console.log(`answer of ${tokens} (at most ${n}) tokens: decode ${decode.toFixed(2)} s`);
  for (const { n, seconds, peakMb: mb } of small.atOnce)
    console.log(
      `${n} at once, ${LOAD_TOKENS} tokens each: ${(n / seconds).toFixed(3)} pictures/s, peak ${mb.toFixed(0)} MB`,
    );
  const report = { cpu: os.cpus()[0]?.model, cores: os.cpus().length, type: flags.type, models };
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
  if (flags.svg) writeFileSync(flags.svg, growthCharts(report));
}
