// One prompt about one picture: the shortest complete program, and more fields of the result.
// Usage: node examples/caption.mjs [PICTURE [MODEL]]
import { PaliGemma } from 'node-paligemma';

const [picture = new URL('pictures/shapes.png', import.meta.url), file] = process.argv.slice(2);

const model = await PaliGemma.load(file);
const { text, tokens, logprobs, finishReason, usage } = await model.predict(picture, 'caption en');

console.log(text);
console.log(`${tokens.length} tokens, ended by ${finishReason}`);
console.log(`${usage.imageTokens} image tokens and ${usage.promptTokens} prompt tokens went in`);

// The model's own probability of this answer: the product of its tokens' probabilities.
const probability = Math.exp(logprobs.reduce((sum, logprob) => sum + logprob, 0));
console.log(`probability ${probability.toFixed(2)}`);

// Frees the memory now instead of at the end of the process.
await model.dispose();
