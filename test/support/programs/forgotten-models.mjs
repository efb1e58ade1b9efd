// Loads models and forgets them without dispose. Arguments: model, picture, count.
import { PaliGemma } from '../../../lib/index.js';

const [path, picture, count] = process.argv.slice(2);

async function use() {
  const model = await PaliGemma.load(path);
  // Only the promise of the answer is kept, not the model.
  return model.predict(picture, 'ocr', { maxTokens: 2 });
}

async function round(n) {
  for (let i = 0; i < n; i++) {
    await use();
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().rss;
}

const before = await round(Number(count) / 3);
process.stdout.write(JSON.stringify({ before, after: await round(Number(count)) }));
