// npm run demo: asks the demo model about two pictures and prints its answers. The model is small and was trained on drawn
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
const row = (prompt, answer) => console.log(`  ${style(36, prompt.padEnd(34))} ${answer}`);
const percent = (score) => `${(score * 100).toFixed(0)} %`;

const model = await PaliGemma.load(modelFile);
const { info } = model;
console.log(
  `${info.name}: PaliGemma ${info.version}, ${(info.fileBytes / 1e6).toFixed(0)} MB, on ${info.device} with ${info.threads} threads`,
);

heading(path.relative(process.cwd(), shapes));
// Streamed: each piece is printed as the model generates it.
process.stdout.write(`  ${style(36, 'caption'.padEnd(34))} `);
for await (const { text } of model.caption(shapes)) process.stdout.write(text);
process.stdout.write('\n');

const question = 'how many shapes are there?';
const answer = await model.ask(shapes, question);
row(`ask ${question}`, `${answer.text}  (${percent(answer.score)} sure)`);

const labels = ['white circle', 'orange triangle', 'yellow square'];
const found = await model.detect(shapes, labels);
row(`detect ${labels.length} labels`, found.prompt);
for (const { label, box, score } of found.detections) {
  const [left, right, top, bottom] = [box.xmin, box.xmax, box.ymin, box.ymax].map((v) =>
    v.toFixed(0).padStart(3),
  );
  const place = `x ${left} to ${right}, y ${top} to ${bottom} pixels`;
  console.log(`    ${label.padEnd(32)} ${place}, score ${score.toFixed(2)}`);
}

heading(path.relative(process.cwd(), text));
const read = await model.ocr(text);
row('ocr', read.words.map((word) => `${word.text} (${percent(word.score)})`).join(' '));

console.log(
  `\nThe boxes took ${found.timings.totalMs.toFixed(0)} ms for ${found.usage.completionTokens} tokens; the picture with the shapes was encoded once.`,
);
await model.dispose();
