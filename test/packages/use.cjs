// What a program does with the installed package, as CommonJS, on its own and in a worker thread. Prints what came out.
const path = require('node:path');
const { isMainThread, parentPort, Worker } = require('node:worker_threads');
const { devices, PaliGemma } = require('node-paligemma');

async function use() {
  const root = path.dirname(require.resolve('node-paligemma/package.json'));
  const picture = path.join(root, 'examples', 'pictures', 'shapes.png');
  const model = await PaliGemma.load();
  const { text: caption } = await model.caption(picture);
  const { detections } = await model.detect(picture, [
    'white circle',
    'orange triangle',
    'yellow square',
  ]);
  let streamed = '';
  for await (const piece of model.caption(picture)) streamed += piece.text;
  const kernels = Object.keys(model.info.kernels).join(' ');
  await model.dispose();
  return {
    caption,
    kernels,
    streamed,
    boxes: detections.map(({ label, box }) =>
      [label, ...Object.values(box).map(Math.round)].join(' '),
    ),
  };
}

async function main() {
  const result = await use();
  if (!isMainThread) {
    parentPort.postMessage(result);
    return;
  }
  const worker = new Worker(__filename);
  result.worker = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  result.features = devices()[0].features;
  console.log(JSON.stringify(result));
}
void main();
