/** What both APIs do with bodies, and with failures after the headers. */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson } from '../../body.js';
import { type Failure, failureOf } from '../../errors.js';
import type { Service } from '../../service.js';

/** Lets the routes of `app` take JSON and nothing else. */
export function takeJson(app: FastifyInstance, service: Service): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest, body: Readable) =>
    parseJson(await service.readBody(request, body)),
  );
}

/** Has `tell` write a failure to a client that is still there. */
export function tellFailure(
  service: Service,
  request: FastifyRequest,
  error: unknown,
  tell: (failure: Failure) => void,
): void {
  if (service.signalOf(request).aborted && failureOf(error).code === 'ERR_ABORTED') return;
  tell(service.failed(error, request));
}
