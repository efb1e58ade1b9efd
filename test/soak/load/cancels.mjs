// 10,000 clients that leave at a random moment, in any stage, and some that ask in many wordings, of which one is refused. The
// next request must be answered as if they had never been, and no other answer may be touched.
import { readFile } from 'node:fs/promises';
import { at, CAPTION, keepAlive, post, SHAPES, sleep, startServer, verdict } from './support.mjs';

/** As long an answer as the context allows. */
const LONG = new URLSearchParams({
  prompt: 'caption en',
  pattern: '[a-z ]{1000}',
  maxTokens: '150',
});

/** The last is longer than the context: with it all others have to end. */
const REFUSED = new URLSearchParams({ maxTokens: '150' });
for (let i = 0; i < 20; i++) REFUSED.append('prompts', `caption en ${i}`);
REFUSED.append('prompts', 'zq '.repeat(2000));

/** `amount`: clients that leave. */
export async function cancels(amount = 10_000) {
  const server = await startServer({}, { slots: 2 });
  const picture = await readFile(SHAPES);
  const agent = keepAlive();
  const ask = (options) => post(agent, `${server.url}/v1/caption`, picture, options);
  const isRight = ({ status, text }) => status === 200 && JSON.parse(text).text === CAPTION;
  const usual = [];
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    await ask();
    usual.push(performance.now() - start);
  }
  const longStart = performance.now();
  await post(agent, `${server.url}/v1/predict?${LONG}`, picture);
  const longest = performance.now() - longStart;
  const extra = [];
  let left = 0;
  let finished = 0;
  let refused = 0;
  let wrong = 0;
  while (left + finished < amount) {
    const victims = 1 + Math.floor(Math.random() * 4);
    const delay = Math.random() * longest;
    const bystander = ask();
    const gone = Array.from({ length: victims }, () => {
      if (Math.random() < 0.1) return post(agent, `${server.url}/v1/sweep?${REFUSED}`, picture);
      return post(agent, `${server.url}/v1/predict?${LONG}`, picture, {
        abandon: delay,
        ...(Math.random() < 0.1 && { part: Math.random() }),
        ...(Math.random() < 0.5 && { accept: 'text/event-stream' }),
      });
    });
    for (const { status } of await Promise.all(gone)) {
      if (status === 200) finished++;
      else if (status === 400) refused++;
      else left++;
    }
    if (!isRight(await bystander)) wrong++;
    const start = performance.now();
    if (!isRight(await ask())) wrong++;
    extra.push(performance.now() - start - at(usual, 0.5));
  }
  await sleep(300);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const stages = Object.fromEntries(
    [...metrics.matchAll(/cancelled_total\{stage="(\w+)",cause="gone"\} (\d+)/g)].map((m) => [
      m[1],
      Number(m[2]),
    ]),
  );
  const inside = /^paligemma_requests_inside (\d+)/m.exec(metrics)?.[1];
  server.stop();
  agent.destroy();
  console.log(
    `cancels: ${left} left, ${finished} were answered before, ${refused} refused; by stage ${JSON.stringify(stages)}`,
  );
  return verdict({
    'no answer of another client is wrong': wrong === 0,
    'requests of many wordings are refused': refused > 0,
    'nothing stays inside': inside === '0',
    [`the next answer takes ${at(extra, 0.5).toFixed(1)} ms (p50), ${at(extra, 0.99).toFixed(1)} ms (p99) longer than usual, less than 250`]:
      at(extra, 0.99) < 250,
  });
}
