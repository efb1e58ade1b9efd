// What twenty labels cost against one question, on one picture whose encoding is cached: `classify` decodes all labels after
// one prefix. Usage: node bench/classify.mjs [MODEL.gguf] [ROUNDS]
import path from 'node:path';
import { PaliGemma } from '../lib/index.js';

const [
  file = path.join(import.meta.dirname, '..', 'models', 'shapes-mix-224-q8_0.gguf'),
  rounds = '15',
] = process.argv.slice(2);
const LABELS =
  'red green blue yellow purple orange black white circle square triangle star one two three four five six seven eight'.split(
    ' ',
  );
const QUESTION = 'what color is the star?';

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const model = await PaliGemma.load(file);
const { imageSize } = model.info;
const data = Uint8Array.from({ length: imageSize ** 2 * 3 }, (_, i) => (i * 7919) % 251);
const picture = await model.prepare({ data, width: imageSize, height: imageSize, channels: 3 });
await model.classify(picture, LABELS, { question: QUESTION });
const times = { question: [], labels: [], prefill: [], scoring: [] };
for (let round = 0; round < Number(rounds); round++) {
  const asked = await model.ask(picture, QUESTION, { maxTokens: 4 });
  times.question.push(asked.timings.totalMs);
  const { timings } = await model.classify(picture, LABELS, { question: QUESTION });
  times.labels.push(timings.totalMs);
  times.prefill.push(timings.prefillMs);
  times.scoring.push(timings.decodeMs);
}
const [question, labels] = [median(times.question), median(times.labels)];
console.log(`${path.basename(file)}, ${model.info.threads} threads, medians of ${rounds}`);
console.log(`one question (at most 4 tokens)  ${question.toFixed(1)} ms`);
console.log(
  `classify, ${LABELS.length} labels              ${labels.toFixed(1)} ms (prefix ${median(times.prefill).toFixed(1)}, labels ${median(times.scoring).toFixed(1)})`,
);
console.log(`ratio                            ${(labels / question).toFixed(2)}`);
await model.dispose();
