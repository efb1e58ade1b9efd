// What HTTP costs: a caption of a small JPEG by a call in this process, and by a request to a server in another one, the picture as
// the raw body, in turns; then the same with a data URL in JSON.
// Usage: node bench/http.mjs [MODEL] [--pairs 10] [--calls 40]
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { PaliGemma } from '../lib/index.js';
import { keepAlive, MODEL, post, startServer } from '../test/soak/load/support.mjs';
import { compare } from './pairs.mjs';

const { values, positionals } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10' },
    calls: { type: 'string', default: '40' },
  },
  allowPositionals: true,
});
const [file = MODEL] = positionals;
const options = { featureCacheMb: 0 };
const model = await PaliGemma.load(file, { onNote: () => {}, ...options });
const server = await startServer({ models: { demo: { file, ...options } } });
const picture = await sharp('examples/pictures/shapes.png').resize(224, 224).jpeg().toBuffer();
const agent = keepAlive();
const json = Buffer.from(
  JSON.stringify({ image: `data:image/jpeg;base64,${picture.toString('base64')}` }),
);
const ask = async (body, type) => {
  const answer = await post(agent, `${server.url}/v1/caption`, body, { type });
  if (answer.status !== 200) throw new Error(`status ${answer.status}: ${answer.text}`);
};
const settings = { pairs: Number(values.pairs), calls: Number(values.calls) };
const call = () => model.caption(picture);
console.log('raw body');
await compare('HTTP', { call, request: () => ask(picture, 'image/jpeg') }, settings);
console.log('\ndata URL in JSON');
await compare('HTTP', { call, request: () => ask(json, 'application/json') }, settings);
agent.destroy();
server.stop();
await model.dispose();
