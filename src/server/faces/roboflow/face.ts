/**
 * The HTTP API of Roboflow Inference, as far as PaliGemma can answer it: its Python client `inference-sdk` works as it is.
 * Answers in text are the raw text of the model, byte for byte, which `supervision` reads. Fields that are unknown or null are
 * ignored, as clients send many.
 *
 * Source: roboflow/inference, core/interfaces/http/http_api.py, core/entities/requests and responses, and inference_sdk/http.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { makeError } from '../../../errors.js';
import { packageVersion } from '../../../package-version.js';
import { asObject } from '../../body.js';
import { limitFault } from '../../errors.js';
import type { Face, SentPicture, Service } from '../../service.js';
import { bestOf, boxesAnswer, classesAnswer, headOf, visualization } from './answers.js';
import { modelNamed, registryOf, TASK_TYPES, type VisionTask } from './names.js';
import {
  FIELDS,
  fieldsOf,
  LMM_FIELDS,
  labelsOf,
  MODEL_FIELDS,
  picturesOf,
  USUAL_TOKENS,
} from './requests.js';
import { PATHS } from './schemas.js';
import { runWorkflow, WORKSPACE } from './workflows.js';

/** The routes of the tasks. */
const ROUTES: Readonly<Record<VisionTask, string>> = {
  detect: '/infer/object_detection',
  segment: '/infer/instance_segmentation',
  classify: '/infer/classification',
};

export const roboflow: Face = {
  name: 'roboflow',
  paths: PATHS,
  errorBody: ({ status, code, message, subject }) => ({
    ...(status === 401 && { status }),
    ...{ message, code },
    ...(status === 422 && {
      detail: [
        { loc: subject === undefined ? ['body'] : ['body', subject], msg: message, type: code },
      ],
    }),
  }),
  routes: (app, service) => {
    service.takeJson(app);
    app.addHook('preHandler', async (request) => {
      const { api_key: key } = (request.body ?? {}) as { readonly api_key?: unknown };
      if (key !== undefined && key !== null && typeof key !== 'string') throw noKey();
      service.identify(request, key);
    });
    addManagement(app, service);
    const work = { keyIn: 'body' } as const;
    const lmm = { config: { ...work, task: 'generate' } };
    app.post('/infer/lmm', lmm, (request, reply) => answerPrompt(service, request, reply));
    app.post('/infer/lmm/*', lmm, (request, reply) => answerPrompt(service, request, reply));
    for (const [task, path] of Object.entries(ROUTES) as [VisionTask, string][]) {
      app.post(path, { config: { ...work, task } }, (request, reply) =>
        answerTask(service, task, request, reply),
      );
    }
    const workflow = { config: { ...work } as object };
    for (const path of ['/:workspace/workflows/:id', '/infer/workflows/:workspace/:id']) {
      app.post<{ Params: { workspace: string; id: string } }>(path, workflow, (request, reply) => {
        const { workspace, id } = request.params;
        return runWorkflow(service, workspace === WORKSPACE ? id : undefined, request, reply);
      });
    }
    for (const path of ['/workflows/run', '/infer/workflows']) {
      app.post(path, workflow, (request, reply) => runWorkflow(service, undefined, request, reply));
    }
  },
};

function addManagement(app: FastifyInstance, service: Service): void {
  const open = { config: { access: 'open' } };
  const info = { name: 'node-paligemma', version: packageVersion(), uuid: randomUUID() };
  app.get('/info', open, () => info);
  let isWarned = false;
  app.get('/model/registry', { config: { access: 'key', keyIn: 'query' } }, (request) => {
    if (!isWarned && service.keys.areNeeded && Object.hasOwn(request.query as object, 'api_key')) {
      isWarned = true;
      request.log.warn(
        'a client sends its key in an address, which proxies log; InferenceConfiguration(api_key_transport="header") sends it in a header',
      );
    }
    return registryOf(service.models);
  });
  // A ticket, as models load while the client waits.
  app.post('/model/add', { config: { keyIn: 'body' } }, async (request) => {
    const id = fieldsOf('add', MODEL_FIELDS, asObject(request.body)).model_id;
    const { alias } = modelNamed(service.models, id);
    await service.models.load(alias, service.signalOf(request));
    return registryOf(service.models, id);
  });
  app.post('/model/remove', { config: { keyIn: 'body' } }, async (request) => {
    const id = fieldsOf('remove', MODEL_FIELDS, asObject(request.body)).model_id;
    if (id === undefined) throw noModel();
    await service.models.unload(modelNamed(service.models, id).alias);
    return registryOf(service.models);
  });
  app.post('/model/clear', { config: { access: 'key' } }, async () => {
    for (const { alias } of service.models.statuses) await service.models.unload(alias);
    return registryOf(service.models);
  });
}

