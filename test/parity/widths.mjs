// Parity with Hugging Face at the published widths, which the fixtures are too small for: random weights, the real vocabulary,
// three layers in each network. transformers saves a checkpoint and says what it would answer, we convert the checkpoint and
// answer; the log-probabilities of the twenty likeliest first tokens must agree within 1e-4.
// Usage: npm run parity:widths -- [--python python3] [--layers 3] [--threads 0] [--dir build/parity] [VARIANT …]
// Default: 3b-224 3b-448 2-3b-224 2-3b-448. Each takes 8 GB of disk and 5 GB of memory, one at a time. Needs a Python with torch
// and transformers: pip install -r bench/peers/requirements.txt
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { convert, PaliGemma } from '../../lib/index.js';
import { fail, ROOT, say } from '../../scripts/lib.mjs';
import { gemmaTokenizerJson, referenceTokenizer } from '../support/gemma-tokenizer.mjs';

/** f32 on both sides: what differs is the order in which they add up. */
const TOLERANCE = 1e-4;
const COMPARED = 20;
const PROMPT = 'answer en what is to the left of the dog?';
const BOS = 2;
const NEWLINE = 108;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: 'python3' },
    layers: { type: 'string', default: '3' },
    threads: { type: 'string', default: '0' },
    dir: { type: 'string', default: path.join(ROOT, 'build', 'parity') },
  },
});

/** Shapes with edges and a slope, so that no two patches are alike. */
function picture(size) {
  const data = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = (y * size + x) * 3;
      const isDisc = (x - size / 3) ** 2 + (y - size / 2) ** 2 < (size / 5) ** 2;
      data[at] = isDisc ? 230 : (x * 255) / size;
      data[at + 1] = (y * 255) / size;
      data[at + 2] = (x * y) % 251;
    }
  }
  return { data, width: size, height: size, channels: 3 };
}

function askTransformers(folder, variant, image, ids) {
  const file = `${folder}.rgb`;
  writeFileSync(file, image.data);
  const threads = Number(flags.threads) || os.availableParallelism();
  const args = [path.join(import.meta.dirname, 'widths.py'), folder, variant, flags.layers, file];
  const result = spawnSync(flags.python, [...args, String(threads), ...ids.map(String)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  rmSync(file);
  if (result.status === 0) return JSON.parse(result.stdout.trim().split('\n').at(-1));
  return fail(
    `${flags.python} ended with ${result.error?.message ?? result.status}\n${result.stderr ?? ''}` +
      'Needs torch and transformers (pip install -r bench/peers/requirements.txt); --python names the interpreter.',
  );
}

async function askOurs(folder, image, ids) {
  const output = `${folder}.gguf`;
  writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(gemmaTokenizerJson()));
  await convert({ source: folder, output, type: 'f32', overwrite: true });
  rmSync(folder, { recursive: true });
  const model = await PaliGemma.load(output, {
    exactGelu: true,
    kvType: 'f32',
    threads: Number(flags.threads),
  });
  try {
    const answer = await model.predict(image, PROMPT, { maxTokens: 1, topLogprobs: COMPARED });
    if (answer.usage.promptTokens !== ids.length) {
      fail(`our prompt has ${answer.usage.promptTokens} tokens, the reference's ${ids.length}`);
    }
    return answer.topLogprobs?.[0] ?? fail('the first token is the end of the answer: no list');
  } finally {
    await model.dispose();
    rmSync(output);
  }
}

/** The largest difference over our likeliest tokens. Infinite where one is far from the reference's likeliest. */
function compare(ours, theirs) {
  const expected = new Map(theirs.map(({ token, logprob }) => [token, logprob]));
  const differences = ours.map(({ token, logprob }) =>
    Math.abs(logprob - (expected.get(token) ?? Number.POSITIVE_INFINITY)),
  );
  const isSameOrder = ours.every(({ token }, i) => token === theirs[i].token);
  return { largest: Math.max(...differences), isSameOrder };
}

mkdirSync(flags.dir, { recursive: true });
const ids = [BOS, ...referenceTokenizer()(PROMPT), NEWLINE];
const rows = [];
for (const variant of positionals.length > 0
  ? positionals
  : ['3b-224', '3b-448', '2-3b-224', '2-3b-448']) {
  say(`${variant} …`);
  const folder = path.join(flags.dir, variant);
  rmSync(folder, { recursive: true, force: true });
  const image = picture(Number(variant.split('-').at(-1)));
  const theirs = askTransformers(folder, variant, image, ids);
  const ours = await askOurs(folder, image, ids);
  const { largest, isSameOrder } = compare(ours, theirs.likeliest);
  say(`${variant}: ${largest.toExponential(1)}`);
  rows.push({
    model: variant,
    [`largest difference of ${COMPARED}`]: largest.toExponential(1),
    order: isSameOrder ? 'the same' : 'differs',
    'likeliest, its log-probability': `${theirs.likeliest[0].token}, ${theirs.likeliest[0].logprob.toFixed(4)}`,
    within: largest <= TOLERANCE,
    transformers: theirs.transformers,
  });
}
console.table(rows);
if (rows.some(({ within }) => !within)) fail(`a difference above ${TOLERANCE}`);
