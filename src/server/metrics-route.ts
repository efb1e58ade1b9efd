/** /metrics, which needs a key where there are keys: what is counted is no one else's business. */
import { makeError } from '../errors.js';
import { typed } from './faces/typed.js';
import type { Face } from './service.js';

export const metricsFace: Face = {
  name: 'metrics',
  paths: {
    '/metrics': {
      get: {
        ...{
          summary: 'what the server counts, in the text format of Prometheus',
          tags: ['health'],
        },
        responses: {
          200: {
            description: 'metrics',
            content: { 'text/plain': { schema: { type: 'string' } } },
          },
        },
      },
    },
  },
  errorBody: typed.errorBody,
  routes: (app, { metrics }) => {
    app.get('/metrics', { config: { access: 'key' } }, async (_, reply) => {
      if (metrics === undefined) {
        throw makeError('ERR_REQUEST_ROUTE', 'this server counts nothing', { name: '/metrics' });
      }
      return reply.type(metrics.contentType).send(await metrics.text());
    });
  },
};
