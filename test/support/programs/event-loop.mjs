// Delay of timers and of fs.stat while a model generates for several callers. Arguments: model, picture, tokens.
import { stat } from 'node:fs/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { PaliGemma } from '../../../lib/index.js';

const [path, picture, tokens] = process.argv.slice(2);
const model = await PaliGemma.load(path);
await model.predict(picture, '', { maxTokens: 2 });
const loop = monitorEventLoopDelay({ resolution: 1 });
const stats = [];
let running = true;
const calls = Promise.all(
  ['', 'ocr', 'caption en', 'caption es', 'detect star'].map((prompt) =>
    model.predict(picture, prompt, { maxTokens: Number(tokens) }),
  ),
).finally(() => {
  running = false;
});
loop.enable();
while (running) {
  const begin = performance.now();
  await stat(picture);
  stats.push(performance.now() - begin);
  await sleep(2);
}
loop.disable();
await calls;
await model.dispose();
stats.sort((a, b) => a - b);
process.stdout.write(
  JSON.stringify({
    // The histogram counts the timer's own resolution of 1 ms as delay.
    timerP99: loop.percentile(99) / 1e6,
    statP99: stats[Math.floor(stats.length * 0.99)],
    samples: stats.length,
  }),
);
