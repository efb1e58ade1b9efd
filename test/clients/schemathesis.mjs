// schemathesis, as it is on PyPI: requests that it makes of /openapi.json, valid and not, against a server of `paligemma serve`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { runPython } from './python.mjs';

const MAIN = path.resolve(import.meta.dirname, '..', '..', 'lib', 'cli', 'main.js');
const server = spawn(process.execPath, [MAIN, 'serve', '--port', '0'], {
  stdio: ['ignore', 'ignore', 'pipe'],
});
let text = '';
while (!text.includes('try it: ')) text += String((await once(server.stderr, 'data'))[0]);
const [, url] = /listening on (\S+)/.exec(text);
try {
  runPython('openapi.py', 'schemathesis', ['schemathesis==4.32.5'], { URL_OF: url });
  // It is still there.
  const { status } = await fetch(`${url}/livez`);
  if (status !== 200) throw new Error(`afterwards /livez is ${status}`);
} finally {
  server.kill();
}
