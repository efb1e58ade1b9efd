/** Web pages of other origins: what a browser asks for them, and what it lets them read (CORS). */
import { describe, expect, it } from 'vitest';
import { SHAPES, startServer, type TestServer, useServer } from '../../support/server.js';

const served = useServer();

const PAGE = 'https://app.example';
const KEY = 'a-key-of-the-page';
const start = () =>
  startServer({ model: served.model, origins: [PAGE, 'http://localhost:3000'], keys: [KEY] });

/** What a browser sends before a page's request that is not a plain one. */
async function preflight(server: TestServer, route: string, headers: Record<string, string> = {}) {
  const answer = await fetch(server.url + route, {
    method: 'OPTIONS',
    headers: { origin: PAGE, 'access-control-request-method': 'POST', ...headers },
  });
  await answer.arrayBuffer();
  return answer;
}

describe('a page of an origin that is listed', () => {
  it('may ask every route, without a key for the question', async () => {
    const server = await start();
    const document = (await (await server.get('/openapi.json')).json()) as { paths: object };
    const routes = Object.keys(document.paths);
    expect(routes).toContain('/v1/chat/completions');
    for (const route of routes) {
      const answer = await preflight(server, route.replace(/\{\w+\}/g, 'a'));
      expect([route, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
        ...[route, 204, PAGE],
      ]);
      expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, DELETE');
      expect(answer.headers.get('vary')).toBe('origin');
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('may send the headers of our routes and of the openai client, and no others', async () => {
    const server = await start();
    const asked =
      'authorization, Content-Type,x-api-key, x-deadline-ms, X-Stainless-Lang, x-stainless-retry-count, cookie, x-other';
    const answer = await preflight(server, '/v1/chat/completions', {
      'access-control-request-headers': asked,
    });
    const allowed = answer.headers.get('access-control-allow-headers')?.split(', ') ?? [];
    expect(allowed).toEqual(
      expect.arrayContaining([
        ...['authorization', 'content-type', 'x-api-key', 'x-deadline-ms'],
        ...['x-stainless-lang', 'x-stainless-retry-count'],
      ]),
    );
    expect(allowed).not.toContain('cookie');
    expect(allowed).not.toContain('x-other');
  });

  it('may call a server of the own network when the browser asks', async () => {
    const server = await start();
    const header = 'access-control-allow-private-network';
    const asking = { 'access-control-request-private-network': 'true' };
    expect((await preflight(server, '/v1/ask', asking)).headers.get(header)).toBe('true');
    expect((await preflight(server, '/v1/ask')).headers.get(header)).toBeNull();
    const other = await preflight(server, '/v1/ask', { ...asking, origin: 'https://evil.example' });
    expect([other.status, other.headers.get(header)]).toEqual([403, null]);
  });

  it('reads answers, streams and failures', async () => {
    const server = await start();
    const keyed = { origin: PAGE, authorization: `Bearer ${KEY}` };
    for (const [headers, status] of [
      [keyed, 200],
      [{ ...keyed, accept: 'text/event-stream' }, 200],
      [{ origin: PAGE }, 401],
      [{ ...keyed, 'x-deadline-ms': 'soon' }, 422],
    ] as const) {
      const answer = await server.post('/v1/caption', SHAPES, headers);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
        status,
        PAGE,
      ]);
      expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id');
      expect(answer.headers.get('vary')).toBe('origin');
      await answer.arrayBuffer();
    }
  });
});

it('a page of another origin reads nothing, and learns that before it sends', async () => {
  const server = await start();
  for (const origin of [
    'https://evil.example',
    'https://app.example.evil.example',
    'null',
    'HTTPS://APP.EXAMPLE',
  ]) {
    const asked = await preflight(server, '/v1/caption', { origin });
    const sent = await server.post('/v1/caption', SHAPES, { origin, 'x-api-key': KEY });
    for (const answer of [asked, sent]) {
      expect([origin, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
        ...[origin, 403, null],
      ]);
      expect(answer.headers.get('vary')).toBe('origin');
    }
  }
  // Without origins there is nothing about pages at all.
  const closed = await startServer({ model: served.model });
  const answer = await preflight(closed, '/v1/caption');
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([404, null]);
});
