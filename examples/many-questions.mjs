// One picture, many questions: the picture is encoded once, and later questions use its cached features.
// Usage: node examples/many-questions.mjs [PICTURE [MODEL]]
import { PaliGemma } from 'node-paligemma';

const [picture = new URL('pictures/shapes.png', import.meta.url), file] = process.argv.slice(2);

const questions = [
  'how many shapes are there?',
  'how many circles are there?',
  'what color is the triangle?',
  'is there a red circle?',
];

const model = await PaliGemma.load(file);

// All at once: calls share the model in turns, in order of arrival. The caller needs no queue.
const results = await Promise.all(
  questions.map((question) => model.predict(picture, `answer en ${question}`)),
);

let encoded = 0;
for (const [i, { text, usage }] of results.entries()) {
  console.log(`${questions[i]} ${text}`);
  encoded += 1 - usage.cachedImages;
}
console.log(`${results.length} answers, the picture was encoded ${encoded} time(s)`);
await model.dispose();
