// Roboflow's Python client and two releases of supervision, as they are on PyPI, in environments of their own below
// build/clients. URL_OF, KEY and PICTURE are those of run.mjs.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
/** The client does not install beside the newest supervision. */
const ENVIRONMENTS = {
  client: ['inference-sdk==1.8.3', 'supervision==0.30.9'],
  newest: ['supervision==0.31.2'],
};
const answers = path.join(ROOT, 'build', 'clients', 'roboflow-answers.json');

function run(command, args, env = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    ...{ stdio: 'inherit', env: { ...process.env, ...env } },
  });
  if (status !== 0) throw error ?? new Error(`${command} ended with ${signal ?? status}`);
}

for (const [name, packages] of Object.entries(ENVIRONMENTS)) {
  const folder = path.join(ROOT, 'build', 'clients', `python-${name}`);
  run('python3', ['-m', 'venv', folder]);
  const python = path.join(folder, 'bin', 'python');
  run(python, ['-m', 'pip', 'install', '-qq', '--disable-pip-version-check', ...packages]);
  const program = path.join(import.meta.dirname, 'roboflow.py');
  run(python, [program], name === 'client' ? { WRITE: answers } : { ANSWERS: answers });
}
