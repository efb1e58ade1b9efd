/** OpenAI's list of models: the aliases of the server. */
import type { ModelStatus } from '../../models.js';
import type { Face } from '../../service.js';
import { errorBodyOf } from './errors.js';
import { modelPath, modelsPath } from './schemas.js';

export const models: Face = {
  name: 'openai-models',
  paths: { '/v1/models': modelsPath, '/v1/models/{model}': modelPath },
  errorBody: errorBodyOf('input'),
  routes: (app, service) => {
    const config = { access: 'key', face: 'openai' } as const;
    app.get('/v1/models', { config }, (_, reply) =>
      reply.send({ object: 'list', data: service.models.statuses.map(modelJson) }),
    );
    app.get('/v1/models/:model', { config }, (request, reply) => {
      const { model } = request.params as { readonly model: string };
      return reply.send(modelJson(service.models.status(model)));
    });
  },
};

/** `created` is 0 until it is loaded, as nothing is known of it before. */
function modelJson({ alias, state, info, loadedAt = 0 }: ModelStatus) {
  return {
    ...{ id: alias, object: 'model', created: loadedAt, owned_by: 'node-paligemma' },
    ...(info && { max_model_len: info.contextLength }),
    paligemma: {
      state,
      ...(info && {
        ...{ name: info.name, version: info.version, imageSize: info.imageSize },
        ...{ imageTokenCount: info.imageTokenCount, hasMaskCodec: info.hasMaskCodec },
        weightTypes: info.weightTypes,
      }),
    },
  };
}
