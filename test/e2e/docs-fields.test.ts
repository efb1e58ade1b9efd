/** The pages on the API name every field of every type that a call returns. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { ROOT } from '../support/models.js';

/** What a caller passes in: the generated tables of options list these. */
const INPUT = /Options$|^(ModelSource|VideoTask|VideoInput|SharpPipeline|RawPixels|RgbaPixels)$/;

/** Public fields of a type of ours, those of its parts and of each member of a union; methods are no fields. */
function fieldsOf(checker: ts.TypeChecker, type: ts.Type, seen = new Set<ts.Type>()): string[] {
  if (seen.has(type)) return [];
  seen.add(type);
  if (type.isUnion()) return type.types.flatMap((member) => fieldsOf(checker, member, seen));
  const element = checker.getIndexTypeOfType(type, ts.IndexKind.Number);
  if (element !== undefined) return fieldsOf(checker, element, seen);
  return checker.getPropertiesOfType(type).flatMap((property) => {
    const [declaration] = property.getDeclarations() ?? [];
    const file = declaration?.getSourceFile().fileName ?? '';
    if (declaration === undefined || !file.startsWith(path.join(ROOT, 'src'))) return [];
    if (!ts.isPropertySignature(declaration) && !ts.isPropertyDeclaration(declaration)) return [];
    if (ts.isPrivateIdentifier(declaration.name)) return [];
    const value = checker.getTypeOfSymbolAtLocation(property, declaration);
    if (value.getCallSignatures().length > 0) return [property.name];
    return [property.name, ...fieldsOf(checker, value, seen)];
  });
}

function documentedTypes(): Map<string, readonly string[]> {
  const index = path.join(ROOT, 'src', 'index.ts');
  const config = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const program = ts.createProgram([index], { ...options, incremental: false, noEmit: true });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(index) as ts.SourceFile);
  const types = new Map<string, readonly string[]>();
  for (const exported of checker.getExportsOfModule(module as ts.Symbol)) {
    const symbol =
      exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const isType = ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class;
    if (!(symbol.flags & isType) || INPUT.test(exported.name)) continue;
    types.set(exported.name, [
      ...new Set(fieldsOf(checker, checker.getDeclaredTypeOfSymbol(symbol))),
    ]);
  }
  return types;
}

it('docs/api.md and docs/tasks.md name every field of every exported type of a result', () => {
  const pages = ['api', 'tasks', 'errors', 'conversion'].map((name) =>
    readFileSync(path.join(ROOT, 'docs', `${name}.md`), 'utf8'),
  );
  // Names in prose and in tables; those in a block of code explain nothing.
  const prose = pages.join('\n').replace(/^( *)```[\s\S]*?^\1```$/gm, '');
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '').join('\n');
  const types = documentedTypes();
  // The compiler found the types at all.
  expect(types.get('Prediction')).toContain('finishReason');
  expect(types.get('DetectResult')).toContain('xmin');
  const missing = [...types].flatMap(([type, fields]) =>
    fields
      .filter((field) => !new RegExp(`\\b${field.replaceAll('$', '\\$')}\\b`).test(spans))
      .map((field) => `${type}.${field}`),
  );
  expect(missing).toEqual([]);
});
