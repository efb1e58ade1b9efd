/** The commands of the tasks about single pictures, one for each method of PaliGemma of the same name. */
import type { Command } from 'commander';
import { makeError } from '../../errors.js';
import type {
  ClassifyResult,
  ConsensusDetection,
  DetectedObject,
  DetectResult,
  ExtractResult,
  ExtractSchema,
  ImageInput,
  OcrResult,
  PaliGemma,
  Piece,
  SegmentResult,
  SweepResult,
  TextResult,
  TextRun,
} from '../../index.js';
import { IMAGE_OPTIONS } from '../../options/image.js';
import { showValue } from '../../options/show.js';
import {
  ASK_OPTIONS,
  CAPTION_OPTIONS,
  CLASSIFY_OPTIONS,
  DETECT_OPTIONS,
  EXTRACT_OPTIONS,
  FIELD_TYPES,
  OCR_OPTIONS,
  REFER_OPTIONS,
  SEGMENT_OPTIONS,
  SWEEP_OPTIONS,
  VIDEO_TASK_OPTIONS,
} from '../../options/tasks.js';
import { taskJson } from '../../wire/results.js';
import { pictureCommand } from '../batch/command.js';
import type { PictureFlags } from '../batch/flags.js';
import type { PictureTask } from '../batch/task.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { addRequiredFlag, givenFlags } from '../flags.js';

type Exit = (code: ExitCode) => void;
type Options = Readonly<Record<string, unknown>>;

/** Every task command, in the order of the help text. */
export function taskCommands(context: Context, exit: Exit): Command[] {
  return [
    captionCommand(context, exit),
    askCommand(context, exit),
    ocrCommand(context, exit),
    detectCommand(context, exit),
    segmentCommand(context, exit),
    referCommand(context, exit),
    classifyCommand(context, exit),
    extractCommand(context, exit),
    sweepCommand(context, exit),
    videoCommand(context, exit),
  ];
}

function captionCommand(context: Context, exit: Exit): Command {
  return pictureCommand<PictureFlags, TextResult>(context, exit, {
    name: 'caption',
    summary: 'describe pictures',
    description: 'Describes each picture in a sentence.',
    examples: [
      '$ paligemma caption photo.jpg',
      '$ paligemma caption photos --recursive --language de --output captions.jsonl --resume',
    ],
    options: CAPTION_OPTIONS,
    settings: () => ({}),
    streams: true,
    task: (model, _, options) =>
      textTask((image, signal) => model.caption(image, { ...options, signal })),
  });
}

function askCommand(context: Context, exit: Exit): Command {
  return pictureCommand<PictureFlags & { readonly question: string }, TextResult>(context, exit, {
    name: 'ask',
    summary: 'answer a question about pictures',
    description: 'Answers a question about each picture.',
    examples: [
      '$ paligemma ask photo.jpg --question "how many cars are there?"',
      '$ paligemma ask shelf.jpg --question "is the shelf empty?" --kind yes-no --json',
      '$ paligemma ask page.png --question "what is the total?" --bare',
    ],
    options: ASK_OPTIONS,
    addFlags: (command) =>
      addRequiredFlag(command, '-q, --question <text>', 'what is asked about each picture'),
    settings: ({ question }) => ({ question }),
    streams: true,
    task: (model, { question }, options) =>
      textTask((image, signal) => model.ask(image, question, { ...options, signal })),
  });
}

function ocrCommand(context: Context, exit: Exit): Command {
  return pictureCommand<PictureFlags, OcrResult>(context, exit, {
    name: 'ocr',
    summary: 'read the text in pictures',
    description: 'Reads the text in each picture.',
    examples: ['$ paligemma ocr sign.jpg', "$ paligemma ocr 'scans/*.png' --jsonl > texts.jsonl"],
    options: OCR_OPTIONS,
    settings: () => ({}),
    streams: true,
    task: (model, _, options) =>
      textTask((image, signal) => model.ocr(image, { ...options, signal })),
  });
}

type LabelFlags = PictureFlags & { readonly label: readonly string[] };

const addLabels =
  (what: string) =>
  (command: Command): void => {
    addRequiredFlag(command, '-l, --label <text...>', what);
  };

function detectCommand(context: Context, exit: Exit): Command {
  return pictureCommand<LabelFlags, DetectResult>(context, exit, {
    name: 'detect',
    summary: 'find things in pictures',
    description:
      'Finds things in each picture. Prints a line for each: label, score (0 to 1), box [xmin, ymin, xmax, ymax] in pixels.',
    examples: [
      '$ paligemma detect street.jpg --label car --label bicycle',
      '$ paligemma detect shots --label person --annotate drawn --jsonl > people.jsonl',
      '$ paligemma detect photo.jpg --label cat --robust --min-score 0.3',
    ],
    options: DETECT_OPTIONS,
    addFlags: addLabels('what to find; can be given several times'),
    settings: ({ label }) => ({ labels: label }),
    annotates: true,
    task: (model, { label }, options) => ({
      run: (image, signal) => model.detect(image, label, { ...options, signal }).result,
      json: taskJson,
      text: ({ detections, unasked }) => objectLines(detections, unasked),
      annotate: (image, { detections }) => drawn(image, detections, options),
    }),
  });
}

