// Several worker threads, each with a model of its own, answer the same question at once. Arguments: model, picture, workers.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const [model, picture, workers] = process.argv.slice(2);
const code = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { PaliGemma } = require(workerData.library);
  (async () => {
    const model = await PaliGemma.load(workerData.model, { threads: 1 });
    const { text } = await model.predict(workerData.picture, 'caption en');
    await model.dispose();
    parentPort.postMessage(text);
  })();
`;
const workerData = {
  library: fileURLToPath(new URL('../../../lib/index.js', import.meta.url)),
  model,
  picture,
};
const texts = await Promise.all(
  Array.from({ length: Number(workers) }, async () => {
    const worker = new Worker(code, { eval: true, workerData });
    // A last message and the end may come in one turn, so both are listened for from the beginning.
    const ended = once(worker, 'exit');
    const [text] = await once(worker, 'message');
    await ended;
    return text;
  }),
);
process.stdout.write(JSON.stringify(texts));
