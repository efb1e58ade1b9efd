/** `paligemma run`: prompts about one picture, one after the other, with the model loaded once. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { makeError } from '../../errors.js';
import type { DetectedObject, PaliGemma, Picture } from '../../index.js';
import { nearest } from '../../options/nearest.js';
import { oneLine, showPath, showValue } from '../../options/show.js';
import { outputError } from '../../output-error.js';
import type { AnswerKind } from '../../tasks/registry.js';
import { tabbedLine } from '../../wire/delimited.js';
import { FORMATS, type FormatName, formatWriter } from '../../wire/formats.js';
import { taskJson } from '../../wire/results.js';
import { readableColumns, readableRows } from '../../wire/rows.js';
import { commaParts } from '../arguments.js';
import { checkPicture } from '../batch/arguments.js';
import { draw, formatOfName } from '../batch/drawings.js';
import { STDIN, STDIN_LIST } from '../batch/inputs.js';
import { PictureFiles } from '../batch/picture-files.js';
import { isPictureName } from '../batch/walk.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { quoted } from '../missing.js';
import { addModelFlags, loadModel, type ModelFlags } from '../model.js';
import { emptyRemarks, textRemarks } from '../remarks.js';
import { Table } from '../table.js';

const HELP = `a prompt, such as "caption en", "ocr" or "answer en how many cars are there?"
/detect LABELS   find things, with commas between labels ("\\," is a comma within one)
/segment LABELS  outline things
/image FILE      another picture
/save FILE       the last answer: drawn into a .png, .jpg, .webp or .svg, or written as .json, .csv or .txt
/help            this list
/quit            end, as Ctrl-D does; Ctrl-C stops an answer
`;

/** What /help names. */
const COMMANDS = [...HELP.matchAll(/^\/(\w+)/gm)].map(([, name = '']) => name);

/** Other programs that read prompts end with the others. */
const QUIT: readonly string[] = ['/quit', '/bye', '/exit', '/q'];

export function runCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('run')
    .summary('answer prompts about one picture, one after the other')
    .description(
      'Reads prompts from standard input, one a line, and answers each about the picture. On a terminal it asks for them.',
    )
    .argument('<image>', 'the picture');
  addModelFlags(command);
  return command
    .addHelpText(
      'after',
      `\nPrompts:\n${HELP.replace(/^(?=.)/gm, '  ')}
Examples:
  $ paligemma run photo.jpg
  $ printf 'ocr\\n/detect car, person\\n' | paligemma run street.jpg`,
    )
    .action(async (image: string, flags: ModelFlags) => {
      checkPicture(image, '> picture');
      if (!existsSync(image)) {
        const hint = noPictureHint(image);
        command.error(
          `error: there is no picture ${showPath(image) || '""'}${hint && ` (${hint})`}`,
        );
      }
      const { model } = await loadModel(context, flags);
      try {
        const picture = await model.prepare(image, { signal: context.signal });
        exit(await new Loop(context, model, { image, picture }).run());
      } finally {
        await model.dispose();
      }
    });
}

/** What to type in place of `image`, which is not there; empty where its name says that it is meant as one. */
function noPictureHint(image: string): string {
  if (image === STDIN || image === STDIN_LIST) {
    return 'standard input has the prompts: name a file, paligemma run photo.jpg';
  }
  if (image === '') return 'name a file, paligemma run photo.jpg';
  if (isPictureName(image)) return '';
  return `a model is chosen with --model: paligemma run photo.jpg --model ${quoted(image)}`;
}

/** What prompts are about. */
interface Subject {
  /** The file, as it was typed. */
  readonly image: string;
  readonly picture: Picture;
}

/** What `/save` writes. */
interface Answer {
  readonly image: string;
  readonly kind: AnswerKind;
  readonly result: object;
}

/** Formats of files with any answer. */
const SAVED_AS = ['json', 'jsonl', 'csv', 'text'] as const satisfies readonly FormatName[];

const SAVED_BEFORE = { expected: 'no such file', hint: 'choose another name' };

class Loop {
  readonly #context: Context;
  readonly #model: PaliGemma;
  readonly #table: Table;
  #subject: Subject;
  #last: Answer | undefined;
  /** Stops the answer under way. */
  #answer: AbortController | undefined;

  constructor(context: Context, model: PaliGemma, subject: Subject) {
    this.#context = context;
    this.#model = model;
    this.#subject = subject;
    this.#table = new Table(readableColumns('detections'), context.output.colourDepth);
  }

