/** /openapi.json: OpenAPI 3.1 of all faces, each of which describes its own routes. */
import type { Face, PathItem } from './service.js';

const SELF: Readonly<Record<string, PathItem>> = {
  '/openapi.json': {
    get: {
      ...{ summary: 'this document', tags: ['health'], security: [] },
      responses: { 200: { description: 'OpenAPI 3.1', content: { 'application/json': {} } } },
    },
  },
};

/** The document for faces under a prefix. */
export function document(
  faces: readonly Face[],
  { prefix, version, hasKeys }: { prefix: string; version: string; hasKeys: boolean },
): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'node-paligemma',
      version,
      description: 'PaliGemma over HTTP: caption, answer, read, detect and segment pictures.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: prefix === '' ? '/' : prefix }],
    ...(hasKeys && { security: [{ bearer: [] }, { header: [] }] }),
    paths: Object.assign({}, ...faces.map(({ paths }) => paths)) as object,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        header: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

/** `faces`: all but this one. */
export function openapi(faces: readonly Face[], version: string): Face {
  const self: Face = {
    name: 'openapi',
    paths: SELF,
    errorBody: ({ code, message }) => ({ error: { code, message } }),
    routes: (app, service) => {
      app.get('/openapi.json', { config: { access: 'open' } }, (_, reply) =>
        reply.send(
          document([...faces, self], {
            ...{ prefix: app.prefix, version, hasKeys: service.keys.areNeeded },
          }),
        ),
      );
    },
  };
  return self;
}
