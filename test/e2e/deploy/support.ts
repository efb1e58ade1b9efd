/** Programs that work with a live server, for as long as a test runs. No expectations live here. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { ROOT } from '../../support/models.js';
import { findProgram } from '../../support/tools.mjs';

/** A file of deploy/ with what a test has otherwise; each of `changes` must be in it. */
export function deployed(file: string, changes: Readonly<Record<string, string>> = {}): string {
  let text = readFileSync(path.join(ROOT, 'deploy', file), 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** A program of tools.mjs that runs until the test ends; what it says is in the error when it ends before. */
export function background(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(findProgram(program) ?? program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, isOver] = ['', false];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      said += data;
    });
  }
  child.once('exit', (code, signal) => {
    if (!isOver) throw new Error(`${program} ended with ${code ?? signal}: ${said}`);
  });
  onTestFinished(async () => {
    isOver = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  return child;
}

/** A port that was free a moment ago, for programs that do not tell which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
