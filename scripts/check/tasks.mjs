// Every task of src/tasks/registry.ts is in every front: methods, command line, HTTP, documents, and the tests' samples.
import ts from 'typescript';
import { evaluated } from './evaluate.mjs';
import { filesIn, keysOf, read, syntaxTree, walk } from './sources.mjs';

const REGISTRY = 'src/tasks/registry.ts';

/** The fronts: what a task is called there, where the names are found, and where a missing one belongs. */
const PLACES = [
  {
    what: 'method',
    files: () => ['src/paligemma.ts', 'src/model.ts'],
    names: (tree) => methods(tree),
    belongs: 'class PaliGemma of src/paligemma.ts',
  },
  {
    what: 'command',
    files: (root) => filesIn(root, ['src/cli/commands'], /\.ts$/),
    names: (tree) => [...keysOf(tree, 'ROWS'), ...members(tree, 'TASKS')],
    belongs: 'ROWS of src/cli/commands/tasks.ts, or in a file of its own beside it',
  },
  {
    what: 'sample, with which the tests run it',
    files: () => ['test/support/task-samples.ts'],
    names: (tree) => keysOf(tree, 'SAMPLES'),
    belongs: 'SAMPLES of test/support/task-samples.ts',
  },
];

export function tasks({ root }) {
  const names = keysOf(syntaxTree(root, REGISTRY), 'TASKS');
  if (names.length === 0) return [`${REGISTRY}: no tasks found; they belong in its TASKS`];
  const sentences = [];
  for (const { what, files, names: named, belongs } of PLACES) {
    const found = new Set(files(root).flatMap((file) => named(syntaxTree(root, file))));
    for (const name of names) {
      if (!found.has(name))
        sentences.push(`the task ${name} has no ${what}: it belongs in ${belongs}`);
    }
  }
  // As /openapi.json has it, which is compared with the routes by the tests.
  const [{ FACES }, { pathOf }] = evaluated(
    root,
    ...['src/server/plugin.ts', 'src/server/faces/typed-schema.ts'],
  );
  for (const name of names) {
    if (FACES.some(({ paths }) => Object.hasOwn(paths, pathOf(name)))) continue;
    sentences.push(`the task ${name} has no route: it belongs in src/server/faces/typed.ts`);
  }
  const documents = ['docs/api.md', 'docs/tasks.md'].map((file) => read(root, file)).join('\n');
  for (const name of names) {
    if (new RegExp(`\\b${name}\\(|\`${name}\``).test(documents)) continue;
    sentences.push(`the task ${name} is in no document: it belongs in docs/tasks.md`);
  }
  return sentences;
}

/** What is read of the constant `name`: `compare` of `TASKS.compare`. */
function members(tree, name) {
  const found = [];
  walk(tree, (node) => {
    const isMember = ts.isPropertyAccessExpression(node) && node.expression.getText(tree) === name;
    if (isMember) found.push(node.name.text);
  });
  return found;
}

function methods(tree) {
  const found = [];
  walk(tree, (node) => {
    if (ts.isMethodDeclaration(node)) found.push(node.name.getText(tree));
  });
  return found;
}
