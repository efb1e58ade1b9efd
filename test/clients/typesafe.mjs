// TypeSafe's Python client, as it is on PyPI. URL_OF, KEY and PICTURE are those of run.mjs.
import { runPython } from './python.mjs';

runPython('typesafe.py', 'typesafe', ['typesafe-sdk==0.7.5']);
