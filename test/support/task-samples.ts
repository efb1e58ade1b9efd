/** Every task as one call that the demo model answers: arguments and the options that it cannot do without. */
import type { PictureInput } from '../../src/index.js';
import type { Input, Parsed } from '../../src/options/option.js';
import { TASKS, type TaskMethods, type TaskName } from '../../src/tasks/registry.js';

export const SAMPLES: {
  readonly [N in TaskName]: {
    readonly args: Parsed<(typeof TASKS)[N]['arguments']>;
    readonly options?: Input<(typeof TASKS)[N]['options']>;
  };
} = {
  caption: { args: {} },
  ask: { args: { question: 'how many shapes are there?' } },
  ocr: { args: {} },
  detect: { args: { labels: ['black star', 'yellow triangle', 'yellow star', 'green square'] } },
  segment: { args: { labels: ['green square'] } },
  refer: { args: { phrase: 'the green square' } },
  classify: { args: { labels: ['black star', 'yellow triangle', 'yellow star', 'green square'] } },
  extract: {
    args: {
      fields: {
        shape: 'text',
        total: 'currency',
        count: { type: 'integer', question: 'how many shapes are there?' },
      },
    },
  },
  sweep: { args: { prompts: ['detect yellow star', 'detect yellow stars'] } },
  // The context of the demo model holds few frames.
  video: { args: { question: undefined }, options: { count: 2 } },
  compare: { args: { statement: 'both are red' } },
  generate: { args: { prompt: 'caption es' } },
};

export const TASK_NAMES = Object.keys(TASKS) as TaskName[];

/** Starts the sample of a task. `options` are added to its own. */
export function startSample(
  name: TaskName,
  model: TaskMethods,
  image: PictureInput,
  options: { readonly signal?: AbortSignal } = {},
): PromiseLike<object> {
  const { images, start } = TASKS[name] as (typeof TASKS)['detect'];
  const sample = SAMPLES[name] as (typeof SAMPLES)['detect'];
  return start(model, images === 'two' ? [image, image] : [image], sample.args, {
    ...sample.options,
    ...options,
  });
}
