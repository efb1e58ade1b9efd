// Clients written in Python: programs beside this file, each in an environment of its own below build/clients.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
export const FOLDER = path.join(ROOT, 'build', 'clients');

/** Runs `program` with `packages` as they are on PyPI. */
export function runPython(program, environment, packages, env = {}) {
  const folder = path.join(FOLDER, `python-${environment}`);
  run('python3', ['-m', 'venv', folder]);
  const python = path.join(folder, 'bin', 'python');
  run(python, ['-m', 'pip', 'install', '-qq', '--disable-pip-version-check', ...packages]);
  run(python, [path.join(import.meta.dirname, program)], env);
}

function run(command, args, env = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    ...{ stdio: 'inherit', env: { ...process.env, ...env } },
  });
  if (status !== 0) throw error ?? new Error(`${command} ended with ${signal ?? status}`);
}
