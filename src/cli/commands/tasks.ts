/** The commands of the tasks about single pictures: what src/tasks/registry.ts does not know of the command line. */
import type { Command } from 'commander';
import type { ImageInput, TextResult, TextRun } from '../../index.js';
import { FIELD_TYPES } from '../../options/tasks.js';
import { needsText, type ResultOf, TASKS, type Task, type TaskName } from '../../tasks/registry.js';
import { taskJson } from '../../wire/results.js';
import { type ArgumentFlags, addArguments, readArguments, typedArguments } from '../arguments.js';
import { pictureCommand } from '../batch/command.js';
import { draw, drawnWith, firstFrame } from '../batch/drawings.js';
import type { PictureFlags } from '../batch/flags.js';
import type { PictureTask } from '../batch/task.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { emptyRemarks, sweepRemarks, textRemarks } from '../remarks.js';

type Exit = (code: ExitCode) => void;

/** What a command says beside the task's description. */
interface Row<N extends TaskName> {
  /** What is printed, in sentences. */
  readonly prints?: string;
  /** Lines that begin with `$ paligemma <name>`. */
  readonly examples: readonly string[];
  readonly arguments?: ArgumentFlags<keyof (typeof TASKS)[N]['arguments'] & string>;
  readonly remarks?: (result: ResultOf<N>) => readonly string[];
}

const OBJECT_LINES =
  'Prints a line for each: picture, label, score (0 to 1), xmin, ymin, xmax, ymax in pixels';
const labelsDoc = (what: string): string =>
  `what to ${what}; several at once, with commas, or by giving it again`;

/** `compare` takes two pictures, and `generate` is the command `predict`: they have files of their own. */
const ROWS: { readonly [N in Exclude<TaskName, 'compare' | 'generate'>]: Row<N> } = {
  caption: {
    examples: [
      '$ paligemma caption photo.jpg',
      '$ paligemma caption photos --recursive --language de --output captions.jsonl --resume',
    ],
  },
  ask: {
    examples: [
      '$ paligemma ask photo.jpg --question "how many cars are there?"',
      '$ paligemma ask shelf.jpg --question "is the shelf empty?" --kind yes-no --json',
      '$ paligemma ask page.png --question "what is the total?" --bare',
    ],
    arguments: { question: { letter: 'q' } },
  },
  ocr: {
    examples: ['$ paligemma ocr sign.jpg', "$ paligemma ocr 'scans/*.png' --jsonl > texts.jsonl"],
  },
  detect: {
    prints: `${OBJECT_LINES}.`,
    examples: [
      '$ paligemma detect street.jpg --label car --label bicycle',
      '$ paligemma detect shots --label person --annotate drawn --jsonl > people.jsonl',
      '$ paligemma detect photo.jpg --label cat --robust --min-score 0.3',
    ],
    arguments: { labels: { letter: 'l', commas: 'always', doc: labelsDoc('find') } },
    remarks: ({ detections, unasked }) => emptyRemarks(detections, unasked),
  },
  segment: {
    prints: `${OBJECT_LINES}; --json has the masks, --annotate draws them.`,
    examples: [
      '$ paligemma segment photo.jpg --label cat --annotate drawn',
      '$ paligemma segment photos --label car --jsonl > masks.jsonl',
    ],
    arguments: { labels: { letter: 'l', commas: 'always', doc: labelsDoc('outline') } },
    remarks: ({ segments, unasked }) => emptyRemarks(segments, unasked),
  },
  refer: {
    examples: ['$ paligemma refer photo.jpg --phrase "the man on the left"'],
    remarks: ({ segments, unasked }) => emptyRemarks(segments, unasked),
  },
  classify: {
    examples: [
      '$ paligemma classify photo.jpg --label cat dog horse',
      '$ paligemma classify part.png --label yes no --question "is there a scratch?" --json',
    ],
    arguments: { labels: { letter: 'l', commas: 'alone' } },
  },
  extract: {
    examples: [
      '$ paligemma extract receipt.jpg --field total:currency --field date:date --json',
      '$ paligemma extract receipt.jpg --field "total:currency=what is the amount due?"',
      '$ paligemma extract invoices --field invoiceNumber --field tax:number --jsonl > fields.jsonl',
    ],
    arguments: {
      fields: {
        letter: 'f',
        doc: `a field, its type (${FIELD_TYPES.join(', ')}; text when left out) and what is asked; left out, "what is the NAME?"`,
      },
    },
  },
  sweep: {
    examples: [
      '$ paligemma sweep photo.jpg --prompt "detect cat" --prompt "detect cats" --annotate drawn',
      '$ paligemma sweep sign.jpg -p ocr -p "answer en what does the sign say?" --json',
    ],
    arguments: { prompts: { letter: 'p', doc: 'a phrasing; can be given several times' } },
    remarks: sweepRemarks,
  },
  video: {
    examples: [
      '$ paligemma video clip.mp4',
      '$ paligemma video door.gif --question "does anybody come in?" --count 8',
    ],
    arguments: { question: { letter: 'q' } },
  },
};

/** Every task command, in the order of the help text. */
export function taskCommands(context: Context, exit: Exit): Command[] {
  return Object.entries(ROWS).map(([name, row]) =>
    // Each row belongs to the task of its name, which the type of ROWS has checked.
    taskCommand(context, exit, name as TaskName, row as Row<TaskName>),
  );
}

function taskCommand<N extends TaskName>(
  context: Context,
  exit: Exit,
  name: N,
  row: Row<N>,
): Command {
  const task: Task = TASKS[name];
  const { summary, parts, options } = task;
  const description = [task.description, row.prints, needsText(task.needs)];
  // With these answers it is a TextResult.
  const remarks =
    row.remarks ??
    (task.answers === 'text'
      ? (result: ResultOf<N>) => textRemarks(result as ResultOf<N> & TextResult)
      : undefined);
  return pictureCommand<PictureFlags, ResultOf<N>>(context, exit, {
    name,
    summary,
    description: description.filter((sentence) => sentence !== undefined).join(' '),
    examples: row.examples,
    options,
    addFlags: (command) =>
      addArguments(command, task.arguments, row.arguments, (text) => context.output.note(text)),
    answers: task.answers,
    settings: (flags) => typedArguments(task.arguments, flags),
    labels: (flags) => askedLabels(typedArguments(task.arguments, flags)),
    ...(parts === 'text' && { streams: true }),
    annotates: true,
    task: (model, flags, given): PictureTask<ResultOf<N>> => {
      const start = (image: ImageInput, signal: AbortSignal) =>
        task.start(model, [image], readArguments(task.arguments, flags), { ...given, signal });
      return {
        run: async (image, signal) => (await start(image, signal)) as ResultOf<N>,
        // With these parts it is a TextRun.
        stream: (image, signal) => start(image, signal) as TextRun<ResultOf<N> & TextResult>,
        json: taskJson,
        ...(remarks && { remarks }),
        annotate: async (image, result, format) => {
          const picture = task.images === 'clip' ? await firstFrame(image) : image;
          return draw(picture, format, task.answers, result, drawnWith(given, flags));
        },
      };
    },
  });
}

/** Labels of detect and segment, the phrase of refer: what answers are called by. */
function askedLabels({ labels, phrase }: Readonly<Record<string, unknown>>): readonly string[] {
  const asked = labels ?? phrase;
  return Array.isArray(asked) ? asked.map(String) : asked === undefined ? [] : [String(asked)];
}
