/**
 * Systems that speak JSON lines: one for each picture on their standard input, one for each answer on their standard output.
 * What they print on standard error is theirs. docs/ocr-benchmark.md is the description for who writes one.
 */
import { isUtf8 } from 'node:buffer';
import { makeError, type PaliGemmaError } from '../../errors.js';
import { oneLine, showValue } from '../../options/show.js';
import { type Child, type Command, startChild, within } from './child.js';
import type { OpenOptions, Question, Reading, System } from './system.js';
import { isWord, textOfWords } from './words.js';

/** A longer line is no answer: a system that prints without end must not fill the memory. */
const LONGEST_LINE = 1 << 20;
const LONGEST_NAME = 100;
/** Loading a model and what it is made of may take long, also where a picture may not. */
const START_MS = 180_000;
/** After this a system that was asked to end is killed. */
const END_MS = 3000;

type Fields = Readonly<Record<string, unknown>>;

export interface Ready {
  readonly name: string;
  readonly version: string;
  readonly threads: number | undefined;
}

/** One life of a system: from its start to its end. */
class Life {
  readonly child: Child;
  #waiting: { resolve: (line: Buffer) => void; reject: (error: Error) => void } | undefined;
  #lines: Buffer[] = [];
  #parts: Buffer[] = [];
  #length = 0;
  #end: Error | undefined;

