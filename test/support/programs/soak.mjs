// Many predictions, a third of them aborted, with what the process holds before and after. Arguments: model, picture, n.
import { PaliGemma } from '../../../lib/index.js';

const [path, picture, count] = process.argv.slice(2);
const model = await PaliGemma.load(path, { slots: 2 });
const outcomes = { done: 0, aborted: 0 };

async function some(n) {
  for (let i = 0; i < n; i++) {
    const controller = new AbortController();
    const call = model.predict(picture, i % 2 ? 'caption en' : 'ocr', {
      maxTokens: 8,
      signal: controller.signal,
    });
    if (i % 3 === 0) setTimeout(() => controller.abort(), i % 10);
    await call.then(
      () => outcomes.done++,
      () => outcomes.aborted++,
    );
  }
}

function held() {
  for (let i = 0; i < 4; i++) globalThis.gc();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    rss,
    heapUsed,
    external: external + arrayBuffers,
    handles: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length,
    exitListeners: process.listenerCount('exit'),
  };
}

await some(Number(count) / 4);
const before = held();
await some((Number(count) * 3) / 4);
const after = held();
await model.dispose();
process.stdout.write(JSON.stringify({ outcomes, before, after, disposed: held() }));
