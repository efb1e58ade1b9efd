// A model inside a worker thread. The main thread does not need one to stay responsive: the work is native and off the event
// loop either way. A worker helps when the program around the model is busy itself. Threads do not share models: each
// thread that loads one has its own copy in memory.
// Usage: node examples/worker.mjs [PICTURE [MODEL]]
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { PaliGemma } from 'node-paligemma';

if (isMainThread) {
  const [picture = fileURLToPath(new URL('pictures/shapes.png', import.meta.url)), file] =
    process.argv.slice(2);

  const worker = new Worker(new URL(import.meta.url), { workerData: { file } });
  for (const prompt of ['caption en', 'answer en how many shapes are there?']) {
    worker.postMessage({ picture, prompt });
    const [text] = await once(worker, 'message');
    console.log(`${prompt}: ${text}`);
  }
  // Safe at any time, even while the worker's model is generating.
  await worker.terminate();
} else {
  const model = await PaliGemma.load(workerData.file);
  parentPort.on('message', async ({ picture, prompt }) => {
    const { text } = await model.predict(picture, prompt);
    parentPort.postMessage(text);
  });
}
