import { InputError, PaliGemma } from 'node-paligemma';

// One model for all requests. In development this file runs again after each edit, `globalThis` stays.
function model() {
  globalThis.paligemma ??= PaliGemma.load(process.env.PALIGEMMA_MODEL).catch((error) => {
    globalThis.paligemma = undefined; // the next request tries again
    throw error;
  });
  return globalThis.paligemma;
}

export async function POST(request) {
  const picture = (await request.formData()).get('picture');
  // A text would be taken for the path of a file on this server.
  if (!(picture instanceof Blob))
    return Response.json({ message: 'send a form with the file "picture"' }, { status: 400 });
  try {
    const { text } = await (await model()).caption(picture, { signal: request.signal });
    return Response.json({ text });
  } catch (error) {
    if (error instanceof InputError)
      return Response.json({ message: error.message }, { status: 400 });
    console.error(error);
    return Response.json({ message: 'the picture could not be captioned' }, { status: 500 });
  }
}