  constructor(command: Command) {
    this.child = startChild(command);
    this.child.process.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    void this.child.ended.then((how) => this.#fail(this.child.failure(how)));
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  send(line: object): void {
    this.child.process.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  /** The next line. Rejects when there will be none. */
  next(): Promise<Buffer> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** At once: it is over before its process is. */
  kill(): void {
    this.#fail(this.child.failure('was ended'));
    this.child.kill();
  }

  /** Ends it: by the end of its input, else by a kill. */
  async end(): Promise<void> {
    this.child.process.stdin?.end();
    const timer = setTimeout(() => this.child.kill(), END_MS);
    await this.child.ended;
    clearTimeout(timer);
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.#give(Buffer.concat([...this.#parts, rest.subarray(0, end)]));
      this.#parts = [];
      this.#length = 0;
      rest = rest.subarray(end + 1);
    }
    this.#length += rest.length;
    this.#parts.push(rest);
    if (this.#length <= LONGEST_LINE) return;
    this.#parts = [];
    this.#length = 0;
    this.#fail(this.child.failure(`printed a line of more than ${LONGEST_LINE} bytes`));
    this.child.kill();
  }

  #give(line: Buffer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(line);
    // There is one call at a time: what comes unasked is dropped, not kept for ever.
    else if (this.#lines.length < 1000) this.#lines.push(line);
  }

  #fail(error: Error): void {
    this.#end ??= error;
    this.#waiting?.reject(this.#end);
    this.#waiting = undefined;
  }
}

/** A system by this protocol. It is started again once, where it has died; after that every picture fails. */
export class ProtocolSystem implements System {
  readonly modes = [];
  #life: Life;
  /** Ids of pictures whose answer did not come in time, or after a bad line. */
  readonly #given = new Set<string>();
  #number = 0;
  #restarts = 0;
  #death: Error | undefined;

  private constructor(
    private readonly command: Command,
    private readonly options: OpenOptions,
    life: Life,
    private readonly ready: Ready,
    readonly startSeconds: number,
  ) {
    this.#life = life;
  }

  static async open(command: Command, options: OpenOptions): Promise<ProtocolSystem> {
    const { life, ready, seconds } = await startLife(command, options.signal);
    return new ProtocolSystem(command, options, life, ready, seconds);
  }

  get name(): string {
    return this.ready.name;
  }

  get version(): string {
    return this.ready.version;
  }

  get threads(): number | undefined {
    return this.ready.threads;
  }

  async read({ crop, prompt }: Question, signal: AbortSignal): Promise<Reading> {
    await this.#revive(signal);
    const life = this.#life;
    const id = String(++this.#number);
    const { file, width, height } = crop;
    life.send({ id, path: file, width, height, prompt });
    this.#given.add(id);
    const answer = this.#answerTo(id, life);
    const stop = (): void => life.kill();
    return within(answer, { ms: this.options.timeoutMs, signal, name: this.name, stop });
  }

  async close(): Promise<void> {
    this.#death ??= dead(this.name, 'is closed');
    await this.#life.end();
  }

  async #revive(signal: AbortSignal): Promise<void> {
    if (!this.#life.isOver && this.#death === undefined) return;
    // A kill that is under way has to end first.
    await this.#life.child.ended;
    if (this.#death === undefined && this.#restarts++ === 0) {
      try {
        this.#life = (await startLife(this.command, signal)).life;
        return;
      } catch (error) {
        signal.throwIfAborted();
        this.#death = error as Error;
      }
    }
    this.#death ??= dead(this.name, 'has died twice');
    throw this.#death;
  }

  async #answerTo(id: string, life: Life): Promise<Reading> {
    for (;;) {
      const line = await life.next();
      const fields = fieldsOf(line, this.name);
      const { id: found } = fields;
      if (found === id) return readingOf(fields, this.name);
      // The answer to a picture before this one, which came too late.
      if (typeof found === 'string' && this.#given.has(found)) continue;
      throw badLine(this.name, `an answer to id ${showValue(found)}`, `one to ${showValue(id)}`);
    }
  }
}

function dead(name: string, found: string): PaliGemmaError {
  return makeError('ERR_SYSTEM', `${oneLine(name)} ${found}`, {
    ...{ name: oneLine(name), found, expected: 'a system that goes on' },
  });
}

async function startLife(
  command: Command,
  signal: AbortSignal,
): Promise<{ readonly life: Life; readonly ready: Ready; readonly seconds: number }> {
  signal.throwIfAborted();
  const begin = performance.now();
  const life = new Life(command);
  const stop = (): void => life.child.kill();
  try {
    const limits = { ms: START_MS, signal, stop, hint: 'it has to print a line with ready' };
    const first = await within(life.next(), { ...limits, name: command.program });
    const ready = readyOf(fieldsOf(first, command.program), command.program);
    return { life, ready, seconds: (performance.now() - begin) / 1000 };
  } catch (error) {
    life.child.kill();
    await life.child.ended;
    throw error;
  }
}

function readyOf({ ready, name, version, threads, error }: Fields, program: string): Ready {
  if (typeof error === 'string') {
    throw makeError('ERR_SYSTEM', `${oneLine(program)} cannot start: ${oneLine(error)}`, {
      ...{ name: oneLine(program), found: oneLine(error), expected: 'a system that is ready' },
    });
  }
  if (ready !== true) throw badReady(program, 'ready', ready, 'true');
  return {
    name: shortText(program, 'name', name),
    version: shortText(program, 'version', version),
    threads: typeof threads === 'number' ? threads : undefined,
  };
}

/** What reports show in tables, charts and terminals. */
function shortText(program: string, field: string, value: unknown): string {
  const isShort = typeof value === 'string' && value.length > 0 && value.length <= LONGEST_NAME;
  if (isShort && oneLine(value) === value) return value;
  const expected = `text of 1 to ${LONGEST_NAME} characters, without control characters`;
  throw badReady(program, field, value, expected);
}

function badReady(program: string, field: string, value: unknown, expected: string): Error {
  const found = value === undefined ? `no ${field}` : `${showValue(value)} as ${field}`;
  const line = '{"ready": true, "name": …, "version": …}';
  return badLine(program, `a first line with ${found}`, `${expected}, as in ${line}`);
}

function fieldsOf(line: Buffer, name: string): Fields {
  if (!isUtf8(line)) throw badLine(name, 'a line that is not UTF-8', 'UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    throw badLine(name, `the line ${showValue(line.toString('utf8'))}`, 'JSON');
  }
  if (typeof value !== 'object' || value === null) {
    throw badLine(name, `the line ${showValue(line.toString('utf8'))}`, 'a JSON object');
  }
  return value as Fields;
}

function readingOf({ text, words, seconds, usd, error }: Fields, name: string): Reading {
  if (typeof error === 'string') {
    throw makeError('ERR_SYSTEM', `${oneLine(name)} failed: ${oneLine(error).slice(0, 300)}`, {
      ...{ name, found: oneLine(error), expected: 'a text' },
    });
  }
  const read =
    typeof text === 'string'
      ? text
      : Array.isArray(words) && words.every(isWord)
        ? textOfWords(words)
        : undefined;
  if (read === undefined)
    throw badLine(name, 'an answer without text', 'text, or words with boxes');
  for (const [key, value] of Object.entries({ seconds, usd })) {
    if (value === undefined || (typeof value === 'number' && value >= 0)) continue;
    throw badLine(name, `${showValue(value)} as ${key}`, 'a number of 0 or more');
  }
  return {
    text: read,
    ...(typeof seconds === 'number' && { ownSeconds: seconds }),
    ...(typeof usd === 'number' && { usd }),
  };
}

function badLine(name: string, found: string, expected: string): PaliGemmaError {
  const subject = oneLine(name);
  return makeError('ERR_SYSTEM', `${subject} printed ${found}, expected ${expected}`, {
    ...{ name: subject, found, expected },
  });
}
