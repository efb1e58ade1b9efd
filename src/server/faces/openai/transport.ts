/** What both APIs do with failures after the headers. */
import type { FastifyRequest } from 'fastify';
import { type Failure, failureOf } from '../../errors.js';
import type { Service } from '../../service.js';

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
