/** Every task of the registry is in every front, with the same arguments and options: methods, command line, documents. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { compareCommand } from '../../src/cli/commands/compare.js';
import { predictCommand } from '../../src/cli/commands/predict.js';
import { taskCommands } from '../../src/cli/commands/tasks.js';
import type { Context } from '../../src/cli/context.js';
import { PaliGemma } from '../../src/index.js';
import { REQUIRED } from '../../src/options/option.js';
import { TASKS, type Task } from '../../src/tasks/registry.js';
import { RESULT_SCHEMAS } from '../../src/wire/result-schemas.js';
import { ROOT } from '../support/models.js';

const context = {} as Context;
const commands: readonly Command[] = [
  ...taskCommands(context, () => {}),
  compareCommand(context, () => {}),
  predictCommand(context, () => {}),
];
const tasks: readonly (readonly [string, Task])[] = Object.entries(TASKS);
const documents = readFileSync(path.join(ROOT, 'docs', 'tasks.md'), 'utf8');

/** A command by its name or alias. */
function commandOf(name: string): Command | undefined {
  return commands.find((one) => [one.name(), ...one.aliases()].includes(name));
}

it('the command line has the tasks of the registry and no others', () => {
  const named = tasks.map(([name]) => commandOf(name));
  expect(new Set(named)).toEqual(new Set(commands));
  expect(named).not.toContain(undefined);
});

describe.each(tasks)('%s', (name, task) => {
  const all = { ...task.arguments, ...task.options };

  it('has no argument of the name of an option', () => {
    expect(Object.keys(all)).toHaveLength(
      Object.keys(task.arguments).length + Object.keys(task.options).length,
    );
  });

  it('is a method of the model', () => {
    expect(PaliGemma.prototype[name as keyof typeof TASKS]).toBeTypeOf('function');
  });

  it('is a command with the same arguments and options, of which the same must be given', () => {
    const command = commandOf(name);
    const flags = new Map(command?.options.map((one) => [one.attributeName(), one]));
    for (const [option, declaration] of Object.entries(all)) {
      if (['signal', 'function'].includes(declaration.kind) || declaration.cli === false) continue;
      const flag = flags.get('of' in declaration ? declaration.of : option);
      expect(flag, option).toBeDefined();
      expect([option, flag?.description.includes('required') ?? false]).toEqual([
        option,
        declaration.default === REQUIRED,
      ]);
    }
    expect(command?.summary()).toBe(task.summary);
    expect(command?.description()).toContain(task.description);
    expect(command?.options.some((one) => one.long === '--annotate')).toBe(true);
  });

  it('is in the documents, with its prompt and result', () => {
    const rows = documents.match(new RegExp(`^\\| \\[?\`${name}\`.*$`, 'gm')) ?? [];
    expect(rows.length).toBeGreaterThanOrEqual(2);
    const schema = JSON.stringify(RESULT_SCHEMAS[name as keyof typeof TASKS]);
    const [, , , result = ''] = rows[0]?.split(' | ').map((cell) => cell.replace(/ \|$/, '')) ?? [];
    for (const [, field] of result.matchAll(/`(\w+)`/g)) expect(schema).toContain(`"${field}"`);
  });
});

it('the registry loads neither the addon nor any package', () => {
  const registry = path.join(ROOT, 'lib', 'tasks', 'registry.js');
  const script = `
    require(${JSON.stringify(registry)});
    console.log(JSON.stringify(Object.keys(require.cache)));`;
  const loaded = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
  expect(loaded).toContain(registry);
  expect(loaded.filter((file: string) => /node_modules|\.node$/.test(file))).toEqual([]);
});
