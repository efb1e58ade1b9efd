// An HTTP service with Fastify: a form with the file "picture" in, its caption out.
// Usage: npm install fastify @fastify/multipart node-paligemma && node fastify.mjs
//        curl -F picture=@photo.jpg http://127.0.0.1:3000/caption
import multipart from '@fastify/multipart';
import Fastify from 'fastify';
import { MAX_UPLOAD, model, shutDownWith, toResponse, whileConnected } from './captions.mjs';

const app = Fastify();

// More than one file or more bytes are refused while they arrive.
await app.register(multipart, {
  limits: { fileSize: MAX_UPLOAD, files: 1, fields: 10, fieldSize: 1000 },
});

app.post('/caption', async (request, reply) => {
  const file = await request.file();
  // Only bytes: a string would be taken for the path of a file on this server.
  if (file?.fieldname !== 'picture')
    return reply.code(400).send({ message: 'send a form with the file "picture"' });
  const picture = await file.toBuffer();
  // toBuffer() may miss that the limit cut the last chunk.
  if (file.file.truncated) throw new app.multipartErrors.RequestFileTooLargeError();
  const { text } = await whileConnected(reply.raw, (signal) => model.caption(picture, { signal }));
  return { text };
});

app.setErrorHandler((error, _request, reply) => {
  // Errors of Fastify and its plugins, such as 413 for a file above the limit, bring their status.
  const { statusCode, message } = /** @type {import('fastify').FastifyError} */ (error);
  if (statusCode < 500) return reply.code(statusCode).send({ message });
  const { status, headers, body } = toResponse(error);
  return reply.code(status).headers(headers).send(body);
});

const address = await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' });
console.log(`listening on ${address}`);
shutDownWith(app.server, () => app.close());
