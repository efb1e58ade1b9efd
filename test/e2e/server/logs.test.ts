/** What is in a log at its most talkative level: nothing of a prompt, a picture, a key or a query. */
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { PaliGemma } from '../../../src/index.js';
import { DEMO_MODEL } from '../../support/models.js';
import { DATA_URL, formOf, SHAPES, startServer } from '../../support/server.js';

/** In all that a client sends. */
const SECRET = 'xyzzy';
const KEY = `${SECRET}-is-a-key`;
/** From within the picture. */
const PIXELS = DATA_URL.slice(300, 340);

interface Document {
  readonly paths: Readonly<Record<string, object>>;
}

const picture = [{ type: 'image_url', image_url: { url: DATA_URL } }];
const part = [{ type: 'input_image', image_url: DATA_URL }];
const text = { type: 'text', text: `${SECRET} en` };

/** For every face: what it answers, and what it does not. */
const BODIES: readonly object[] = [
  { image: DATA_URL, prompt: SECRET },
  { image: DATA_URL, question: SECRET },
  { image: DATA_URL, labels: [SECRET] },
  // The advisor minds capitals, and repeats them.
  { image: DATA_URL, labels: [SECRET.toUpperCase()] },
  { image: DATA_URL, [SECRET]: SECRET },
  { images: [DATA_URL, DATA_URL], question: SECRET },
  { image: `data:image/png;base64,${SECRET}${PIXELS}` },
  { image: `https://${SECRET}:${SECRET}@${SECRET}.example/${SECRET}` },
  { image: `/${SECRET}/${PIXELS}` },
  { messages: [{ role: 'user', content: [text, ...picture] }] },
  { messages: [{ role: 'user', content: [text, ...picture] }], stream: true },
  { messages: [{ role: SECRET, content: [{ type: SECRET, text: SECRET }] }] },
  { input: [{ role: 'user', content: [{ ...text, type: 'input_text' }, ...part] }] },
  { input: SECRET, model: SECRET },
  {
    image: { type: 'base64', value: DATA_URL },
    prompt: SECRET,
    api_key: KEY,
    model_id: 'paligemma',
  },
  { image: { type: SECRET, value: PIXELS }, prompt: SECRET, api_key: SECRET, model_id: SECRET },
  {
    inputs: { image: { type: 'url', value: SECRET } },
    api_key: KEY,
    specification: { [SECRET]: 1 },
  },
];

it('is nothing that a client sent, whether it is answered or not', {
  timeout: 60_000,
}, async () => {
  const model = await PaliGemma.load(DEMO_MODEL);
  let log = '';
  const onWarning = (warning: Error) => {
    log += `${warning.stack}\n`;
  };
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const stream = new Writable({
    write: (chunk, _, done) => {
      log += String(chunk);
      done();
    },
  });
  const server = await startServer(
    { model, keys: [KEY], maxBodyBytes: 100_000 },
    { logger: { level: 'trace', stream } },
  );
  const { paths } = (await (await server.get('/openapi.json')).json()) as Document;
  const statuses = new Map<string, Set<number>>();
  for (const [path, item] of Object.entries(paths)) {
    const route = path.replace(/\{\w+\}/g, 'paligemma');
    const upload = server.url + path.replace(/\{\w+\}/g, `img_${SECRET}`);
    const seen = new Set<number>();
    statuses.set(path, seen);
    const query = `?${new URLSearchParams({ api_key: KEY, prompt: SECRET, [SECRET]: PIXELS })}`;
    const keyed = { authorization: `Bearer ${KEY}`, cookie: SECRET, 'x-custom': SECRET };
    const answers: Promise<Response>[] = [];
    if ('get' in item) {
      for (const headers of [keyed, { authorization: `Bearer ${SECRET}` }]) {
        answers.push(server.get(route, headers), server.get(route + query, headers));
        answers.push(fetch(upload, { headers }));
      }
    } else {
      for (const body of BODIES) answers.push(server.post(route, body, keyed));
      answers.push(
        server.post(route, BODIES[0] as object),
        server.post(route + query, BODIES[0] as object),
        server.post(`${route}?question=${SECRET}&prompt=${SECRET}`, SHAPES, keyed),
        server.post(route + query, formOf([SHAPES], { prompt: SECRET, question: SECRET }), keyed),
        server.post(route, { image: DATA_URL.repeat(100) }, keyed),
        server.post(route, new TextEncoder().encode(`{"${SECRET}`), {
          ...{ ...keyed, 'content-type': 'application/json' },
        }),
        server.post(route, new TextEncoder().encode(SECRET), {
          ...{ ...keyed, 'content-type': `application/${SECRET}` },
        }),
      );
    }
    if ('delete' in item) answers.push(fetch(upload, { method: 'DELETE', headers: keyed }));
    for (const answer of await Promise.all(answers)) {
      seen.add(answer.status);
      await answer.arrayBuffer();
    }
  }
  await server.app.close();
  // Requests of each route got beyond the key, and answers were among them.
  for (const [path, seen] of statuses) {
    expect([path, [...seen].some((status) => status !== 401)]).toEqual([...[path, true]]);
  }
  const answered = [...statuses].filter(([, seen]) => seen.has(200)).map(([path]) => path);
  expect(answered).toEqual(
    expect.arrayContaining([
      ...['/v1/predict', '/v1/ask', '/v1/detect', '/v1/classify', '/metrics'],
      ...['/v1/chat/completions', '/v1/responses', '/infer/lmm', '/model/registry'],
    ]),
  );
  expect(log.split('\n').length).toBeGreaterThan(2 * statuses.size);
  for (const url of ['/v1/caption', '/v1/images/:id']) expect(log).toContain(`"url":"${url}"`);
  for (const secret of [SECRET, SECRET.toUpperCase(), PIXELS]) {
    const at = log.indexOf(secret);
    expect(at < 0 ? 'nothing' : log.slice(Math.max(0, at - 300), at + 100)).toBe('nothing');
  }
  // Asked by its caller it warns as before.
  const own = once(process, 'warning');
  await model.detect(SHAPES, 'A DOG');
  expect((await own)[0]).toMatchObject({ code: 'PALIGEMMA_PROMPT_UPPER_CASE' });
  await model.dispose();
});
