/** `paligemma predict`: pictures and a prompt in, one answer per picture out. */
import { Command, Option } from 'commander';
import { MAX_FILE_BYTES } from '../../image-input/source.js';
import type { ImageInput, PaliGemma, Prediction } from '../../index.js';
import { GENERATE_OPTIONS } from '../../options/generate.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { addModelFlags, loadModel, type ModelFlags } from '../model.js';
import { errorJson } from '../output.js';

/** Pictures under way at once: the next one is decoded while the model answers about the first. */
const IN_FLIGHT = 2;

interface Flags extends ModelFlags {
  readonly prompt: string;
  readonly json?: true;
  readonly jsonl?: true;
  readonly stream?: true;
}

/** What came of one picture. */
type Outcome =
  | { readonly image: string; readonly prediction: Prediction }
  | { readonly image: string; readonly error: unknown };

export function predictCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('predict')
    .summary('answer a prompt about pictures')
    .description('Answers a prompt about each picture. "-" reads a picture from standard input.')
    .argument('<image...>', 'JPEG, PNG, WebP, GIF, AVIF or TIFF files, or "-"')
    .requiredOption('-p, --prompt <text>', 'what to do: "caption en", "detect cat", "ocr", …');
  addModelFlags(command);
  command
    .option('--json', 'print one JSON document with all results')
    .addOption(new Option('--jsonl', 'print one JSON line per result').conflicts('json'))
    .addOption(new Option('--stream', 'print the answer as it comes').conflicts('json'));
  addFlags(command, 'Answering:', GENERATE_OPTIONS);
  return command
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma predict photo.jpg --prompt "caption en"
  $ paligemma predict *.jpg --prompt "answer en how many cars are there?" --jsonl > answers.jsonl
  $ paligemma predict scan.png --prompt ocr --model paligemma-3b-mix-448-q8_0.gguf --stream
  $ curl -s https://example.org/cat.jpg | paligemma predict - --prompt "detect cat" --json

Exit codes: 0 all answered, 1 failed, 2 wrong usage, 6 some pictures failed, 130 interrupted.`,
    )
    .action(async (images: readonly string[], flags: Flags) => {
      if (images.filter((image) => image === '-').length > 1) {
        command.error('error: standard input ("-") can be read once only');
      }
      exit(await predict(context, images, flags));
    });
}

async function predict(
  context: Context,
  images: readonly string[],
  flags: Flags,
): Promise<ExitCode> {
  const { output, signal } = context;
  const { model, name } = await loadModel(context, flags);
  try {
    const print = printer(context, images.length > 1, flags);
    const outcomes: Outcome[] = [];
    const predictOne = (image: string): Promise<Outcome> =>
      answer(context, model, image, flags, print.piece);
    for await (const outcome of inOrder(images, flags.stream ? 1 : IN_FLIGHT, predictOne)) {
      const isFailure = 'error' in outcome;
      // What an interruption cuts off is counted below, not reported one by one.
      if (!(isFailure && signal.aborted)) {
        await print.outcome(outcome);
        if (isFailure) output.error(outcome.error, outcome.image);
      }
      outcomes.push(outcome);
    }
    await print.end();
    const failed = outcomes.filter((outcome) => 'error' in outcome).length;
    if (signal.aborted && !output.isClosed) {
      output.note(`interrupted: ${images.length - failed} of ${images.length} answered`);
    }
    if (flags.json) {
      const results = outcomes.map((outcome) => resultJson(outcome, flags));
      await output.json({ model: name, results }, 2);
    }
    return failed === 0 ? EXIT.ok : failed === images.length ? EXIT.failure : EXIT.someFailed;
  } finally {
    await model.dispose();
  }
}

/** Runs `work` on each item, so many at once, and gives the results in the order of the items. */
async function* inOrder<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for (const item of items) {
    running.push(work(item));
    if (running.length >= atOnce) yield (await running.shift()) as R;
  }
  for (const last of running) yield await last;
}

/** Never rejects: a failure of one picture is its outcome. */
async function answer(
  context: Context,
  model: PaliGemma,
  image: string,
  flags: Flags,
  onPiece: Printer['piece'],
): Promise<Outcome> {
  const { signal } = context;
  try {
    signal.throwIfAborted();
    const input: ImageInput = image === '-' ? await context.readStdin(MAX_FILE_BYTES) : image;
    const options = { ...givenFlags(GENERATE_OPTIONS, flags), signal };
    if (!flags.stream) {
      return { image, prediction: await model.predict(input, flags.prompt, options) };
    }
    const stream = model.stream(input, flags.prompt, options);
    for await (const piece of stream) await onPiece(image, piece);
    return { image, prediction: await stream.result };
  } catch (error) {
    return { image, error };
  }
}

interface Printer {
  piece(image: string, piece: { text: string; token: number; logprob: number }): Promise<void>;
  outcome(outcome: Outcome): Promise<void>;
  /** Ends a line that an interruption left open. */
  end(): Promise<void>;
}

function printer({ output }: Context, isMany: boolean, flags: Flags): Printer {
  let isLineOpen = false;
  const lead = (image: string): string => (isMany ? `${image}: ` : '');
  return {
    async piece(image, piece) {
      if (flags.jsonl) {
        await output.json({ event: 'piece', image, ...piece });
        return;
      }
      await output.data(isLineOpen ? piece.text : lead(image) + piece.text);
      isLineOpen = true;
    },
    async outcome(outcome) {
      // All of them at the end.
      if (flags.json) return;
      if (flags.jsonl) {
        const event = 'error' in outcome ? 'error' : 'result';
        await output.json({ ...(flags.stream && { event }), ...resultJson(outcome, flags) });
        return;
      }
      if ('prediction' in outcome && !isLineOpen) {
        await output.data(`${lead(outcome.image)}${outcome.prediction.text}\n`);
      }
      await this.end();
    },
    async end() {
      if (isLineOpen) await output.data('\n');
      isLineOpen = false;
    },
  };
}

function resultJson(outcome: Outcome, flags: Flags): Record<string, unknown> {
  const { image } = outcome;
  const { prompt } = flags;
  if ('error' in outcome) return { image, prompt, error: errorJson(outcome.error) };
  const { text, tokens, logprobs, topLogprobs, usage, timings, finishReason } = outcome.prediction;
  // Probabilities only for those who ask: they are longer than the answer.
  const probabilities = topLogprobs === undefined ? {} : { logprobs, topLogprobs };
  // Microseconds are enough for people and for logs.
  const rounded = Object.fromEntries(
    Object.entries(timings).map(([name, ms]) => [name, Math.round(ms * 1000) / 1000]),
  );
  return { image, prompt, text, tokens, ...probabilities, usage, timings: rounded, finishReason };
}
