/** Uses the package as programs do and prints what that leaves changed. HF_ENDPOINT: a hub with owner/repo on it. */
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { before, changes, packages } = require('./host-state.cjs');

const [picture, checkpoint] = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-host-'));

async function use() {
  const { PaliGemma, annotate, convert, inspect, pull } = require('node-paligemma');
  const file = await pull('hf:owner/repo');
  await inspect(file);
  const model = await PaliGemma.load(file);
  await model.predict(picture, 'caption en');
  const { detections } = await model.detect(picture, ['white circle']);
  await annotate(picture, detections);
  await model.dispose();
  const tokenizer = path.join(checkpoint, 'tokenizer.model');
  const output = path.join(folder, 'm.gguf');
  await convert({ source: checkpoint, output, type: 'f32' });
  // Lacks a tensor: refused, after the archive was read.
  const archive = `${checkpoint}-without-embedding.npz`;
  await convert({ source: archive, output, type: 'f32', tokenizer, overwrite: true }).catch(
    () => {},
  );
}

async function main() {
  // Once before, so that what Node itself makes at the first use (of fetch, of a worker) is there.
  await fetch(`${process.env.HF_ENDPOINT}/nothing`);
  const first = before();
  await use();
  rmSync(folder, { recursive: true });
  console.log(JSON.stringify({ changes: await changes(first), packages: packages().sort() }));
}
void main();
