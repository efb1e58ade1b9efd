// What people deploy: the programs in examples/deployment, built with the published package outside of this repository as
// docs/deployment.md says, and run; what Next.js makes, in a folder where nothing else is left.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from '../../scripts/lib.mjs';
import { clean, expected, freePort } from './consumer.mjs';
import { cell, check, exec, npm, OFFLINE, projects } from './harness.mjs';

const EXAMPLES = path.join(ROOT, 'examples', 'deployment');
const PICTURE = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
/** The bundler of 16 is Turbopack, that of 15 webpack; each has a way of its own to find the files that a program needs. */
const NEXT = { 15: '15.5.29', 16: '16.4.6' };
/** The programs name no model. */
const DEMO_MODEL = '@node-paligemma/demo-model';
const ENV = { NEXT_TELEMETRY_DISABLED: '1' };

/** Calls `use` with a folder outside of this repository, whose packages would be found otherwise, and removes it. */
async function elsewhere(use) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'paligemma-deployed-')));
  try {
    return await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** An example in `folder`, installed; `versions` of what it depends on instead of its own. */
async function installExample(name, folder, versions = {}) {
  fs.cpSync(path.join(EXAMPLES, name), folder, { recursive: true });
  const file = path.join(folder, 'package.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  Object.assign(manifest.dependencies, versions, { [DEMO_MODEL]: '*' });
  fs.writeFileSync(file, JSON.stringify(manifest));
  await npm(['install'], { cwd: folder, env: clean(projects) });
}

function checkCaption(caption, source) {
  expected.caption ??= caption;
  check(caption === expected.caption, `${source}: ${caption}`);
}

/** Megabytes in a folder. */
async function size(folder) {
  return Number((await exec('du', ['-sm', folder])).split('\t')[0]);
}

// --- Next.js -----------------------------------------------------------------------------------------------------------
/** Runs `use` with the address of a server that `server.js` in `folder` starts. */
async function served(folder, use) {
  const port = await freePort();
  const env = { ...process.env, ...ENV, HOSTNAME: '127.0.0.1', PORT: `${port}` };
  const child = spawn(process.execPath, ['server.js'], { cwd: folder, env });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const url = `http://127.0.0.1:${port}`;
    for (let i = 0; ; i++) {
      check(child.exitCode === null && i < 300, 'the server does not start');
      if (await fetch(url).then(Boolean, () => false)) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return await use(url);
  } catch (error) {
    throw new Error(`${error.message}\n${said.slice(-1500)}`);
  } finally {
    child.kill();
    await ended;
  }
}

async function ask(url) {
  const page = await fetch(url);
  const html = await page.text();
  check(page.status === 200 && html.includes('type="file"'), `the page: ${page.status} ${html}`);
  const script = /src="(\/_next\/static\/[^"]+\.js)"/.exec(html)?.[1];
  const { status } = await fetch(url + script);
  check(status === 200, `${script} of the page: ${status}`);
  const send = async (content) => {
    const body = new FormData();
    body.set('picture', content);
    const response = await fetch(`${url}/api/caption`, { method: 'POST', body });
    return { status: response.status, ...JSON.parse(await response.text()) };
  };
  const { text, message } = await send(new Blob([fs.readFileSync(PICTURE)]));
  check(text !== undefined, message);
  checkCaption(text, 'the route');
  const wrong = await send(new Blob(['no picture']));
  check(wrong.status === 400 && /expected a JPEG/.test(wrong.message), JSON.stringify(wrong));
  const file = await send(PICTURE);
  check(file.status === 400, `a path in place of a picture: ${JSON.stringify(file)}`);
}

const nextjs = (version) => () =>
  elsewhere(async (folder) => {
    const app = path.join(folder, 'app');
    await installExample('nextjs', app, { next: version });
    await npm(['run', 'build'], { cwd: app, env: ENV });
    // What was left out is found nowhere else.
    const deployed = path.join(folder, 'deployed');
    fs.renameSync(path.join(app, '.next', 'standalone'), deployed);
    fs.rmSync(app, { recursive: true });
    const own = path.join(deployed, 'node_modules', 'node-paligemma');
    const more = fs.readdirSync(own).filter((name) => /^(native|docs|scripts)$/.test(name));
    check(more.length === 0, `what no program reads was copied: ${more}`);
    await served(deployed, ask);
    fs.rmSync(path.join(own, 'prebuilds'), { recursive: true });
    const load = `require('node-paligemma').PaliGemma.load().catch((e) => console.log(e.failure, e.message))`;
    const without = await exec(process.execPath, ['-e', load], { cwd: deployed });
    check(/^no-binary .*only a part of the package was copied/.test(without), without);
    return `${await size(deployed)} MB`;
  });

