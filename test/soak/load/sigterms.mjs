// SIGTERM to a loaded server, 100 times: nothing that was accepted is dropped.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CAPTION, keepAlive, MODEL, post, ROOT, SHAPES, sleep, verdict } from './support.mjs';

const CLIENTS = 12;

/** `amount`: signals. */
export async function sigterms(amount = 100) {
  const picture = await readFile(SHAPES);
  const totals = { answered: 0, refused: 0, dropped: 0, wrong: 0, badEnds: 0 };
  for (let round = 0; round < amount; round++) {
    const child = spawn(
      process.execPath,
      [path.join(ROOT, 'lib', 'cli', 'main.js'), 'serve', '--port', '0', '--model', MODEL],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const ended = once(child, 'exit');
    const url = await listening(child);
    while ((await fetch(`${url}/readyz`)).status !== 200) await sleep(20);
    const agent = keepAlive();
    let signalledAt = Number.POSITIVE_INFINITY;
    const client = async () => {
      for (;;) {
        const start = performance.now();
        const { status, text } = await post(agent, `${url}/v1/caption`, picture);
        if (status === 200) {
          totals.answered++;
          if (JSON.parse(text).text !== CAPTION) totals.wrong++;
        } else if (start >= signalledAt || status === 503) {
          // It came too late: the server says so, or no longer listens.
          totals.refused++;
          return;
        } else {
          totals.dropped++;
          return;
        }
      }
    };
    const all = Promise.all(Array.from({ length: CLIENTS }, client));
    await sleep(100 + Math.random() * 200);
    signalledAt = performance.now();
    child.kill('SIGTERM');
    await all;
    const [code] = await ended;
    if (code !== 0) totals.badEnds++;
    agent.destroy();
  }
  console.log(`sigterms: ${amount} under ${CLIENTS} clients: ${JSON.stringify(totals)}`);
  return verdict({
    'nothing that was sent before is dropped': totals.dropped === 0,
    'no answer is wrong': totals.wrong === 0,
    'each process ends with 0': totals.badEnds === 0,
  });
}

function listening(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (part) => {
      text += part;
      const url = /listening on (\S+)/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', () => reject(new Error(`the server did not start: ${text}`)));
  });
}
