/**
 * What still comes of a request after its answer. A connection that is closed while bytes arrive is reset, and a client that is
 * still sending loses its answer by that. So the rest is read and thrown away, up to a number of bytes and a time; then the
 * connection is closed, whatever comes.
 */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

export interface LingerLimits {
  /** Of the rest. */
  readonly maxBytes: number;
  /** So long nothing has come. */
  readonly idleMs: number;
  readonly totalMs: number;
}

const LEAST_BYTES = 64 * 1024 * 1024;
/** A body is refused by its size as well: those that are a few times too large still get their answer. */
const TIMES_TOO_LARGE = 4;
const CHECK_MS = 250;

export class Lingering {
  readonly #limits: LingerLimits;
  readonly #sockets = new WeakSet<Socket>();
  #isEnding = false;

  constructor(limits: LingerLimits) {
    this.#limits = limits;
  }

  /** For servers that take bodies of so many bytes. */
  static after(maxBodyBytes: number): Lingering {
    const maxBytes = Math.max(LEAST_BYTES, TIMES_TOO_LARGE * maxBodyBytes);
    return new Lingering({ maxBytes, idleMs: 5000, totalMs: 30_000 });
  }

  /** To be called before a request is answered: from here on no one else reads its body. */
  follow(request: IncomingMessage): void {
    const { socket, headers, complete, httpVersionMajor } = request;
    const hasBody = headers['transfer-encoding'] !== undefined || headers['content-length'];
    if (complete || !hasBody || headers['content-length'] === '0') return;
    // Streams of HTTP/2 end one by one, and requests that are only injected have no connection.
    if (httpVersionMajor > 1 || !(socket instanceof Socket) || this.#sockets.has(socket)) return;
    let isLast = false;
    // Node calls it when the last answer of a connection is written, and would not wait for the rest.
    const own: { destroySoon?: () => void } = socket;
    own.destroySoon = () => {
      isLast = true;
      socket.end();
    };
    const stop = this.watch(socket);
    request.once('close', () => {
      stop();
      delete own.destroySoon;
      if (isLast) socket.destroySoon();
    });
    request.unpipe();
    request.resume();
  }

  /** Closes a connection that is read on, at the limits. The function that it returns lets it be. */
  watch(socket: Socket): () => void {
    const { maxBytes, idleMs, totalMs } = this.#limits;
    const [begin, most] = [performance.now(), socket.bytesRead + maxBytes];
    let [bytes, changed] = [socket.bytesRead, begin];
    this.#sockets.add(socket);
    const timer = setInterval(
      () => {
        const now = performance.now();
        if (socket.bytesRead > bytes) [bytes, changed] = [socket.bytesRead, now];
        const isOver = bytes > most || now - changed > idleMs || now - begin > totalMs;
        if (isOver || this.#isEnding) socket.destroy();
      },
      Math.min(CHECK_MS, idleMs),
    );
    timer.unref();
    const stop = (): void => {
      clearInterval(timer);
      socket.off('close', stop);
      this.#sockets.delete(socket);
    };
    socket.once('close', stop);
    return stop;
  }

  /** Whether a connection is read on. */
  has(socket: Socket): boolean {
    return this.#sockets.has(socket);
  }

  /** The server closes: no connection is waited for any more. */
  end(): void {
    this.#isEnding = true;
  }
}
