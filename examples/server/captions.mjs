// What the Express and the Fastify example share: one model for all requests, and the HTTP status of each failure.
import { InputError, PaliGemma, PaliGemmaError } from 'node-paligemma';

/** Largest picture that a client may upload, in bytes. */
export const MAX_UPLOAD = 20 * 1024 * 1024;

/** How long running requests may take after SIGTERM, in milliseconds. */
const GRACE = 10_000;

// A request that finds `maxQueue` others running or waiting is refused at once instead of waiting for minutes.
export const model = await PaliGemma.load(process.env.PALIGEMMA_MODEL, {
  maxQueue: Number(process.env.MAX_QUEUE ?? 32),
});

/** Runs `work` with a signal that aborts when the client goes away before it has its answer. */
export async function whileConnected(response, work) {
  const controller = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) controller.abort(new ClientGone());
  });
  return await work(controller.signal);
}

/** The client closed the connection; there is no one left to answer. */
export class ClientGone extends Error {}

/** Status, headers and JSON body that tell a client what went wrong, and nothing about the server. */
export function toResponse(error) {
  if (error instanceof ClientGone) {
    console.log('the client went away; its work was stopped');
    return { status: 499, headers: {}, body: { message: 'the client went away' } };
  }
  const code = error instanceof PaliGemmaError ? error.code : undefined;
  // The client sent something that cannot be used: the message says what, and what to do.
  if (error instanceof InputError) {
    const statuses = { ERR_IMAGE_TOO_LARGE: 413, ERR_IMAGE_FORMAT: 415 };
    return { status: statuses[code] ?? 400, headers: {}, body: { code, message: error.message } };
  }
  // The queue is full or memory is short: the same request may succeed later.
  if (error.retryable) {
    const body = { code, message: 'the server is busy; try again' };
    return { status: 503, headers: { 'retry-after': '1' }, body };
  }
  // The server is shutting down.
  if (code === 'ERR_DISPOSED')
    return { status: 503, headers: {}, body: { code, message: 'the server is shutting down' } };
  console.error(error);
  return {
    status: 500,
    headers: {},
    body: { code, message: 'the picture could not be captioned' },
  };
}

/** On SIGTERM or SIGINT: accepts nothing new, lets running requests finish, frees the model. */
export function shutDownWith(server, close) {
  let isClosing = false;
  const shutDown = async () => {
    if (isClosing) return;
    isClosing = true;
    setTimeout(() => process.exit(1), GRACE).unref();
    // A connection that a client keeps open would otherwise delay the end.
    setInterval(() => server.closeIdleConnections(), 100).unref();
    await close();
    await model.dispose();
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
}
