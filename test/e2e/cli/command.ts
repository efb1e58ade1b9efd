/** Runs the compiled command in a process of its own and gathers what it writes. No expectations live here. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../support/models.js';

export const MAIN = path.join(ROOT, 'lib', 'cli', 'main.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Settings {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

export function start(
  args: readonly string[],
  { env }: Settings = {},
): ChildProcessWithoutNullStreams {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run npm run build:ts`);
  const { PALIGEMMA_MODEL: _, NO_COLOR: __, ...inherited } = process.env;
  return spawn(process.execPath, [MAIN, ...args], { cwd: ROOT, env: { ...inherited, ...env } });
}

export function finish(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal !== null) reject(new Error(`ended by ${signal}: ${stderr}`));
      else resolve({ code, stdout, stderr });
    });
  });
}

/** `paligemma ARGS…`, to its end. */
export function paligemma(args: readonly string[], settings: Settings = {}): Promise<Finished> {
  const child = start(args, settings);
  // A command that fails early does not read its input.
  child.stdin.on('error', () => {});
  child.stdin.end(settings.stdin ?? '');
  return finish(child);
}

/** The values of JSON lines. */
export function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
