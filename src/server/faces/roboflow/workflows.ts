/**
 * The one workspace that there is: `paligemma`, in which every task is a workflow. Pictures are the inputs that are pictures;
 * the others are arguments and options of the task, as in its own route.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { makeError } from '../../../errors.js';
import { parseOptions } from '../../../options/option.js';
import { TASKS, type Task, type TaskName } from '../../../tasks/registry.js';
import { taskJson } from '../../../wire/results.js';
import { asObject } from '../../body.js';
import type { SentPicture, Service } from '../../service.js';
import { parametersOf, pathOf, splitParameters } from '../typed-schema.js';
import { boxesAnswer, classesAnswer } from './answers.js';
import { isImage, picturesOf } from './requests.js';

export const WORKSPACE = 'paligemma';

/** By the name of the route of each task. */
const WORKFLOWS = new Map(
  (Object.keys(TASKS) as TaskName[]).map((name) => [pathOf(name).split('/').at(-1), name]),
);
export const WORKFLOW_NAMES = [...WORKFLOWS.keys()];

/** `id` is undefined for a workflow that the client sends itself. */
export async function runWorkflow(
  service: Service,
  id: string | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const name = WORKFLOWS.get(id ?? '');
  if (name === undefined) return reply.code(501).send(notOurs());
  const task: Task = TASKS[name];
  const inputs = Object.entries(asObject(asObject(request.body)['inputs'] ?? {}, 'inputs'));
  const images = inputs.flatMap(([, value]) => (isImage(value) ? (value as object) : []));
  const names = inputs.flatMap(([input, value]) =>
    isImage(value) ? [value].flat().map(() => `inputs.${input}.value`) : [],
  );
  const given = inputs.filter(([, value]) => !isImage(value) && value !== null);
  const { annotate: _, ...declared } = parametersOf(task);
  const { model, ...parameters } = parseOptions(name, declared, Object.fromEntries(given));
  const { args, options } = splitParameters(task, parameters);
  const alias = service.models.status(model as string | undefined).alias;
  const pictures = await picturesOf(service, images, service.senderOf(request), names);
  // A batch is one picture after the other, unless the task is about several.
  const batches = task.images === 'one' ? pictures.map((one) => [one]) : [pictures];
  const outputs: object[] = [];
  for (const batch of batches) {
    const call = { model: alias, task: name, pictures: batch as SentPicture[], args, options };
    const { result } = await service.run(request, call);
    outputs.push(outputOf(result, args));
  }
  service.answering(request);
  reply.header('x-model-id', alias);
  return reply.send({ outputs });
}

type Result = Awaited<ReturnType<(typeof TASKS)[TaskName]['start']>>;

/** What blocks of Roboflow's call predictions, or the text, beside the raw answer of the model. */
function outputOf(result: Result, args: Readonly<Record<string, unknown>>): object {
  const raw = 'raw' in result ? { raw: result.raw } : {};
  if ('segments' in result) {
    return { predictions: boxesAnswer(result, result.segments), ...raw };
  }
  if ('detections' in result) {
    return { predictions: boxesAnswer(result, result.detections), ...raw };
  }
  if ('distribution' in result) {
    return { predictions: classesAnswer(result, args['labels'] as string[], 0) };
  }
  const { text, fields, ...rest } = taskJson(result) as {
    readonly text?: string;
    readonly fields?: unknown;
  };
  if (text !== undefined) return { text, ...raw };
  return fields === undefined ? rest : { fields };
}

function notOurs(): object {
  const error = makeError(
    'ERR_REQUEST_ROUTE',
    `there are no workflows but ${WORKFLOW_NAMES.join(', ')} of the workspace ${WORKSPACE}; run others on Roboflow's server, where the block roboflow_core/openai_compatible@v1 takes this server as its base_url`,
    { name: 'workflow', found: 'another workflow', expected: WORKFLOW_NAMES.join(', ') },
  );
  return { message: error.message, code: error.code };
}
