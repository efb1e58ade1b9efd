// Computes in a child process for ever, and prints the child's id when it does. Arguments: model, picture.
import { PaliGemma } from '../../../lib/index.js';

const [path, picture] = process.argv.slice(2);
const model = await PaliGemma.load(path, { isolate: 'process', onNote: () => {} });
for (;;) {
  for await (const _ of model.stream(picture, '', { maxTokens: 30_000 })) {
    if (globalThis.isPrinted) continue;
    globalThis.isPrinted = true;
    console.log(model.health.pids[0]);
  }
}
