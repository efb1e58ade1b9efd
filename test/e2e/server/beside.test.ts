/** The plugin in an application that has parsers, hooks and handlers of its own: neither is in the other's way. */
import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { expect, it } from 'vitest';
import { paligemma } from '../../../src/server/index.js';
import { DEMO_MODEL } from '../../support/models.js';
import { CAPTION, formOf, SHAPES, startServer } from '../../support/server.js';

it.each(['before', 'after'])(
  'an application that registers the parser of forms %s it',
  async (order) => {
    const server = await startServer({ model: DEMO_MODEL }, {}, async (app, options) => {
      const scope = app as FastifyInstance;
      const own = async () => {
        await scope.register(multipart, {
          attachFieldsToBody: true,
          limits: { files: 1, fileSize: 10 },
        });
        scope.post('/own', async (request) => Object.keys(request.body as object));
      };
      if (order === 'before') await own();
      await scope.register(paligemma, { ...options, prefix: '/first' });
      await scope.register(paligemma, { ...options, prefix: '/second' });
      if (order === 'after') await own();
    });
    for (const prefix of ['/first', '/second']) {
      const answer = await server.post(`${prefix}/v1/caption`, formOf([SHAPES]));
      const { text } = (await answer.json()) as { text: string };
      expect([answer.status, text]).toEqual([200, CAPTION]);
    }
    const small = await server.post('/own', formOf([Buffer.from('short')], { name: 'x' }));
    expect([small.status, await small.json()]).toEqual([200, ['image', 'name']]);
    expect((await server.post('/own', formOf([SHAPES]))).status).toBe(413);
  },
);
