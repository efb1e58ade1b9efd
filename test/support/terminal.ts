/** Runs the compiled command on a terminal, a pseudo-terminal of `script`, as a person would. Needs the tool `script`. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT } from './models.js';

const MAIN = path.join(ROOT, 'lib', 'cli', 'main.js');

export interface TerminalSettings {
  /** Characters of a line; 80 when left out. */
  readonly columns?: number;
  /** Beside PATH and HOME and a TERM with colours: no other variable of this process reaches the command. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files that take the place of the terminal. */
  readonly stdout?: string;
  readonly stderr?: string;
}

/** `paligemma ARGS…` on a terminal. */
export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  /** Resolves to the exit code. */
  readonly ended: Promise<number | null>;
  #text = '';
  /** How much of the text an earlier `until` has passed. */
  #read = 0;
  #onText: () => void = () => {};

  constructor(args: readonly string[], settings: TerminalSettings = {}) {
    const { columns = 80, env = {}, stdout, stderr } = settings;
    const words = [process.execPath, MAIN, ...args].map(quoted).join(' ');
    const files = [stdout && `>${quoted(stdout)}`, stderr && `2>${quoted(stderr)}`];
    const line = ['stty cols', columns, '&& exec', words, ...files].filter(Boolean).join(' ');
    const { PATH, HOME } = process.env;
    this.#child = spawn('script', scriptArguments(line), {
      cwd: ROOT,
      env: { PATH, HOME, TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    });
    this.#child.stdin.on('error', () => {});
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#onText();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => {
        resolve(code);
        this.#onText();
      });
    });
  }

  /** All that the terminal was sent. */
  get text(): string {
    return this.#text.replaceAll('\r\n', '\n');
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Waits for text after that of the last `until`, and returns what came up to its end. Rejects when the command ends without. */
  async until(pattern: RegExp): Promise<string> {
    let isOver = false;
    void this.ended.then(() => {
      isOver = true;
    });
    for (;;) {
      const rest = this.#text.slice(this.#read);
      const found = pattern.exec(rest);
      if (found) {
        const end = found.index + found[0].length;
        this.#read += end;
        return rest.slice(0, end);
      }
      if (isOver) throw new Error(`ended without ${pattern}: ${rest}`);
      await new Promise<void>((resolve) => {
        this.#onText = resolve;
      });
    }
  }
}

/** `paligemma ARGS…` on a terminal, to its end. */
export async function onTerminal(
  args: readonly string[],
  settings?: TerminalSettings,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const terminal = new Terminal(args, settings);
  const code = await terminal.ended;
  return { code, text: terminal.text };
}

/** That of util-linux takes a line, that of BSD a command. */
function scriptArguments(line: string): readonly string[] {
  return process.platform === 'linux'
    ? ['--quiet', '--return', '--flush', '--command', line, '/dev/null']
    : ['-q', '/dev/null', '/bin/sh', '-c', line];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
