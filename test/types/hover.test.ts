/** What an editor shows of the package: every option of every exported options type has its text, seen from lib's declarations. */
import ts from 'typescript';
import { expect, it } from 'vitest';
import { OPTION_TYPES } from '../../src/options/all.js';
import { description } from '../../src/options/describe.js';
import type { Declarations } from '../../src/options/option.js';
import { EDITED, LIB, openEditor } from '../support/editor.js';

/** Every exported type of options with the names of its members. */
function exportedOptions(): Map<string, string[]> {
  const program = openEditor(`export * from './index.js';\n`).getProgram();
  const checker = program?.getTypeChecker();
  const file = program?.getSourceFile(LIB);
  const symbol = file && checker?.getSymbolAtLocation(file);
  const all = symbol && checker ? checker.getExportsOfModule(symbol) : [];
  const found = new Map<string, string[]>();
  for (const one of all) {
    if (!one.name.endsWith('Options') || checker === undefined) continue;
    const type = checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(one));
    found.set(
      one.name,
      type.getProperties().map(({ name }) => name),
    );
  }
  return found;
}

const exported = exportedOptions();

/** One file that reads every option of every type, and what an editor shows at each: by type, then option. */
function hoversOf(types: ReadonlyMap<string, readonly string[]>) {
  const reads = [...types].flatMap(([type, options]) =>
    options.map((option) => ({ type, option, text: `((o: ${type}) => o.${option})(options);\n` })),
  );
  const head = `import type { ${[...types.keys()].join(', ')} } from './index.js';\ndeclare const options: never;\n`;
  const editor = openEditor(head + reads.map(({ text }) => text).join(''));
  const found: Record<string, Record<string, string>> = {};
  let at = head.length;
  for (const { type, option, text } of reads) {
    const info = editor.getQuickInfoAtPosition(EDITED, at + text.indexOf(`o.${option}`) + 2);
    const shown = ts.displayPartsToString(info?.documentation).replaceAll(/\s+/g, ' ');
    found[type] = { ...found[type], [option]: shown };
    at += text.length;
  }
  return found;
}

const hovers = hoversOf(exported);

it('every set of options of a method is exported, but for the groups it is made of', () => {
  const methods = Object.entries(OPTION_TYPES).filter(([, { isGroup }]) => !isGroup);
  expect([...exported.keys()]).toEqual(expect.arrayContaining(methods.map(([name]) => name)));
  expect(Object.keys(OPTION_TYPES)).toEqual(expect.arrayContaining([...exported.keys()]));
});

it.each([...exported.keys()])(
  'hovering over an option of %s shows its text, range and default',
  (type) => {
    const { declarations } = OPTION_TYPES[type as keyof typeof OPTION_TYPES];
    const texts = Object.entries<Declarations[string]>(declarations).map(
      ([option, declaration]) => [option, description(declaration)],
    );
    expect(hovers[type]).toEqual(Object.fromEntries(texts));
  },
);

it('every text begins as a sentence does, but for the names of files', () => {
  const texts = Object.values(hovers).flatMap((options) => Object.values(options));
  expect(texts.filter((text) => !/^(?:[A-Z]|[a-z-]+\.[a-z]+)/.test(text))).toEqual([]);
});