  /** Until the input ends. A prompt that fails is reported, and the next one read. */
  async run(): Promise<ExitCode> {
    const { output, signal } = this.#context;
    const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
    const input = createInterface({
      input: process.stdin,
      ...(isTerminal && { output: process.stderr, prompt: '> ', terminal: true }),
    });
    // A terminal that is read line by line sends no signal for Ctrl-C.
    input.on('SIGINT', () => {
      if (this.#answer) this.#answer.abort();
      else input.close();
    });
    const close = (): void => input.close();
    signal.addEventListener('abort', close, { once: true });
    let failed = 0;
    let answered = 0;
    try {
      if (isTerminal) output.note('note: /help lists what can be typed');
      input.prompt();
      for await (const line of input) {
        const text = line.trim();
        if (QUIT.includes(text) || signal.aborted) break;
        const isDone = text === '' || (await this.#tryAnswer(text));
        if (!isDone) failed++;
        else if (text !== '') answered++;
        if (isTerminal) input.prompt();
      }
    } finally {
      signal.removeEventListener('abort', close);
      input.close();
    }
    if (failed === 0 || isTerminal) return EXIT.ok;
    return answered > 0 ? EXIT.someFailed : EXIT.failure;
  }

  async #tryAnswer(text: string): Promise<boolean> {
    const { output, signal } = this.#context;
    this.#answer = new AbortController();
    try {
      await this.#answerTo(text, AbortSignal.any([signal, this.#answer.signal]));
      return true;
    } catch (error) {
      if (!this.#answer.signal.aborted && !signal.aborted) {
        output.error(error);
        const { image } = this.#subject;
        if (/^\/image\b/.test(text)) output.note(`note: the picture is still ${oneLine(image)}`);
      }
      return false;
    } finally {
      this.#answer = undefined;
    }
  }

  async #answerTo(text: string, signal: AbortSignal): Promise<void> {
    const { output } = this.#context;
    const [, name = '', rest = ''] = /^\/(\w+)\s*(.*)$/.exec(text) ?? [];
    const { picture } = this.#subject;
    switch (name) {
      case '':
        if (text.startsWith('/')) throw unknownCommand(text);
        return this.#stream(text, signal);
      case 'image':
        return this.#change(rest, signal);
      case 'detect': {
        const result = await this.#model.detect(picture, commaParts(rest), { signal });
        this.#keep('detections', result);
        return this.#print(result.detections, result.unasked);
      }
      case 'segment': {
        const result = await this.#model.segment(picture, commaParts(rest), { signal });
        this.#keep('segments', result);
        return this.#print(result.segments, result.unasked);
      }
      case 'save':
        return save(rest, this.#last);
      case 'help':
        return output.note(HELP.trimEnd());
      default:
        throw unknownCommand(`/${name}`);
    }
  }

  /** Takes another picture, once it has been read: where that fails, the one before stays. */
  async #change(image: string, signal: AbortSignal): Promise<void> {
    if (image === '') {
      throw makeError('ERR_OPTION_RANGE', '/image has no name, expected the file of a picture', {
        name: '/image',
        found: 'no name',
        expected: 'the file of a picture',
      });
    }
    checkPicture(image, '> picture');
    this.#subject = { image, picture: await this.#model.prepare(image, { signal }) };
  }

  #keep(kind: AnswerKind, result: object): void {
    this.#last = { image: this.#subject.image, kind, result };
  }

  async #stream(prompt: string, signal: AbortSignal): Promise<void> {
    const { output } = this.#context;
    let isOpen = false;
    try {
      const stream = this.#model.stream(this.#subject.picture, prompt, { signal });
      for await (const { text } of stream) {
        await output.data(text);
        isOpen = true;
      }
      const result = await stream.result;
      this.#keep('text', result);
      for (const remark of textRemarks(result)) output.note(remark);
    } finally {
      if (isOpen) await output.data('\n');
    }
  }

  async #print(objects: readonly DetectedObject[], unasked: number): Promise<void> {
    const { output } = this.#context;
    const { image } = this.#subject;
    // There is no --extra here.
    for (const remark of emptyRemarks(objects, unasked, '')) output.note(remark);
    const rows = readableRows('detections', { detections: objects });
    if (output.isTerminal) return output.styled(this.#table.lines(image, rows));
    return output.data(rows.map((row) => tabbedLine([image, ...row])).join(''));
  }
}

function unknownCommand(word: string): Error {
  const meant = nearest(word.slice(1), COMMANDS);
  return makeError('ERR_OPTION_UNKNOWN', `there is no ${showValue(word)}`, {
    name: '/',
    found: showValue(word),
    expected: COMMANDS.map((one) => `/${one}`).join(', '),
    hint: meant === undefined ? '/help lists what there is' : `did you mean /${meant}?`,
  });
}

async function save(file: string, answer: Answer | undefined): Promise<void> {
  if (answer === undefined || file === '') {
    const found = file === '' ? 'no name' : 'no answer';
    throw makeError('ERR_OPTION_RANGE', `/save has ${found}, expected a file for the last answer`, {
      name: '/save',
      found,
      expected: 'the name of a file, after an answer',
    });
  }
  const { image, kind, result } = answer;
  const picture = formatOfName(file);
  if (picture !== undefined) {
    const files = await PictureFiles.openFile(file, SAVED_BEFORE);
    try {
      await files.check(image);
      await files.checkFree({ image }, picture);
      const data = await draw(image, picture, kind, result, {});
      await files.write({ image }, { data, extension: picture });
    } finally {
      await files.close();
    }
    return;
  }
  const extension = path.extname(file).slice(1).toLowerCase();
  const extensions = (name: FormatName): readonly string[] => FORMATS[name].extensions;
  const format = SAVED_AS.find((name) => extensions(name).includes(extension));
  if (format === undefined) {
    const expected = `.png, .jpg, .webp, .svg, ${SAVED_AS.map((name) => `.${extensions(name)[0]}`).join(', ')}`;
    throw makeError('ERR_OPTION_RANGE', `${oneLine(file)} ends in none of ${expected}`, {
      name: '/save',
      found: oneLine(file),
      expected,
    });
  }
  const toJson = (): object => ({ image, ...taskJson(result) });
  const facts = {
    front: 'cli',
    kind,
    labels: [],
    named: false,
    hasPages: false,
    head: {},
  } as const;
  const writer = formatWriter(format, { ...facts, toJson });
  const text =
    (writer.begin?.() ?? '') + writer.picture({ image, result }) + (writer.end?.() ?? '');
  // As with --output, nothing that exists is replaced.
  await writeFile(file, text, { flag: 'wx' }).catch((cause: unknown) => {
    throw outputError(file, 'write', cause);
  });
}