// --- the server --------------------------------------------------------------------------------------------------------
/** Starts a server, offline, calls `use` with the line that it prints, and stops it: what `use` returned, and its code. */
async function serving(commandLine, folder, use) {
  const [command, ...args] = commandLine;
  const child = spawn(command, [...args, '--port', '0'], {
    ...{ cwd: folder, env: { ...process.env, ...OFFLINE }, detached: true },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const ended = new Promise((resolve) => child.once('close', (code) => resolve(code)));
  const line = new Promise((resolve, reject) => {
    child.stderr.on('data', (data) => {
      said += data;
      const [, found] = /^try it: (.*)\n/m.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`it ended: ${said}`)));
  });
  let result;
  try {
    result = await use(await line);
  } finally {
    // npx and what it starts.
    if (child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await ended;
  }
  return { result, code: await ended };
}

/** Runs the line that the server prints. */
async function findBox(line, folder, env = process.env) {
  const answer = await exec('sh', ['-c', line], { cwd: folder, env });
  check(JSON.parse(answer).detections?.[0]?.label === 'white circle', answer);
}

/** What deploy/Dockerfile runs, without an image: in a folder in place of /app, with the files of deploy/config. */
const dockerfile = () =>
  elsewhere(async (folder) => {
    const config = path.join(folder, 'config');
    fs.cpSync(path.join(ROOT, 'deploy', 'config'), config, { recursive: true });
    fs.writeFileSync(path.join(config, 'keys.txt'), 'a-key-of-the-cell\n');
    const place = (text) =>
      [
        ['/app/', `${folder}/`],
        ['/etc/paligemma', config],
        ['/models/paligemma.gguf', path.join(ROOT, 'models', 'shapes-mix-224-q8_0.gguf')],
      ].reduce((all, [from, to]) => all.replaceAll(from, to), text);
    const settings = path.join(config, 'serve.json');
    fs.writeFileSync(settings, place(fs.readFileSync(settings, 'utf8')));
    const text = fs.readFileSync(path.join(ROOT, 'deploy', 'Dockerfile'), 'utf8');
    const part = (name) => new RegExp(`^${name} ((?:.*\\\\\\n)*.*)$`, 'm').exec(text)[1];
    const list = (name) => JSON.parse(place(part(name)));
    // Its cache is emptied, which others use.
    const cache = path.join(folder, 'cache');
    const env = { ...clean(projects), npm_config_cache: cache, PACKAGE: 'node-paligemma' };
    await exec('sh', ['-c', part('RUN').replace(/^--mount=\S+ /, '')], { cwd: folder, env });
    const { code } = await serving(
      [...list('ENTRYPOINT'), ...list('CMD')],
      folder,
      async (line) => {
        const env = { ...process.env, KEY: 'a-key-of-the-cell' };
        await findBox(line.replace('0.0.0.0', '127.0.0.1'), folder, env);
        const [, port] = /:(\d+)\//.exec(line);
        const [command, ...args] = JSON.parse(/CMD (\[.*\])$/.exec(part('HEALTHCHECK'))[1]);
        await exec(
          command,
          args.map((arg) => arg.replace('8765', port)),
        );
      },
    );
    check(code === 0, `after SIGTERM it ended with ${code}`);
  });

function server() {
  const install = (folder, ...packages) =>
    npm(['install', '--ignore-scripts', ...packages], { cwd: folder, env: clean(projects) });
  const serve = () =>
    elsewhere(async (folder) => {
      await install(folder, 'node-paligemma', DEMO_MODEL);
      const wrong = await exec('npx', ['--no-install', 'paligemma', 'serve'], {
        cwd: folder,
      }).catch((error) => error.message);
      const [, command] = /(npm install [^\n]*fastify[\w@/. -]*)/.exec(wrong) ?? [];
      check(command !== undefined, `without its packages it names no command: ${wrong}`);
      await install(folder, ...command.split(' ').slice(2));
      const start = performance.now();
      const line = ['npx', '--no-install', 'paligemma', 'serve'];
      const { result: seconds } = await serving(line, folder, async (printed) => {
        await findBox(printed, folder);
        return (performance.now() - start) / 1000;
      });
      return `first box after ${seconds.toFixed(1)} s, loading included`;
    });
  cell('paligemma serve in an empty folder, offline', serve, 'publish');
  cell('the commands of deploy/Dockerfile', dockerfile, 'publish');
}

// --- bundlers ----------------------------------------------------------------------------------------------------------
function bundlers() {
  const bundle = (name) => () =>
    elsewhere(async (folder) => {
      await installExample('bundlers', folder);
      await npm(['run', name], { cwd: folder });
      const [file] = fs.readdirSync(path.join(folder, 'dist'));
      const bytes = fs.statSync(path.join(folder, 'dist', file)).size;
      check(bytes < 1e4, `${bytes} bytes: the package is in the bundle`);
      const out = await exec(process.execPath, [`dist/${file}`, PICTURE], { cwd: folder });
      checkCaption(out.trim(), name);
      return `${bytes} bytes`;
    });
  for (const name of ['esbuild', 'webpack', 'vite'])
    cell(`examples/deployment ${name}`, bundle(name), 'publish');
}

export function deployments() {
  for (const [major, version] of Object.entries(NEXT))
    cell(`Next.js ${major} standalone, page and route`, nextjs(version), 'publish');
  server();
  bundlers();
  cell('examples/deployment names current versions', async () => {
    const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    for (const name of fs.readdirSync(EXAMPLES)) {
      const file = path.join(EXAMPLES, name, 'package.json');
      const { dependencies } = JSON.parse(fs.readFileSync(file, 'utf8'));
      check(dependencies['node-paligemma'] === version, `${file} wants another than ${version}`);
      check((dependencies.next ?? NEXT[16]) === NEXT[16], `${file} has an untested Next.js`);
    }
  });
}
