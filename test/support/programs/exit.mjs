// Leaves the process in one of several ways while a generation runs. Arguments: model, picture, way.
import { PaliGemma } from '../../../lib/index.js';

const [path, picture, way] = process.argv.slice(2);
const model = await PaliGemma.load(path, { onNote: () => {} });
// What is to be cut off takes seconds.
const maxTokens = way === 'finish' || way === 'idle' ? 900 : 30_000;
const call = model.predict(picture, '', { maxTokens });
call.catch(() => {});
await new Promise((resolve) => setTimeout(resolve, 30));
switch (way) {
  case 'exit':
    process.exit(7);
    break;
  case 'throw':
    throw new Error('uncaught');
  case 'signal':
    process.kill(process.pid, 'SIGTERM');
    break;
  case 'finish':
    // Nothing awaits the call any more; the process ends when it is answered.
    break;
  case 'idle':
    // A model that is never disposed of does not keep the process alive.
    await call.catch(() => {});
    break;
}