function noKey(): Error {
  return makeError('ERR_OPTION_TYPE', 'api_key is no text', {
    ...{ name: 'api_key', found: 'no text', expected: 'a text or null' },
  });
}

function noModel(): Error {
  return makeError('ERR_OPTION_TYPE', 'model_id is missing', {
    ...{ name: 'model_id', found: 'none', expected: 'the alias of a model' },
  });
}

/** One answer for one picture, a list for a list; one after the other, so that a request has one turn at a time. */
async function answerEach(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  alias: string,
  answer: (picture: SentPicture) => Promise<object>,
): Promise<FastifyReply> {
  const begin = performance.now();
  const { image } = asObject(request.body);
  const answers: object[] = [];
  for (const picture of await picturesOf(service, image, service.senderOf(request))) {
    const start = performance.now();
    const answered = await answer(picture);
    answers.push({ ...headOf(start), ...answered });
  }
  service.answering(request);
  reply.header('x-model-id', alias);
  reply.header('x-processing-time', String((performance.now() - begin) / 1000));
  return reply.send(Array.isArray(image) ? answers : answers[0]);
}

async function answerPrompt(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const fields = fieldsOf('lmm', LMM_FIELDS, asObject(request.body));
  const { '*': inPath } = request.params as { readonly '*'?: string };
  if (inPath !== undefined && fields.model_id !== undefined && inPath !== fields.model_id) {
    throw makeError('ERR_REQUEST_FORMAT', 'Model ID mismatch: the path names another model', {
      ...{ name: 'model_id', found: 'another name', expected: 'the one in the path' },
    });
  }
  const { alias } = modelNamed(service.models, inPath ?? fields.model_id);
  const { prompt, max_new_tokens, disable_preproc_auto_orient } = fields;
  if (prompt === undefined) {
    throw makeError('ERR_OPTION_TYPE', 'prompt is missing', {
      ...{ name: 'prompt', found: 'none', expected: 'what the model is asked' },
    });
  }
  const { maxAnswerTokens } = service.options;
  if (max_new_tokens !== undefined && max_new_tokens > maxAnswerTokens) {
    const expected = `1 to ${maxAnswerTokens}`;
    throw limitFault('ERR_OPTION_RANGE', 'max_new_tokens', `${max_new_tokens}`, expected);
  }
  const maxTokens = max_new_tokens ?? Math.min(USUAL_TOKENS, maxAnswerTokens);
  return answerEach(service, request, reply, alias, async (picture) => {
    const { result } = await service.run(request, {
      ...{ model: alias, task: 'generate', pictures: [picture], args: { prompt } },
      options: { maxTokens, upright: !disable_preproc_auto_orient },
    });
    return { image: result.image, response: result.text };
  });
}

async function answerTask(
  service: Service,
  task: VisionTask,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  // The fields of segment are those of the others and one more.
  const fields = fieldsOf(task, FIELDS[task] as (typeof FIELDS)['segment'], asObject(request.body));
  const name = modelNamed(service.models, fields.model_id);
  if (name.task !== undefined && name.task !== task) {
    const found = TASK_TYPES[name.task];
    throw makeError('ERR_REQUEST_TASK', `the route is for ${TASK_TYPES[task]}`, {
      ...{ name: 'model_id', found, expected: `${name.alias}/${task}` },
    });
  }
  const labels = labelsOf(fields.class_filter, name.labels);
  const upright = !fields.disable_preproc_auto_orient;
  return answerEach(service, request, reply, name.alias, async (picture) => {
    const call = { model: name.alias, pictures: [picture], args: { labels } };
    const draw = async (objects: Parameters<typeof visualization>[1], caption?: string) =>
      fields.visualize_predictions && {
        visualization: await visualization(picture, objects, fields, {
          ...{ signal: service.signalOf(request), maxPixels: service.options.maxPixels },
          ...(caption !== undefined && { caption }),
        }),
      };
    if (task === 'classify') {
      const { result } = await service.run(request, { ...call, task, options: { upright } });
      const answer = classesAnswer(result, labels, fields.confidence);
      return { ...answer, ...(await draw([], result.label)) };
    }
    const { confidence: minScore, iou_threshold: iou } = fields;
    const options = {
      ...{ upright, minScore },
      // Zero, which is none of ours, keeps one of any two that touch.
      ...(iou !== undefined && { duplicateIou: Math.max(iou, Number.EPSILON) }),
    };
    const { result } = await service.run(request, { ...call, task, options });
    const found = 'segments' in result ? result.segments : result.detections;
    const kept = bestOf(found, fields.max_detections);
    const answer = boxesAnswer(result, kept, fields.response_mask_format);
    return { ...answer, ...(await draw(kept)) };
  });
}
