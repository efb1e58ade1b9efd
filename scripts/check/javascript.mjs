// The JavaScript of scripts/tsconfig.json against the types of what it calls, as strictly as code without types can be
// checked. What it imports from lib has the types of src: lib may be missing or older, so it is hidden, and the compiler looks
// in the other of `rootDirs`. Errors in src are left to its own check: it is written for stricter rules, without which the
// compiler narrows less.
import path from 'node:path';
import ts from 'typescript';
import { say } from '../lib.mjs';

export function javascript({ root }) {
  const { config, error } = ts.readConfigFile(
    path.join(root, 'scripts', 'tsconfig.json'),
    ts.sys.readFile,
  );
  if (error) return [ts.flattenDiagnosticMessageText(error.messageText, '\n')];
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(
    config,
    ts.sys,
    path.join(root, 'scripts'),
  );
  const isIn = (folder, file) => !path.relative(path.join(root, folder), file).startsWith('..');
  const host = ts.createCompilerHost(options);
  const { fileExists } = host;
  host.fileExists = (file) => !isIn('lib', file) && fileExists(file);
  const program = ts.createProgram(fileNames, options, host);
  const own = program
    .getSourceFiles()
    .filter(({ fileName }) => !isIn('src', fileName) && !fileName.includes('/node_modules/'));
  const found = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...own.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  if (found.length === 0) return [];
  say(
    ts.formatDiagnostics(found, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => root,
      getNewLine: () => '\n',
    }),
  );
  return ['a file does not fit the types of what it calls, see above'];
}
