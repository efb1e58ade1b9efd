/** The program of a system that is an npm package: speaks the protocol. Arguments: which one, and its threads. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [name = '', threadsText = '1'] = process.argv.slice(2);
const threads = Number(threadsText);
const installed = createRequire(path.join(process.cwd(), 'package.json'));
// What a package prints must not come between the answers.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
const say = (line: object): boolean => write(`${JSON.stringify(line)}\n`);

interface Opened {
  readonly version: string;
  readonly threads: number;
  readonly read: (file: string) => Promise<object>;
}

interface Gutenye {
  readonly default: {
    readonly create: (options: object) => Promise<{
      readonly detect: (file: string) => Promise<readonly { readonly text: string }[]>;
    }>;
  };
}

interface TesseractJs {
  readonly createWorker: (
    language: string,
    engine: number,
    options: object,
  ) => Promise<{
    readonly recognize: (file: string) => Promise<{ readonly data: { readonly text: string } }>;
  }>;
}

const OPENERS: Readonly<Record<string, () => Promise<Opened>>> = {
  gutenye: async () => {
    const file = installed.resolve('@gutenye/ocr-node');
    const { default: Ocr } = (await import(pathToFileURL(file).href)) as Gutenye;
    const onnxOptions = { intraOpNumThreads: threads, interOpNumThreads: 1 };
    const ocr = await Ocr.create({ onnxOptions });
    const read = async (picture: string): Promise<object> => ({
      // It has put them into lines itself.
      text: (await ocr.detect(picture)).map(({ text }) => text).join('\n'),
    });
    return { version: versionOf(file), threads, read };
  },
  'tesseract.js': async () => {
    const { createWorker } = installed('tesseract.js') as TesseractJs;
    const { langPath } = installed('@tesseract.js-data/eng') as { readonly langPath: string };
    // Its own langPath is that of the legacy engine.
    const options = { langPath: `${langPath}_best_int`, gzip: true, cacheMethod: 'none' };
    const worker = await createWorker('eng', 1, options);
    const read = async (picture: string): Promise<object> => ({
      text: (await worker.recognize(picture)).data.text,
    });
    return { version: versionOf(installed.resolve('tesseract.js')), threads: 1, read };
  },
};

/** Of the package that a file belongs to. */
function versionOf(file: string): string {
  for (let at = path.dirname(file); at !== path.dirname(at); at = path.dirname(at)) {
    try {
      const text = readFileSync(path.join(at, 'package.json'), 'utf8');
      const { version } = JSON.parse(text) as { readonly version?: string };
      if (version !== undefined) return version;
    } catch {
      // Further up.
    }
  }
  return 'unknown';
}

async function main(): Promise<void> {
  const { version, threads: own, read } = await (OPENERS[name] as () => Promise<Opened>)();
  say({ ready: true, name, version, threads: own });
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, path: picture } = JSON.parse(line) as {
      readonly id: string;
      readonly path: string;
    };
    try {
      const begin = performance.now();
      const answer = await read(picture);
      say({ id, ...answer, seconds: (performance.now() - begin) / 1000 });
    } catch (error) {
      say({ id, error: String(error) });
    }
  }
  process.exit(0);
}

void main().catch((error: unknown) => {
  say({ error: String(error) });
  process.exitCode = 1;
});
