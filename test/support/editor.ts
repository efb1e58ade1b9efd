/** What an editor knows of this package, from lib's declarations. */
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from './models.js';

export const LIB = path.join(ROOT, 'lib', 'index.d.ts');
/** The file that is open. It need not exist. */
export const EDITED = path.join(ROOT, 'lib', 'edited.ts');

/** A language service over a file of that text, as an editor has one that is open in the package's folder. */
export function openEditor(text: string): ts.LanguageService {
  const snapshotOf = (file: string) => (file === EDITED ? text : ts.sys.readFile(file));
  return ts.createLanguageService({
    getScriptFileNames: () => [EDITED],
    getScriptVersion: () => '1',
    getScriptSnapshot: (file) => {
      const found = snapshotOf(file);
      return found === undefined ? undefined : ts.ScriptSnapshot.fromString(found);
    },
    getCurrentDirectory: () => ROOT,
    getCompilationSettings: () => ({
      ...{ strict: true, skipLibCheck: true, types: [] },
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
    }),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (file) => file === EDITED || ts.sys.fileExists(file),
    readFile: snapshotOf,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
}
