/** Whether the process lives, has started, and can answer: three questions, as their answers have different remedies. */
import { json, object, text } from './schemas.js';
import type { Face, PathItem, Service } from './service.js';

/** Why it is not ready; undefined when it is. */
function reasonOf({ models, admission }: Service): string | undefined {
  if (admission.isDraining) return 'the server is closing';
  for (const { alias, state, health, isNeeded } of models.statuses) {
    // One of several that is asked for rarely must not take the others out of service.
    if (state === 'failed' && isNeeded) return `the model ${alias} cannot be loaded`;
    if (health?.state === 'disposed') return `the model ${alias} was disposed of`;
    if (health?.state === 'starting') return `the engine of ${alias} crashed and is started again`;
    if (health?.state === 'unavailable') return `the engine of ${alias} crashed too often`;
  }
  return models.areStarted ? undefined : 'models are being loaded';
}

const STATUS = object({ status: text, reason: text }, ['status']);

function item(summary: string): PathItem {
  const answer = (description: string) => ({ description, content: json(STATUS) });
  return {
    get: {
      ...{ summary, tags: ['health'], security: [] },
      responses: { 200: answer('yes'), 503: answer('no, with the reason') },
    },
  };
}

export const health: Face = {
  name: 'health',
  paths: {
    '/livez': item('whether the process lives; restart it if not'),
    '/startupz': item('whether the models that are loaded with the server have been'),
    '/readyz': item('whether to send requests here'),
  },
  errorBody: ({ code, message }) => ({ status: 'failed', code, message }),
  routes: (app, service) => {
    const open = { config: { access: 'open' } };
    // An answer at all says it: the loop that runs this is the one that could hang.
    app.get('/livez', open, () => ({ status: 'live' }));
    app.get('/startupz', open, (_, reply) =>
      service.models.areStarted
        ? reply.send({ status: 'started' })
        : reply.code(503).send({ status: 'starting', reason: 'models are being loaded' }),
    );
    app.get('/readyz', open, (_, reply) => {
      const reason = reasonOf(service);
      return reason === undefined
        ? reply.send({ status: 'ready' })
        : reply.code(503).header('retry-after', '1').send({ status: 'not ready', reason });
    });
  },
};
