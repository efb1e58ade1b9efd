// The answer piece by piece, as the model generates it.
// Usage: node examples/stream.mjs [PICTURE [MODEL]]
import { PaliGemma } from 'node-paligemma';

const [picture = new URL('pictures/text.png', import.meta.url), file] = process.argv.slice(2);

const model = await PaliGemma.load(file);

// The work starts here, not with the first iteration, and a slow loop does not hold it up.
const stream = model.stream(picture, 'ocr');
for await (const piece of stream) process.stdout.write(piece.text);
process.stdout.write('\n');

// The same object that `predict` returns.
const { tokens, finishReason } = await stream.result;
console.log(`${tokens.length} tokens, ended by ${finishReason}`);
await model.dispose();
