/** `paligemma predict`: pictures and a prompt in, one answer per picture out. */
import type { Command } from 'commander';
import type { PaliGemma, Prediction } from '../../index.js';
import { TASKS } from '../../tasks/registry.js';
import { predictionJson } from '../../wire/results.js';
import { addArguments, typedArguments } from '../arguments.js';
import { pictureCommand } from '../batch/command.js';
import { draw, drawnWith } from '../batch/drawings.js';
import type { PictureFlags } from '../batch/flags.js';
import type { PictureTask } from '../batch/task.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { textRemarks } from '../remarks.js';

interface Flags extends PictureFlags {
  readonly prompt: string;
}

export function predictCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const task = TASKS.generate;
  return pictureCommand<Flags, Prediction>(context, exit, {
    name: 'predict',
    summary: task.summary,
    description: task.description,
    examples: [
      '$ paligemma predict photo.jpg --prompt "caption en"',
      '$ paligemma predict *.jpg --prompt "answer en how many cars are there?" --jsonl > answers.jsonl',
      '$ paligemma predict scan.png --prompt ocr --model paligemma-3b-mix-448-q8_0.gguf --stream',
      '$ curl -s https://example.org/cat.jpg | paligemma predict - --prompt "detect cat" --json',
      '$ paligemma predict shots --recursive --prompt "caption en" --output captions.jsonl --resume',
      '$ find /data -name "*.png" | paligemma predict @- --prompt ocr --jsonl',
      '$ paligemma predict --watch incoming --prompt "detect person" --output people.jsonl --resume',
    ],
    answers: task.answers,
    options: task.options,
    addFlags: (command) => addArguments(command, task.arguments, { prompt: { letter: 'p' } }),
    settings: (flags) => typedArguments(task.arguments, flags),
    streams: true,
    annotates: true,
    task: (model, flags, options) => predictTask(model, flags, options),
  }).alias('generate');
}

function predictTask(
  model: PaliGemma,
  flags: Flags,
  options: Readonly<Record<string, unknown>>,
): PictureTask<Prediction> {
  const { prompt } = flags;
  return {
    run: (image, signal) => model.predict(image, prompt, { ...options, signal }),
    stream: (image, signal) => model.stream(image, prompt, { ...options, signal }),
    json: predictionJson,
    remarks: textRemarks,
    annotate: (image, result, format) =>
      draw(image, format, 'text', result, drawnWith(options, flags)),
  };
}
