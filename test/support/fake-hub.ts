/** A model hub on loopback that answers as the real one does where this package asks, with faults on demand. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = `${'a'.repeat(39)}1`;

export interface Faults {
  /** Break the connection after so many bytes of content. */
  cutEvery?: number;
  /** Content goes out with this byte flipped. */
  flipByte?: number;
  /** Announce this length instead of the file's. */
  announce?: number;
  /** Answer everything with this. */
  refuse?: { status: number; code?: string };
  /** The list of files goes on at another host. */
  listElsewhere?: boolean;
  /** Content stops here and the connection stays open. */
  stallAt?: number;
}

export interface Seen {
  readonly host: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

export class FakeHub {
  readonly files = new Map<string, Buffer>();
  readonly seen: Seen[] = [];
  faults: Faults = {};
  readonly #server: http.Server;
  #content = 0;

  private constructor() {
    this.#server = http.createServer((request, response) => this.#answer(request, response));
  }

  static async start(): Promise<FakeHub> {
    const hub = new FakeHub();
    // All addresses of loopback: "localhost" is to be another host than 127.0.0.1.
    await new Promise<void>((resolve) => hub.#server.listen(0, resolve));
    return hub;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** How many answers held content of files. */
  get contents(): number {
    return this.#content;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  static sha256(bytes: Buffer): string {
    return createHash('sha256').update(bytes).digest('hex');
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const { authorization, host = '', range } = request.headers;
    this.seen.push({ host, path: pathname, authorization, range });
    const { refuse } = this.faults;
    if (refuse) {
      response.writeHead(refuse.status, refuse.code ? { 'X-Error-Code': refuse.code } : {});
      response.end();
      return;
    }
    const json = (value: unknown): void => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const [, kind] =
      /^\/api\/models\/owner\/repo\/(revision|tree)\/(main|v1|[0-9a-f]{40})$/.exec(pathname) ?? [];
    if (kind === 'revision') {
      json({
        _id: '1',
        id: 'owner/repo',
        sha: COMMIT,
        private: false,
        gated: false,
        downloads: 0,
        likes: 0,
        lastModified: '2026-01-01T00:00:00Z',
      });
    } else if (kind === 'tree') {
      if (this.faults.listElsewhere && host.startsWith('127.'))
        response.setHeader('Link', `<http://localhost:${this.#port}${pathname}>; rel="next"`);
      json(
        [...(host.startsWith('localhost') ? [] : this.files)].map(([path, bytes]) => ({
          ...{ type: 'file', path, size: bytes.length, oid: 'b'.repeat(40) },
          lfs: { oid: FakeHub.sha256(bytes), size: bytes.length, pointerSize: 130 },
        })),
      );
    } else if (pathname.startsWith(`/owner/repo/resolve/${COMMIT}/`)) {
      const file = decodeURIComponent(pathname.slice(`/owner/repo/resolve/${COMMIT}/`.length));
      response.writeHead(302, { Location: `http://localhost:${this.#port}/content/${file}` });
      response.end();
    } else if (pathname.startsWith('/content/')) {
      this.#send(this.files.get(decodeURIComponent(pathname.slice(9))), range, response);
    } else {
      response.writeHead(404, { 'X-Error-Code': 'RepoNotFound' });
      response.end();
    }
  }

  #send(bytes: Buffer | undefined, range: string | undefined, response: http.ServerResponse): void {
    if (bytes === undefined) {
      response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end();
      return;
    }
    this.#content++;
    const { cutEvery, flipByte, announce, stallAt } = this.faults;
    const total = announce ?? bytes.length;
    const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    let body = Buffer.from(bytes.subarray(from));
    if (flipByte !== undefined && flipByte >= from)
      body[flipByte - from] = 255 - (body[flipByte - from] ?? 0);
    if (range === undefined) response.writeHead(200, { 'Content-Length': total });
    else
      response.writeHead(206, {
        'Content-Range': `bytes ${from}-${total - 1}/${total}`,
        'Content-Length': total - from,
      });
    if (stallAt !== undefined && stallAt < bytes.length) {
      response.write(body.subarray(0, Math.max(0, stallAt - from)));
    } else if (cutEvery !== undefined && body.length > cutEvery) {
      body = body.subarray(0, cutEvery);
      response.write(body, () => setTimeout(() => response.destroy(), 1));
    } else {
      response.end(body);
    }
  }
}
