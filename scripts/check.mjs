// What every change has to pass: one file each in scripts/check. Each returns a sentence per violation, which says where
// the thing belongs. With --fix: formats, draws and lowers what can be, instead of complaining. Names of checks as
// arguments run those alone: `npm run check -- arrows sizes`.
import { arrows } from './check/arrows.mjs';
import { commandWords } from './check/command-words.mjs';
import { documents } from './check/documents.mjs';
import { exportsUsed } from './check/exports.mjs';
import { format } from './check/format.mjs';
import { javascript } from './check/javascript.mjs';
import { notices } from './check/notices.mjs';
import { optionTypes } from './check/option-types.mjs';
import { packageFiles } from './check/package.mjs';
import { sizes } from './check/sizes.mjs';
import { strays } from './check/strays.mjs';
import { tasks } from './check/tasks.mjs';
import { tests } from './check/tests.mjs';
import { texts } from './check/texts.mjs';
import { types } from './check/types.mjs';
import { words } from './check/words.mjs';
import { fail, ROOT, say } from './lib.mjs';

const CHECKS = {
  format,
  types,
  javascript,
  notices,
  'option-types': optionTypes,
  texts,
  arrows,
  exports: exportsUsed,
  'command-words': commandWords,
  sizes,
  tasks,
  tests,
  documents,
  package: packageFiles,
  strays,
  words,
};

const fix = process.argv.includes('--fix');
const names = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const unknown = names.find((name) => !Object.hasOwn(CHECKS, name));
if (unknown !== undefined) {
  fail(`there is no check "${unknown}", expected one of ${Object.keys(CHECKS).join(', ')}`);
}

let failures = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const sentences = check({ root: ROOT, fix });
  for (const sentence of sentences) say(`${name}: ${sentence}`);
  failures += sentences.length;
}
if (failures > 0) process.exit(1);
