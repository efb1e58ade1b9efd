// npm run demo: asks the bundled model about two pictures and prints what it says. The model is small and was trained on drawn
// shapes and printed text only; real PaliGemma weights run with the same code (see the README).
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PaliGemma } from '../lib/index.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const shapes = path.join(here, 'pictures', 'shapes.png');
const text = path.join(here, 'pictures', 'text.png');
const modelFile = path.join(here, '..', 'models', 'shapes-mix-224-q8_0.gguf');

const isTty = process.stdout.isTTY && !process.env.NO_COLOR;
const style = (code, s) => (isTty ? `\u001b[${code}m${s}\u001b[0m` : s);
const heading = (s) => console.log(`\n${style(1, s)}`);
const row = (prompt, answer) => console.log(`  ${style(36, prompt.padEnd(40))} ${answer}`);

const model = await PaliGemma.load(modelFile);
const { info } = model;
console.log(
  `${info.name}: PaliGemma ${info.version}, ${(info.fileBytes / 1e6).toFixed(0)} MB, on ${info.device} with ${info.threads} threads`,
);

heading(path.relative(process.cwd(), shapes));
for (const prompt of ['caption en', 'answer en how many shapes are there?']) {
  // Streamed: each piece is printed as the model makes it.
  process.stdout.write(`  ${style(36, prompt.padEnd(40))} `);
  for await (const piece of model.stream(shapes, prompt)) process.stdout.write(piece.text);
  process.stdout.write('\n');
}

// Boxes come as text: four numbers from 0 to 1023 (top, left, bottom, right), then the label.
const prompt = 'detect white circle ; orange triangle ; yellow square';
const { text: boxes, usage, timings } = await model.predict(shapes, prompt);
row(prompt, '');
const { image } = await model.encode(shapes);
for (const [, ...match] of boxes.matchAll(/<loc(\d+)><loc(\d+)><loc(\d+)><loc(\d+)> ([^;]+)/g)) {
  const label = match.pop().trim();
  const [top, left, bottom, right] = match.map((v) => Number(v) / 1023);
  const x = [left, right].map((v) => (v * image.width).toFixed(0).padStart(3));
  const y = [top, bottom].map((v) => (v * image.height).toFixed(0).padStart(3));
  console.log(`    ${label.padEnd(38)} x ${x.join(' to ')}, y ${y.join(' to ')} pixels`);
}

heading(path.relative(process.cwd(), text));
row('ocr', (await model.predict(text, 'ocr')).text);

console.log(
  `\nThe last answer about the shapes took ${timings.totalMs.toFixed(0)} ms for ${usage.completionTokens} tokens; its picture was encoded once.`,
);
await model.dispose();
