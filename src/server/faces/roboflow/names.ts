/** What Roboflow's clients call models: an alias, a task of it such as `paligemma/detect`, and labels after that. */
import { makeError } from '../../../errors.js';
import type { ModelStatus, Models } from '../../models.js';

/** What Roboflow calls the tasks that answer in its own terms. */
export const TASK_TYPES = {
  detect: 'object-detection',
  segment: 'instance-segmentation',
  classify: 'classification',
} as const;
export type VisionTask = keyof typeof TASK_TYPES;
const VISION_TASKS = Object.keys(TASK_TYPES) as VisionTask[];

/**
 * Numbers of `paligemma-pretrains` by the names that stand for them. Clients replace some of these names before they ask.
 *
 * Source: roboflow/inference, inference_sdk/http/utils/aliases.py.
 */
const PRETRAINED: Readonly<Record<string, string>> = {
  1: 'paligemma-3b-mix-224',
  20: 'paligemma-3b-mix-448',
  8: 'paligemma-3b-ft-cococap-224',
  9: 'paligemma-3b-ft-screen2words-224',
  10: 'paligemma-3b-ft-vqav2-224',
  11: 'paligemma-3b-ft-tallyqa-224',
  12: 'paligemma-3b-ft-docvqa-224',
  13: 'paligemma-3b-ft-ocrvqa-224',
  14: 'paligemma-3b-ft-cococap-448',
  15: 'paligemma-3b-ft-screen2words-448',
  16: 'paligemma-3b-ft-vqav2-448',
  17: 'paligemma-3b-ft-tallyqa-448',
  18: 'paligemma-3b-ft-docvqa-448',
  19: 'paligemma-3b-ft-ocrvqa-448',
};

export interface ModelName {
  readonly alias: string;
  /** Undefined for the model itself, which answers any prompt. */
  readonly task: VisionTask | undefined;
  readonly labels: readonly string[] | undefined;
}

/** Throws ERR_REQUEST_MODEL. A request without a name is for the first model. */
export function modelNamed(models: Models, id: string | undefined): ModelName {
  const [first, ...rest] = wellKnown(id ?? '').split('/');
  const { alias } = models.status(first === '' ? undefined : first);
  const [task, ...labels] = rest;
  if (task === undefined) return { alias, task, labels: undefined };
  if (!isVisionTask(task)) {
    const tasks = VISION_TASKS.map((one) => `${alias}/${one}`).join(', ');
    throw makeError('ERR_REQUEST_MODEL', 'the model has no task of this name', {
      ...{ name: 'model_id', found: 'an unknown task', expected: `${alias}, ${tasks}` },
      hint: `the model and its tasks are ${alias}, ${tasks}`,
    });
  }
  // A label may have a slash in it.
  const text = labels.join('/');
  return {
    alias,
    task,
    labels: text === '' ? undefined : text.split(','),
  };
}

function wellKnown(id: string): string {
  const [, number = '', rest = ''] = /^paligemma-pretrains\/(\d+)(\/.*)?$/.exec(id) ?? [];
  const name = PRETRAINED[number];
  return name === undefined ? id : name + rest;
}

function isVisionTask(task: string): task is VisionTask {
  return Object.hasOwn(TASK_TYPES, task);
}

/** Of the models that are loaded, and the one that a client called by another name. */
export function registryOf(models: Models, asked?: string): object {
  const loaded = models.statuses.filter(({ info }) => info !== undefined);
  const listed = loaded.flatMap(descriptionsOf);
  if (asked !== undefined && listed.every(({ model_id }) => model_id !== asked)) {
    const { task } = modelNamed(models, asked);
    listed.push(description(asked, task));
  }
  const bytes = loaded.flatMap(({ info }) => Object.values(info?.memory ?? {}));
  return { models: listed, total_vram_bytes: bytes.reduce((all, one) => all + one, 0) };
}

function descriptionsOf({ alias, info }: ModelStatus): Description[] {
  const tasks = VISION_TASKS.filter((task) => task !== 'segment' || info?.hasMaskCodec);
  return [
    description(alias, undefined),
    ...tasks.map((one) => description(`${alias}/${one}`, one)),
  ];
}

type Description = ReturnType<typeof description>;

/** Without the size that it reads: clients would resize to it themselves, and less exactly. */
function description(model_id: string, task: VisionTask | undefined) {
  return {
    ...{ model_id, task_type: task === undefined ? 'lmm' : TASK_TYPES[task] },
    ...{ request_aliases: [], request_paths: [] },
  };
}
