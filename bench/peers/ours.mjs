// Passes of node-paligemma. Arguments: MODEL.gguf, threads, tokens to decode.
import { PaliGemma } from '../../lib/index.js';
import { servePasses } from './passes.mjs';

const [file, threads, tokens] = process.argv.slice(2);
const PROMPT_TOKENS = 10;

const model = await PaliGemma.load(file, { threads: Number(threads), featureCacheMb: 0 });
const { imageSize: size } = model.info;
const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 2654435761) >>> 24);
const picture = await model.prepare({ data, width: size, height: size, channels: 3 });
// With the token at the beginning and the one at the end.
const words = 'the a of in is it on and to as'.split(' ');
let prompt = words[0];
for (let i = 1; model.tokenize(prompt).length < PROMPT_TOKENS - 2; i++)
  prompt += ` ${words[i % 10]}`;
await servePasses(async () => {
  // One more than are decoded: the first one comes out of the prefix.
  const { timings, usage } = await model.predict(picture, prompt, {
    maxTokens: Number(tokens) + 1,
  });
  const { encodeMs, prefillMs, decodeMs } = timings;
  if (usage.completionTokens !== Number(tokens) + 1) throw new Error('the answer ended early');
  return { encode: encodeMs, prefill: prefillMs, decode: decodeMs / Number(tokens) };
});
await model.dispose();