function segmentCommand(context: Context, exit: Exit): Command {
  return pictureCommand<LabelFlags, SegmentResult>(context, exit, {
    name: 'segment',
    summary: 'outline things in pictures',
    description:
      'Outlines things in each picture. Prints a line for each: label, score (0 to 1), box [xmin, ymin, xmax, ymax] in pixels; --json has the masks, --annotate draws them. Needs a model file with the mask codec.',
    examples: [
      '$ paligemma segment photo.jpg --label cat --annotate drawn',
      '$ paligemma segment photos --label car --jsonl > masks.jsonl',
    ],
    options: SEGMENT_OPTIONS,
    addFlags: addLabels('what to outline; can be given several times'),
    settings: ({ label }) => ({ labels: label }),
    annotates: true,
    task: (model, { label }, options) =>
      segmentTask((image, signal) => model.segment(image, label, { ...options, signal }), options),
  });
}

function referCommand(context: Context, exit: Exit): Command {
  return pictureCommand<PictureFlags & { readonly phrase: string }, SegmentResult>(context, exit, {
    name: 'refer',
    summary: 'outline what a phrase speaks of',
    description:
      'Outlines the one thing that a phrase speaks of. For checkpoints fine-tuned on RefCOCO, with the mask codec.',
    examples: ['$ paligemma refer photo.jpg --phrase "the man on the left"'],
    options: REFER_OPTIONS,
    addFlags: (command) => addRequiredFlag(command, '--phrase <text>', 'what to outline'),
    settings: ({ phrase }) => ({ phrase }),
    annotates: true,
    task: (model, { phrase }, options) =>
      segmentTask((image, signal) => model.refer(image, phrase, { ...options, signal }), options),
  });
}

function classifyCommand(context: Context, exit: Exit): Command {
  return pictureCommand<LabelFlags, ClassifyResult>(context, exit, {
    name: 'classify',
    summary: 'tell which label fits pictures best',
    description: 'Tells which of some labels answers a question about each picture best.',
    examples: [
      '$ paligemma classify photo.jpg --label cat dog horse',
      '$ paligemma classify part.png --label yes no --question "is there a scratch?" --json',
    ],
    options: CLASSIFY_OPTIONS,
    addFlags: addLabels('the labels to choose from'),
    settings: ({ label }) => ({ labels: label }),
    task: (model, { label }, options) => ({
      run: (image, signal) => model.classify(image, label, { ...options, signal }),
      json: taskJson,
      text: ({ distribution }) =>
        distribution.map((one) => `${one.label} ${one.probability.toFixed(3)}`).join('\n'),
    }),
  });
}

function extractCommand(context: Context, exit: Exit): Command {
  return pictureCommand<
    PictureFlags & { readonly field: readonly string[] },
    ExtractResult<ExtractSchema>
  >(context, exit, {
    name: 'extract',
    summary: 'read typed fields of documents',
    description:
      'Reads typed values from each picture of a document; what cannot be read is null, with what the model said beside it.',
    examples: [
      '$ paligemma extract receipt.jpg --field total:currency --field date:date --json',
      '$ paligemma extract invoices --field invoiceNumber --field tax:number --jsonl > fields.jsonl',
    ],
    options: EXTRACT_OPTIONS,
    addFlags: (command) =>
      addRequiredFlag(
        command,
        '-f, --field <name:type...>',
        `a field and its type: ${FIELD_TYPES.join(', ')}; text when left out`,
      ),
    settings: ({ field }) => ({ fields: field }),
    task: (model, { field }, options) => ({
      run: (image, signal) => model.extract(image, toSchema(field), { ...options, signal }),
      json: taskJson,
      text: ({ fields }) =>
        Object.entries(fields)
          .map(([name, { value }]) => `${name}: ${fieldText(value)}`)
          .join('\n'),
    }),
  });
}

