// 1,000 clients at once for a minute, the engine on one thread: far more than it can do. What does not fit must be refused at once,
// what is accepted answered, and memory must not grow.
import { readFile } from 'node:fs/promises';
import {
  at,
  CAPTION,
  keepAlive,
  megabytes,
  post,
  SHAPES,
  sleep,
  startServer,
  verdict,
} from './support.mjs';

const CLIENTS = 1000;

/** `amount`: seconds. */
export async function clients(amount = 60) {
  const server = await startServer({ maxRequests: 64 }, { threads: 1 });
  const picture = await readFile(SHAPES);
  const agent = keepAlive();
  const seen = {};
  let wrong = 0;
  let end = performance.now() + 5000;
  const client = async () => {
    while (performance.now() < end) {
      const { status, text } = await post(agent, `${server.url}/v1/caption`, picture);
      seen[status] = (seen[status] ?? 0) + 1;
      if (status === 200 && JSON.parse(text).text !== CAPTION) wrong++;
      // Less patient than the answer says, as many clients are.
      if (status !== 200) await sleep(200 + Math.random() * 800);
    }
  };
  const all = () => Promise.all(Array.from({ length: CLIENTS }, client));
  await all();
  const before = await server.measure();
  end = performance.now() + amount * 1000;
  await all();
  const after = await server.measure();
  const left = await (await fetch(`${server.url}/metrics`)).text();
  const cancelled = [...left.matchAll(/^paligemma_cancelled_total\{.*\} (\d+)/gm)];
  server.stop();
  agent.destroy();
  const growth = megabytes(after.rss - before.rss);
  const p99 = at(after.refusals, 0.99);
  console.log(`clients: ${CLIENTS} for ${amount} s: ${JSON.stringify(seen)}`);
  return verdict({
    'only 200, 429 and 503': Object.keys(seen).every((s) => ['200', '429', '503'].includes(s)),
    'each accepted request is answered':
      after.statuses[200] === seen[200] && cancelled.length === 0,
    'no answer is wrong': wrong === 0,
    [`refusals take ${at(after.refusals, 0.5).toFixed(2)} ms (p50), ${p99.toFixed(1)} ms (p99) in the server, less than 50`]:
      p99 < 50,
    [`memory grows by ${growth.toFixed(1)} MB, less than 100`]: growth < 100,
  });
}
