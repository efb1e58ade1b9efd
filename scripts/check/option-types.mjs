// src/options/types.ts is made of the declarations beside it: the types of all options (src/options/all.ts lists them), with the text,
// range, unit and default of each, which editors show. With --fix it is written.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from '../lib.mjs';

const LIST = path.join(ROOT, 'src', 'options', 'all.ts');
const WORDS = path.join(ROOT, 'src', 'options', 'describe.ts');
const TARGET = path.join(ROOT, 'src', 'options', 'types.ts');
const MADE = path.join(ROOT, 'build', 'option-types');
const WIDTH = 116;

/** The declarations as TypeScript sees them; only what they import is read. */
function openProgram() {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  return ts.createProgram([LIST, WORDS], {
    ...options,
    ...{ outDir: MADE, incremental: false, declaration: false, declarationMap: false },
    ...{ sourceMap: false, tsBuildInfoFile: undefined },
  });
}

/** OPTION_TYPES as values, and the functions that put them into words: what lib would hold, which need not be built. */
function evaluate(program) {
  fs.rmSync(MADE, { recursive: true, force: true });
  program.emit();
  const require = createRequire(import.meta.url);
  const load = (name) => require(path.join(MADE, 'options', `${name}.js`));
  return { sets: load('all').OPTION_TYPES, description: load('describe').description };
}

/** By type and option: how its type is written, and whether it may be left out. */
function typesOf(program, imports) {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(LIST);
  const printer = ts.createPrinter({ removeComments: true });
  const inputs = file.statements.find(
    (one) => ts.isTypeAliasDeclaration(one) && one.name.text === 'Inputs',
  );
  const flags =
    ts.NodeBuilderFlags.NoTruncation | ts.NodeBuilderFlags.UseAliasDefinedOutsideCurrentScope;
  return (set, option) => {
    const properties = checker.getTypeAtLocation(inputs).getProperty(set);
    const property = checker.getTypeOfSymbol(properties).getProperty(option);
    const node = checker.typeToTypeNode(checker.getTypeOfSymbol(property), undefined, flags);
    noteImports(node, imports, program);
    return {
      type: printer.printNode(ts.EmitHint.Unspecified, node, file),
      isOptional: (property.flags & ts.SymbolFlags.Optional) !== 0,
    };
  };
}

/** On nodes that the compiler has made; its own declarations leave it out. */
const symbolOf = (name) => name.symbol;

/** Adds the names in `node` that a file of src exports to `imports`, each with its file. */
function noteImports(node, imports, program) {
  const src = path.join(ROOT, 'src') + path.sep;
  const visit = (child) => {
    if (ts.isTypeReferenceNode(child) && ts.isIdentifier(child.typeName)) {
      const home = symbolOf(child.typeName)?.declarations?.[0]?.getSourceFile();
      if (
        home &&
        path.normalize(home.fileName) !== TARGET &&
        program.getSourceFile(home.fileName) &&
        path.normalize(home.fileName).startsWith(src)
      ) {
        const from = path.relative(path.dirname(TARGET), home.fileName).replaceAll(path.sep, '/');
        const module = (from.startsWith('.') ? from : `./${from}`).replace(/\.ts$/, '.js');
        imports.set(module, (imports.get(module) ?? new Set()).add(child.typeName.text));
      }
    }
    ts.forEachChild(child, visit);
  };
  visit(node);
}

/** The groups that a type extends, largest first: those whose options it has all, none twice. */
function groupsOf(name, sets) {
  const left = new Map(Object.entries(sets[name].declarations));
  const groups = [];
  const bySize = Object.entries(sets)
    .filter(([other, { isGroup }]) => isGroup && other !== name)
    .sort(
      ([, a], [, b]) => Object.keys(b.declarations).length - Object.keys(a.declarations).length,
    );
  for (const [other, { declarations }] of bySize) {
    const entries = Object.entries(declarations);
    if (!entries.every(([option, one]) => left.get(option) === one)) continue;
    groups.push(other);
    for (const [option] of entries) left.delete(option);
  }
  return { groups, own: [...left.keys()] };
}

function comment(text, indent) {
  const lines = [''];
  for (const word of text.replaceAll('*/', '*\\/').split(' ')) {
    const line = lines[lines.length - 1];
    if (line !== '' && line.length + word.length > WIDTH - indent.length - 3) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  if (lines.length === 1) return `${indent}/** ${text} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

function write(program, sets, description) {
  const imports = new Map();
  const typeOf = typesOf(program, imports);
  const parts = Object.entries(sets).map(([name, { of, declarations }]) => {
    const { groups, own } = groupsOf(name, sets);
    const head = comment(`Options of ${of}.`, '');
    if (own.length === 0 && groups.length === 1)
      return `${head}export type ${name} = ${groups[0]};\n`;
    const fields = own.map((option) => {
      const { type, isOptional } = typeOf(name, option);
      return `${comment(description(declarations[option]), '  ')}  readonly ${option}${isOptional ? '?' : ''}: ${type};\n`;
    });
    const base = groups.length > 0 ? ` extends ${groups.join(', ')}` : '';
    return `${head}export interface ${name}${base} {\n${fields.join('')}}\n`;
  });
  const lines = [...imports].map(
    ([module, names]) => `import type { ${[...names].sort().join(', ')} } from '${module}';\n`,
  );
  const text = `/** Made by npm run format from the declarations beside this file (all.ts); do not edit. */\n${lines.sort().join('')}\n${parts.join('\n')}`;
  return formatted(text);
}

function formatted(text) {
  const biome = path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const args = [biome, 'check', '--write', `--stdin-file-path=${path.relative(ROOT, TARGET)}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    ...{ cwd: ROOT, input: text, encoding: 'utf8' },
  });
  if (status !== 0) throw new Error(`Biome cannot format the types of the options: ${stderr}`);
  return stdout;
}

export function optionTypes({ fix }) {
  const program = openProgram();
  const { sets, description } = evaluate(program);
  const wrong = textless(sets);
  if (wrong.length > 0) return wrong;
  const text = write(program, sets, description);
  if (fs.existsSync(TARGET) && fs.readFileSync(TARGET, 'utf8') === text) return [];
  if (!fix)
    return ['src/options/types.ts is not what the declarations beside it say: run npm run format'];
  fs.writeFileSync(TARGET, text);
  return [];
}

/** Sentences about options whose text cannot be shown. */
function textless(sets) {
  const options = Object.entries(sets).flatMap(([name, { declarations }]) =>
    Object.entries(declarations).map(([option, { doc }]) => ({ name, option, doc })),
  );
  return options.flatMap(({ name, option, doc }) => {
    if (doc.trim() === '')
      return [`option ${option} of ${name} has no text: write its \`doc\` in src/options`];
    return doc.endsWith('.')
      ? [`the text of option ${option} of ${name} ends with a full stop: remove it`]
      : [];
  });
}
