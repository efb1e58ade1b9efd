// The same work with node-paligemma and its peers, taking turns, and what the ratios are. See README.md of this folder.
// Usage: node bench/peers/run.mjs [--rounds 5] [--threads 2] [--tokens 16] [--dir build/bench] [--json FILE] [PAIRING …]
// Pairings: q8_0, q4_0 (against llama.cpp), bf16, best (against transformers in bf16). Default: all.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const HERE = import.meta.dirname;
const PYTHON = path.join(HERE, '.venv', 'bin', 'python');
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '16' },
    dir: { type: 'string', default: path.join(HERE, '..', '..', 'build', 'bench') },
    json: { type: 'string' },
  },
});
const work = [flags.threads, flags.tokens];

/** Of the very same types as the peer's: all matrices of one, the embedding too, which `convert` would keep finer. */
async function ourFile(type) {
  const { writeRandomModel } = await import('../random-model.mjs');
  const file = path.join(flags.dir, `random-3b-224-all-${type}.gguf`);
  if (!existsSync(file)) await writeRandomModel('3b-224', type, file, true);
  return file;
}

function gemmaFile(type) {
  const file = path.join(flags.dir, `random-gemma-${type}.gguf`);
  if (!existsSync(file)) {
    execFileSync(PYTHON, [path.join(HERE, 'gemma_gguf.py'), type, file], { stdio: 'inherit' });
  }
  return file;
}

const ours = async (type) => [
  process.execPath,
  path.join(HERE, 'ours.mjs'),
  await ourFile(type),
  ...work,
];
const llama = (type) => [process.execPath, path.join(HERE, 'llama.mjs'), gemmaFile(type), ...work];
/** Reading the weights of the language model once, which every token of every peer requires. */
async function memory(type) {
  const { inspect } = await import('../../lib/index.js');
  const { tensors } = await inspect(await ourFile(type));
  const ofText = tensors.filter(({ name }) => !/^(v|mm|mask)\./.test(name));
  const bytes = ofText.reduce((sum, tensor) => sum + tensor.bytes, 0);
  return [process.execPath, path.join(HERE, 'memory.mjs'), String(bytes), flags.threads];
}
const transformers = (...more) => [
  PYTHON,
  path.join(HERE, 'transformers_peer.py'),
  'bf16',
  ...work,
  ...more,
];

/** Who runs against whom, and the ratios (peer / ours) that count. */
const PAIRINGS = {
  q8_0: async () => ({
    ours: await ours('q8_0'),
    peers: { 'llama.cpp q8_0': llama('q8_0') },
    ratios: ['prefill', 'decode'],
  }),
  q4_0: async () => ({
    ours: await ours('q4_0'),
    peers: { 'llama.cpp q4_0': llama('q4_0') },
    ratios: ['prefill', 'decode'],
  }),
  bf16: async () => ({
    ours: await ours('bf16'),
    peers: {
      'transformers bf16': transformers(),
      'the same, decoding without oneDNN': transformers('without-onednn'),
    },
    ratios: ['encode', 'prefill', 'encode + prefill', 'decode'],
  }),
  best: async () => ({
    ours: await ours('q8_0'),
    peers: { 'transformers bf16': transformers() },
    ratios: ['encode', 'prefill', 'encode + prefill', 'decode'],
  }),
};

/** A child that makes a pass when asked. */
class Peer {
  passes = [];

  constructor(name, command) {
    const [file, ...args] = command;
    this.name = name;
    this.child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  static async start(name, command) {
    const peer = new Peer(name, command);
    await peer.next();
    return peer;
  }

  async next() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended before its work was done`);
    return JSON.parse(value);
  }

  async pass() {
    this.child.stdin.write('\n');
    const { encode, prefill, ...rest } = await this.next();
    const both = encode === undefined ? {} : { encode, 'encode + prefill': encode + prefill };
    this.passes.push({ ...both, prefill, ...rest });
  }

  median(stage) {
    const values = this.passes.map((pass) => pass[stage]).sort((a, b) => a - b);
    return values[values.length >> 1];
  }

  stop() {
    this.child.stdin.end();
    return new Promise((resolve) => this.child.once('close', resolve));
  }
}

mkdirSync(flags.dir, { recursive: true });
console.log(
  `${os.cpus()[0]?.model}, ${os.cpus().length} cores, ${flags.threads} threads, Node ${process.version}, load ${os.loadavg()[0].toFixed(2)}`,
);
console.log(
  `medians of ${flags.rounds} passes, taking turns: 256 + 10 tokens, then ${flags.tokens}`,
);
const report = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(PAIRINGS)) {
  const pairing = await PAIRINGS[name]();
  const type = name === 'best' ? 'q8_0' : name;
  const all = [await Peer.start(`node-paligemma ${type}`, pairing.ours)];
  for (const [peer, command] of Object.entries(pairing.peers))
    all.push(await Peer.start(peer, command));
  const floor = await Peer.start('reading the weights, no more', await memory(type));
  for (let i = 0; i < Number(flags.rounds); i++)
    for (const peer of [...all, floor]) await peer.pass();
  const stages = ['encode', 'prefill', 'encode + prefill', 'decode'];
  console.log(`\n${name}`);
  const text = (ms) => (ms === undefined ? '' : ms.toFixed(ms < 1000 ? 1 : 0)).padStart(9);
  console.log(
    `  ${''.padEnd(36)}${['encode', 'prefill', 'both', 'ms/token', 'peak MB'].map((s) => s.padStart(9)).join('')}`,
  );
  for (const peer of [...all, floor]) {
    console.log(
      `  ${peer.name.padEnd(36)}${[...stages, 'peakMb'].map((s) => text(peer.median(s))).join('')}`,
    );
  }
  const [us, ...peers] = all;
  for (const peer of peers) {
    const ratios = pairing.ratios.map((s) => `${s} ${(peer.median(s) / us.median(s)).toFixed(2)}x`);
    console.log(`  faster than ${peer.name}: ${ratios.join(', ')}`);
  }
  const share = floor.median('decode') / us.median('decode');
  console.log(`  decoding reads at ${(share * 100).toFixed(0)} % of the memory bandwidth`);
  report.push({
    name,
    peers: [...all, floor].map((peer) => ({ name: peer.name, passes: peer.passes })),
  });
  for (const peer of [...all, floor]) await peer.stop();
}
if (flags.json)
  writeFileSync(
    flags.json,
    `${JSON.stringify({ cpu: os.cpus()[0]?.model, ...flags, report }, null, 2)}\n`,
  );
