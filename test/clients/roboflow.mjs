// Roboflow's Python client and two releases of supervision, as they are on PyPI. URL_OF, KEY and PICTURE are those of run.mjs.
import path from 'node:path';
import { FOLDER, runPython } from './python.mjs';

/** The client does not install beside the newest supervision. */
const ENVIRONMENTS = {
  client: ['inference-sdk==1.8.3', 'supervision==0.30.9'],
  newest: ['supervision==0.31.2'],
};
const answers = path.join(FOLDER, 'roboflow-answers.json');

for (const [name, packages] of Object.entries(ENVIRONMENTS)) {
  runPython(
    ...['roboflow.py', name, packages],
    name === 'client' ? { WRITE: answers } : { ANSWERS: answers },
  );
}
