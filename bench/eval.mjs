// What judging costs beside answering. Rows are judged again (`eval --report`), and the processor time of an evaluation whose answers
// are recorded, with its reports, is compared with that of the model's calls in a bare loop, in turns. Usage: node bench/eval.mjs [ROUNDS]
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { png, Random, SEEDS, scene } from './quality/scenes.mjs';

const rounds = Number(process.argv[2] ?? 5);
const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, 'build', 'bench', 'eval');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const cli = path.join(root, 'lib', 'cli', 'main.js');
const model = path.join(root, 'models', 'shapes-mix-224-q8_0.gguf');

/** Wall time of a program in seconds. @param {readonly string[]} args */
function run(args) {
  const begin = performance.now();
  execFileSync(process.execPath, args, { stdio: 'ignore' });
  return (performance.now() - begin) / 1000;
}

const many = path.join(folder, 'many.jsonl');
const answers = path.join(folder, 'answers.jsonl');
const words = 'the quick brown fox jumps over a lazy dog and runs away'.split(' ');
const textOf = (/** @type {number} */ i) =>
  Array.from({ length: 4 }, (_, k) => words[(i * 7 + k * 3) % words.length]).join(' ');
const rows = Array.from({ length: 10_000 }, (_, i) => textOf(i));
writeFileSync(many, rows.map((text, i) => JSON.stringify({ image: `${i}.png`, text })).join('\n'));
writeFileSync(
  answers,
  rows
    .map((text, id) => JSON.stringify({ id, answer: id % 5 === 0 ? text.slice(1) : text }))
    .join('\n'),
);
console.log(`${os.cpus()[0]?.model}, ${os.availableParallelism()} threads`);
const judged = path.join(folder, 'judged');
run([cli, 'eval', many, '--task', 'ocr', '--predictions', answers, '-o', judged, '-q']);
const again = Array.from({ length: rounds }, () => run([cli, 'eval', '--report', judged, '-q']));
const median = (/** @type {number[]} */ all) =>
  /** @type {number} */ ([...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]);
console.log(
  `10,000 rows judged again by four metrics, the whole program: ${median(again).toFixed(2)} s`,
);

const COUNT = 1000;
const small = path.join(folder, 'small.jsonl');
const lines = [];
for (let i = 0; i < COUNT; i++) {
  const one = scene(new Random(SEEDS.quality, i));
  writeFileSync(path.join(folder, `${i}.png`), await png(one));
  lines.push(JSON.stringify({ image: `${i}.png`, prefix: 'caption en', suffix: 'a star' }));
}
writeFileSync(small, lines.join('\n'));
const { PaliGemma } = await import('../lib/index.js');
const { evaluate } = await import('../lib/evaluation/evaluate.js');
const { modelAnswerer } = await import('../lib/evaluation/answering.js');
const { metricsFor } = await import('../lib/evaluation/tasks.js');
const { openDataset } = await import('../lib/datasets/open.js');
const loaded = await PaliGemma.load(model);
const asking = modelAnswerer(loaded, {
  ...{ task: /** @type {const} */ ('ask'), maxTokens: undefined },
  ...{ constrained: true, keepsPictures: false },
});
/** What the model answered, by row: an evaluation of these computes all but the answers. @type {Map<string, object>} */
const recorded = new Map();
/** @type {import('../lib/evaluation/answering.js').Answerer} */
const answerer = async (question, signal) => {
  const known = recorded.get(question.id);
  if (known !== undefined) return known;
  const answer = await asking(question, signal);
  recorded.set(question.id, answer);
  return answer;
};
/** Processor time in seconds. @param {() => Promise<unknown>} work */
async function cpu(work) {
  const { user, system } = process.cpuUsage();
  await work();
  const after = process.cpuUsage();
  return (after.user - user + after.system - system) / 1e6;
}
const signal = new AbortController().signal;
const dataset = await openDataset(small);
async function bare() {
  for (let i = 0; i < COUNT; i++) {
    await loaded.generate(path.join(folder, `${i}.png`), 'caption en', { signal });
  }
}
let number = 0;
function whole() {
  return evaluate({
    ...{ dataset, task: 'ask', metrics: metricsFor('ask', ['exact@lower']), limits: [] },
    ...{ phrasings: [], answerer, answeredBy: { model: 'm', fingerprint: 'f' }, settings: {} },
    ...{ limit: undefined, concurrency: 1, folder: path.join(folder, `run${number++}`) },
    ...{ resume: false, signal, onProgress: () => {} },
    words: { output: '', resume: '', setting: (name) => name },
  });
}
// The rest of the program is loaded and compiled then, too.
await whole();
const shares = [];
const seconds = [];
for (let round = 0; round < rounds; round++) {
  const [captions, judging] = [await cpu(bare), await cpu(whole)];
  shares.push(judging / (captions + judging));
  seconds.push(judging);
}
await loaded.dispose();
const percent = (100 * median(shares)).toFixed(1);
console.log(
  `processor time of an evaluation outside of its ${COUNT} captions: ${median(seconds).toFixed(2)} s, ${percent} %`,
);
