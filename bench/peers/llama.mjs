// Passes of llama.cpp, through node-llama-cpp: Gemma on a prompt of fixed tokens. Attention is causal here, where PaliGemma's
// prefix attends both ways; the amount of work is nearly the same. Arguments: MODEL.gguf, threads, tokens to decode.
import { getLlama } from 'node-llama-cpp';
import { servePasses } from './passes.mjs';

const [modelPath, threads, tokens] = process.argv.slice(2);
const PROMPT_TOKENS = 266;

const n = Number(threads);
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  progressLogs: false,
  maxThreads: n,
  logLevel: 'error',
});
const model = await llama.loadModel({ modelPath, gpuLayers: 0, ignoreMemorySafetyChecks: true });
const context = await model.createContext({
  contextSize: 512,
  batchSize: 512, // the whole prompt at once
  sequences: 1,
  threads: { ideal: n, min: n },
  ignoreMemorySafetyChecks: true,
});
const sequence = context.getSequence();
const token = (i) => 300 + ((i * 37) % 600);
const prompt = [2, ...Array.from({ length: PROMPT_TOKENS - 1 }, (_, i) => token(i))];

await servePasses(async () => {
  await sequence.clearHistory();
  const generated = sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true });
  const step = async (input) => {
    const begin = performance.now();
    if ((await generated.next(input)).done) throw new Error('the answer ended early');
    return performance.now() - begin;
  };
  const prefill = await step();
  let decode = 0;
  for (let i = 0; i < Number(tokens); i++) decode += await step(token(i));
  await generated.return();
  return { prefill, decode: decode / Number(tokens) };
});
await llama.dispose();
