/** Programs that read one picture and end: tesseract, ocrad, gocr, ssocr. Their start is part of the time, as it is for their users. */
import { makeError } from '../../../errors.js';
import { loadSharp } from '../../../load-sharp.js';
import { runProgram } from '../child.js';
import {
  type Crop,
  type OpenOptions,
  type Question,
  type Reading,
  type System,
  type SystemSource,
  tunedName,
} from '../system.js';

interface Program {
  readonly program: string;
  /** Debian's package. */
  readonly debian: string;
  /** How it is asked for its version. */
  readonly version: string;
  /** Page modes to choose from for each domain. */
  readonly modes: readonly string[];
  /** Takes a greyscale picture on standard input, as it knows no PNG; else the path of the PNG. */
  readonly takes: 'pgm' | 'path';
  readonly args: (file: string, mode: string) => readonly string[];
  /** Exit codes of a picture that was looked at, whatever was in it. */
  readonly fine: readonly number[];
  readonly threads: (threads: number) => number;
}

/** The mode of a program by itself. */
const AS_IT_IS = 'default';

const PROGRAMS: Readonly<Record<string, Program>> = {
  tesseract: {
    ...{ program: 'tesseract', debian: 'tesseract-ocr', version: '-v' },
    // The picture as it is; enlarged: its default, a line, a block, a word, sparse text, a line and nothing else.
    modes: [AS_IT_IS, '3', '7', '6', '8', '11', '13'],
    takes: 'path',
    args: (file, mode) => [file, '-', ...(mode === AS_IT_IS ? [] : ['--psm', mode])],
    fine: [0],
    threads: (threads) => threads,
  },
  ocrad: {
    ...{ program: 'ocrad', debian: 'ocrad', version: '-V', modes: [], takes: 'pgm' },
    args: () => ['-F', 'utf8', '-'],
    fine: [0],
    threads: () => 1,
  },
  gocr: {
    ...{ program: 'gocr', debian: 'gocr', version: '-h', modes: [], takes: 'pgm' },
    args: () => ['-f', 'UTF8', '-'],
    fine: [0],
    threads: () => 1,
  },
  ssocr: {
    ...{ program: 'ssocr', debian: 'ssocr', version: '-V', modes: [], takes: 'path' },
    args: (file) => ['-d', '-1', file],
    // 1: another number of digits than was expected; 2: a digit that is none.
    fine: [0, 1, 2],
    threads: () => 1,
  },
};

export const PROGRAM_NAMES = Object.keys(PROGRAMS);

export function programSource(name: string): SystemSource {
  const program = PROGRAMS[name] as Program;
  return {
    spec: name,
    check: async (options) => {
      await versionOf(program, options);
      const isTuned = program.modes.length > 0;
      return { names: isTuned ? [name, tunedName(name)] : [name], isTuned };
    },
    open: async (options) => [await openProgram(name, program, options)],
  };
}

async function openProgram(name: string, program: Program, options: OpenOptions): Promise<System> {
  const { threads, timeoutMs } = options;
  const own = program.threads(threads);
  const version = await versionOf(program, options);
  return {
    ...{ name, version, threads: own, modes: program.modes, startSeconds: 0 },
    read: async ({ crop, mode = AS_IT_IS }, signal) => ({
      text: await runOnce(program, { crop, mode, threads: own, timeoutMs, signal }),
    }),
    close: async () => {},
  };
}

interface Work
  extends Pick<Question, 'crop'>,
    Pick<OpenOptions, 'threads' | 'timeoutMs' | 'signal'> {
  readonly mode: string;
}

/** The text that it prints. */
async function runOnce(program: Program, work: Work): Promise<Reading['text']> {
  const { crop, mode, threads, timeoutMs, signal } = work;
  const tuned = mode === AS_IT_IS ? undefined : await enlarged(crop);
  const input = program.takes === 'pgm' ? await greyMap(crop.file) : tuned;
  const file = tuned === undefined ? crop.file : 'stdin';
  const { child, how, stdout } = await runProgram(
    {
      program: program.program,
      args: program.args(file, mode),
      env: { OMP_THREAD_LIMIT: String(threads) },
    },
    { input, ms: timeoutMs, signal },
  );
  if (!program.fine.some((code) => how === `ended with exit code ${code}`))
    throw child.failure(how);
  return stdout.replaceAll('\f', '');
}

/** Lines of 64 pixels and a border: Tesseract's letters should be 20 pixels high or more, and not touch the edge. */
async function enlarged({ file, height }: Crop): Promise<Buffer> {
  const sharp = loadSharp();
  const border = { top: 10, bottom: 10, left: 10, right: 10, extendWith: 'copy' } as const;
  const picture = sharp(file).flatten({ background: 'white' });
  const large = height >= 64 ? picture : picture.resize({ height: 64, kernel: 'cubic' });
  return large.extend(border).png({ compressionLevel: 1 }).toBuffer();
}

/** The picture as binary PGM. */
async function greyMap(file: string): Promise<Buffer> {
  const { data, info } = await loadSharp()(file)
    .flatten({ background: 'white' })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Buffer.concat([Buffer.from(`P5\n${info.width} ${info.height}\n255\n`), data]);
}

/** Rejects with ERR_DEPENDENCY_MISSING. */
async function versionOf(
  { program, debian, version }: Program,
  { timeoutMs, signal }: OpenOptions,
): Promise<string> {
  const command = { program, args: [version] };
  const { child, stdout } = await runProgram(command, { ms: timeoutMs, signal });
  if (child.process.pid === undefined) {
    const [found, expected] = ['no such program', `${program} in PATH`];
    throw makeError('ERR_DEPENDENCY_MISSING', `the program ${program} is not installed`, {
      ...{ name: program, found, expected },
      hint: `on Debian: apt-get install ${debian}`,
    });
  }
  return /\d+(\.\d+)+/.exec(stdout + child.complaints)?.[0] ?? 'unknown';
}
