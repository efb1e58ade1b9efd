// Starts worker threads that load a model and generate, and terminates each in the middle. The main thread never loads the
// addon itself: an addon that lives only in workers is the dangerous case. Arguments: model, picture, cycles.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const [model, picture, cycles] = process.argv.slice(2);
const code = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { PaliGemma } = require(workerData.library);
  (async () => {
    const model = await PaliGemma.load(workerData.model, { threads: 1, onNote: () => {} });
    const stream = model.stream(workerData.picture, '', { maxTokens: 30_000 });
    parentPort.postMessage('generating');
    for await (const piece of stream) void piece;
  })().catch((error) => { parentPort.postMessage(String(error)); });
`;
const workerData = {
  library: fileURLToPath(new URL('../../../lib/index.js', import.meta.url)),
  model,
  picture,
};
let generating = 0;
for (let i = 0; i < Number(cycles); i++) {
  const worker = new Worker(code, { eval: true, workerData });
  // Some are terminated while they load, the others while they generate.
  if (i % 5 === 4) {
    await sleep(i % 40);
  } else {
    const [message] = await once(worker, 'message');
    if (message !== 'generating') throw new Error(message);
    generating++;
    await sleep(i % 7);
  }
  await worker.terminate();
}
process.stdout.write(`${generating}\n`);
