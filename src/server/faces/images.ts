/** Uploads: a picture is sent once, and asked about by its id wherever a face takes a picture. */
import type { FastifyRequest } from 'fastify';
import { makeError } from '../../errors.js';
import { sniff } from '../../image-input/format.js';
import type { JsonSchema } from '../../options/json-schema.js';
import { asObject } from '../body.js';
import { binary, count, inPath, json, object, text } from '../schemas.js';
import type { Face, Service } from '../service.js';
import type { Upload } from '../uploads.js';
import { typed } from './typed.js';
import { TYPED_ERROR } from './typed-schema.js';

const PATH = '/v1/images';

// --- /openapi.json --------------------------------------------------------------------------------------------------

const seconds = { ...count, description: 'seconds since 1970' };

const upload = object({
  ...{ id: text, object: { const: 'image' }, bytes: count, format: text },
  ...{ width: count, height: count, created_at: seconds, expires_at: seconds },
});
const deleted = object({ id: text, object: { const: 'image' }, deleted: { const: true } });

/** An operation; `status`: of its success. */
const operation = (head: object, status: number, schema: JsonSchema) => ({
  ...head,
  tags: ['images'],
  responses: {
    [status]: { description: 'the upload', content: json(schema) },
    default: { description: 'a failure', content: json(TYPED_ERROR) },
  },
});

const id = inPath({ id: text });

const uploadOperation = operation(
  {
    ...{ operationId: 'uploadImage', summary: 'keep a picture for questions about it' },
    requestBody: {
      required: true,
      content: {
        'image/*': binary,
        'application/octet-stream': binary,
        'multipart/form-data': { schema: { type: 'object' } },
        ...json(object({ image: text })),
      },
    },
  },
  ...([201, upload] as const),
);
const describeOperation = operation(
  { ...id, operationId: 'describeImage', summary: 'what is known of an upload' },
  ...([200, upload] as const),
);
const removeOperation = operation(
  { ...id, operationId: 'deleteImage', summary: 'forget an upload' },
  ...([200, deleted] as const),
);

// --- routes ---------------------------------------------------------------------------------------------------------

export const images: Face = {
  name: 'images',
  paths: {
    [PATH]: { post: uploadOperation },
    [`${PATH}/{id}`]: { get: describeOperation, delete: removeOperation },
  },
  errorBody: typed.errorBody,
  routes: async (app, service) => {
    await service.takeAny(app);
    app.post(PATH, async (request, reply) => {
      const upload = await keep(service, request);
      service.answering(request);
      const location = `${app.prefix}${PATH}/${upload.id}`;
      return reply.code(201).header('location', location).send(bodyOf(upload));
    });
    const key = { config: { access: 'key' } as object };
    app.get<{ Params: { id: string } }>(`${PATH}/:id`, key, (request) =>
      bodyOf(service.uploads.describe(request.params.id, service.ownerOf(request))),
    );
    app.delete<{ Params: { id: string } }>(`${PATH}/:id`, key, (request) => {
      const { id } = request.params;
      service.uploads.remove(id, service.ownerOf(request));
      return { id, object: 'image', deleted: true };
    });
  },
};

const bodyOf = ({ id, bytes, format, width, height, createdAt, expiresAt }: Upload) => ({
  ...{ id, object: 'image', bytes, format, width, height },
  ...{ created_at: createdAt, expires_at: expiresAt },
});

async function keep(service: Service, request: FastifyRequest): Promise<Upload> {
  const data = await pictureOf(service, request);
  const sniffed = sniff(data);
  const format = 'format' in sniffed ? sniffed.format : '';
  // What has no room is not decoded.
  service.uploads.checkRoom(data.length);
  // A model decodes it, in a process of its own where it has one; one that is loaded, if any is.
  const { statuses } = service.models;
  const { alias } = statuses.find(({ state }) => state === 'ready') ?? statuses[0] ?? {};
  const { maxPixels } = service.options;
  const { width, height } = await service.use(
    request,
    alias,
    (info) => info.imageTokenCount,
    (model, signal) => model.prepare(data, { maxPixels, signal }),
  );
  return service.uploads.keep(data, service.ownerOf(request), { width, height, format });
}

/** The one picture of a body, a form or JSON. */
async function pictureOf(service: Service, request: FastifyRequest): Promise<Uint8Array> {
  const sender = service.senderOf(request);
  const { body } = request;
  if (service.pictures.isForm(request)) {
    const { pictures } = await service.pictures.readForm(request, sender.signal);
    const [picture] = pictures;
    if (picture !== undefined && pictures.length === 1) return picture;
    throw notOne(`a form with ${pictures.length} pictures`);
  }
  if (Buffer.isBuffer(body)) return service.pictures.fromBytes(body);
  const { image } = asObject(body ?? {});
  if (typeof image !== 'string') throw notOne('without a picture');
  const [picture] = await service.pictures.fromTexts(image, sender);
  return picture as Uint8Array;
}

function notOne(found: string): Error {
  const expected = 'one picture';
  return makeError('ERR_REQUEST_FORMAT', `the request is ${found}, expected ${expected}`, {
    ...{ name: 'image', found, expected },
    hint: 'send it as the body, as a file of a form, or as the field image in JSON',
  });
}
