import { InputError, PaliGemma, PaliGemmaError } from 'node-paligemma';

/** Largest upload in bytes. */
const MAX_UPLOAD = 20 * 1024 * 1024;

// One model for all requests. In development this file runs again after each edit; `globalThis` stays.
function model() {
  globalThis.paligemma ??= PaliGemma.load(process.env.PALIGEMMA_MODEL, {
    maxQueue: Number(process.env.MAX_QUEUE ?? 32),
  }).catch((error) => {
    globalThis.paligemma = undefined; // the next request tries again
    throw error;
  });
  return globalThis.paligemma;
}

const refuse = (status, message, headers = {}) => Response.json({ message }, { status, headers });

export async function POST(request) {
  // A route handler has no limit of its own: formData() would read whatever arrives.
  const length = Number(request.headers.get('content-length') ?? Number.NaN);
  if (Number.isNaN(length)) return refuse(411, 'the request has no content-length');
  if (length > MAX_UPLOAD) return refuse(413, 'the picture is too large');
  try {
    const form = await request.formData().catch(() => undefined);
    const picture = form?.get('picture');
    // A text would be taken for the path of a file on this server.
    if (!(picture instanceof Blob)) return refuse(400, 'send a form with the file "picture"');
    // The signal aborts when the client goes away.
    const { text } = await (await model()).caption(picture, { signal: request.signal });
    return Response.json({ text });
  } catch (error) {
    if (request.signal.aborted) return refuse(499, 'the client went away');
    if (error instanceof InputError) return refuse(400, error.message);
    if (error instanceof PaliGemmaError && error.retryable)
      return refuse(503, 'the server is busy; try again', { 'retry-after': '1' });
    console.error(error);
    return refuse(500, 'the picture could not be captioned');
  }
}