function sweepCommand(context: Context, exit: Exit): Command {
  return pictureCommand<PictureFlags & { readonly prompt: readonly string[] }, SweepResult>(
    context,
    exit,
    {
      name: 'sweep',
      summary: 'compare phrasings of a prompt',
      description:
        'Sends several phrasings of one prompt about each picture and tells how far the answers agree.',
      examples: [
        '$ paligemma sweep photo.jpg --prompt "detect cat" --prompt "detect cats" --annotate drawn',
        '$ paligemma sweep sign.jpg -p ocr -p "answer en what does the sign say?" --json',
      ],
      options: SWEEP_OPTIONS,
      addFlags: (command) => {
        addRequiredFlag(
          command,
          '-p, --prompt <text...>',
          'a phrasing; can be given several times',
        );
      },
      settings: ({ prompt }) => ({ prompts: prompt }),
      annotates: true,
      task: (model, { prompt }, options) => ({
        run: (image, signal) => model.sweep(image, prompt, { ...options, signal }),
        json: (result) => ({ ...result }),
        text: sweepText,
        annotate: (image, result) =>
          drawn(image, result.kind === 'boxes' ? result.consensus : [], options),
      }),
    },
  );
}

function videoCommand(context: Context, exit: Exit): Command {
  return pictureCommand<PictureFlags & { readonly question?: string }, TextResult>(context, exit, {
    name: 'video',
    summary: 'describe clips, or answer a question about them',
    description:
      'Describes each clip, or answers a question about it: animated GIF and WebP, and video files when ffmpeg is installed. For checkpoints fine-tuned on video.',
    examples: [
      '$ paligemma video clip.mp4',
      '$ paligemma video door.gif --question "does anybody come in?" --count 8',
    ],
    options: VIDEO_TASK_OPTIONS,
    addFlags: (command) => command.option('-q, --question <text>', 'what is asked about each clip'),
    settings: ({ question }) => (question === undefined ? {} : { question }),
    streams: true,
    task: (model, { question }, options) =>
      textTask((clip, signal) =>
        model.video(clip, question === undefined ? 'caption' : { ask: question }, {
          ...options,
          signal,
        }),
      ),
  });
}

function textTask<R extends TextResult>(
  start: (image: ImageInput, signal: AbortSignal) => TextRun<R>,
): PictureTask<R> {
  return {
    run: (image, signal) => start(image, signal).result,
    stream: (image, signal) => start(image, signal) satisfies AsyncIterable<Piece>,
    json: taskJson,
    text: ({ text }) => text,
  };
}

function segmentTask(
  start: (image: ImageInput, signal: AbortSignal) => ReturnType<PaliGemma['segment']>,
  options: Options,
): PictureTask<SegmentResult> {
  return {
    run: (image, signal) => start(image, signal).result,
    json: taskJson,
    text: ({ segments, unasked }) => objectLines(segments, unasked),
    annotate: (image, { segments }) => drawn(image, segments, options),
  };
}

async function drawn(
  image: ImageInput,
  objects: Parameters<typeof import('../../index.js').annotate>[1],
  options: Options,
) {
  // Here and not above: --help and usage errors should not wait for sharp and the addon.
  const { annotate } = await import('../../index.js');
  const data = await annotate(image, objects, givenFlags(IMAGE_OPTIONS, options));
  return { data, extension: 'png' };
}

/** `unasked`: how many were left out, as their labels are others. */
function objectLines(
  objects: readonly (DetectedObject | ConsensusDetection)[],
  unasked = 0,
): string {
  if (objects.length === 0 && unasked > 0)
    return `(nothing found but ${unasked} with another label: --extra shows them)`;
  if (objects.length === 0) return '(nothing found)';
  return objects
    .map(({ label, score, box }) => {
      const edges = [box.xmin, box.ymin, box.xmax, box.ymax].map((edge) => edge.toFixed(1));
      return `${label} ${score.toFixed(3)} [${edges.join(', ')}]`;
    })
    .join('\n');
}

function sweepText(result: SweepResult): string {
  const lines =
    result.kind === 'boxes'
      ? result.phrasings.map(({ prompt, detections }) => `${prompt} -> ${detections.length} found`)
      : result.phrasings.map(
          ({ prompt, text, score }) => `${prompt} -> ${text} ${score.toFixed(3)}`,
        );
  const consensus = result.kind === 'boxes' ? objectLines(result.consensus) : result.consensus;
  return `${consensus}\nagreement ${result.agreement.toFixed(2)}\n${lines.join('\n')}`;
}

/** `total:currency` -> { total: 'currency' }. What is no type is refused by extract. */
function toSchema(fields: readonly string[]): ExtractSchema {
  const schema = new Map<string, string>();
  for (const field of fields) {
    const [name = '', type = 'text'] = field.split(':', 2);
    if (schema.has(name)) {
      throw makeError('ERR_OPTION_RANGE', `field ${showValue(name)} is given twice`, {
        name: 'field',
        found: `${schema.get(name)} and ${type}`,
        expected: 'each name once',
      });
    }
    schema.set(name, type);
  }
  return Object.fromEntries(schema) as ExtractSchema;
}

function fieldText(value: unknown): string {
  if (value === null) return '-';
  if (typeof value !== 'object') return String(value);
  const { amount, currency } = value as { amount: number; currency: string | null };
  return currency === null ? String(amount) : `${amount} ${currency}`;
}
