/**
 * Runs the converter in a process of its own, to be killed or measured. The sources are transpiled, not type-checked, into
 * the ignored `.cache`, so that these tests need no build and never see a stale one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import type { ConvertOptions } from '../../src/options/types.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
// One level below the root, like lib/: binding.ts finds the addon from where it is.
const OUT = path.join(ROOT, '.cache');

let built = false;

function build(): void {
  if (built) return;
  built = true;
  const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  for (const name of sources.filter((each) => each.endsWith('.ts'))) {
    const source = readFileSync(path.join(ROOT, 'src', name), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        esModuleInterop: true,
      },
    });
    const file = path.join(OUT, name.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, outputText);
    renameSync(`${file}.${process.pid}`, file); // another test process may read it at this moment
  }
}

const SCRIPT = `
const [module, text, pauseAt] = process.argv.slice(1);
const { convert } = require(module);
const options = JSON.parse(text);
options.onProgress = ({ stage, tensor, done, total }) => {
  process.stdout.write(stage + ' ' + done + '\\n');
  if (stage === 'write' && done > Number(pauseAt) * total) {
    process.stdout.write('paused\\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20000);
  }
};
convert(options).then(
  (report) => process.stdout.write('report ' + JSON.stringify({ bytes: report.bytes, maxRssKb: process.resourceUsage().maxRSS }) + '\\n'),
  (error) => { process.stdout.write('error ' + error.code + ' ' + error.message + '\\n'); process.exitCode = 1; },
);
`;

export interface ConvertChild {
  readonly process: ChildProcess;
  /** Resolves with the first line that starts with `word`; rejects when the process ends without one. */
  line(word: string): Promise<string>;
  readonly ended: Promise<number | null>;
}

/** `pauseAt`: the part of the output after which the child stops for 20 s; 2: never. */
export function convertInChild(
  options: ConvertOptions,
  { pauseAt = 2, nodeFlags = [] }: { pauseAt?: number; nodeFlags?: readonly string[] } = {},
): ConvertChild {
  build();
  const module = path.join(OUT, 'convert', 'convert.js');
  const child = spawn(
    process.execPath,
    [...nodeFlags, '-e', SCRIPT, module, JSON.stringify(options), String(pauseAt)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const line = async (word: string): Promise<string> => {
    const find = () =>
      text
        .split('\n')
        .slice(0, -1)
        .find((l) => l.startsWith(word));
    let over = false;
    void ended.then(() => {
      over = true;
    });
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (over) throw new Error(`the child ended without "${word}": ${text.slice(-300)} ${errors}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { process: child, line, ended };
}
