/** `paligemma serve` in a process of its own, for as long as a test runs. No expectations live here. */
import { onTestFinished, vi } from 'vitest';
import { SHAPES } from '../../support/server.js';
import { finish, start } from '../cli/command.js';

/** Is there once it has printed its line that works. */
export async function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = start(['serve', '--port', '0', ...args], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data;
  });
  const finished = finish(child);
  // Those that a test does not await are killed at its end.
  finished.catch(() => {});
  await vi.waitFor(() => {
    if (!stderr.includes('try it: ')) throw new Error(`it does not listen: ${stderr}`);
  }, 20_000);
  const url = /listening on (\S+)/.exec(stderr)?.[1] ?? '';
  const post = (route: string, headers: Record<string, string> = {}) =>
    fetch(url + route, { method: 'POST', body: SHAPES, headers });
  return { child, finished, url, post, stderr: () => stderr };
}
