// Child process of the campaigns: the plugin in a Fastify application. First argument: the options of the plugin in JSON. It sends its
// address, and answers 'measure' with what it counted and the memory it has.
import Fastify from 'fastify';
import { paligemma } from '../../../lib/server/index.js';

const app = Fastify();
/** Milliseconds from the request line to the last byte, of what was refused. */
const refusals = [];
const statuses = {};
app.addHook('onResponse', async (request, reply) => {
  if (request.method !== 'POST') return;
  statuses[reply.statusCode] = (statuses[reply.statusCode] ?? 0) + 1;
  if (reply.statusCode === 429 || reply.statusCode === 503) refusals.push(reply.elapsedTime);
});
await app.register(paligemma, JSON.parse(process.argv[2]));
process.send({ url: await app.listen({ port: 0, host: '127.0.0.1' }) });
process.on('message', () => {
  globalThis.gc?.();
  process.send({ refusals, statuses, rss: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit());
