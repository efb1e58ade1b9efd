// Three ways to end a call early. Each also stops the native work, so the model is free for the next call.
// Usage: node examples/abort.mjs [PICTURE [MODEL]]
import { PaliGemma } from 'node-paligemma';

const [picture = new URL('pictures/shapes.png', import.meta.url), file] = process.argv.slice(2);

const model = await PaliGemma.load(file);

// 1. A controller. The call rejects with exactly the reason passed to abort().
const controller = new AbortController();
const call = model.predict(picture, 'caption en', { signal: controller.signal });
controller.abort(new Error('the user went away'));
await call.catch((error) => console.log(`1. ${error.message}`));

// 2. A time limit, here one that no model can meet.
await model
  .predict(picture, 'caption en', { signal: AbortSignal.timeout(1) })
  .catch((error) => console.log(`2. ${error.name}`));

// 3. Leaving the loop over a stream.
const stream = model.stream(picture, 'caption en');
for await (const piece of stream) {
  console.log(`3. the first piece is "${piece.text}"`);
  break;
}
await stream.result.catch((error) => console.log(`   ${error.name}: ${error.message}`));

// The model still works.
const { text } = await model.predict(picture, 'answer en how many shapes are there?');
console.log(`still there: ${text}`);
await model.dispose();
