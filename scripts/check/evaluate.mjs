// Values of src as a program would see them, without building lib: a file and what it imports at once, each compiled by
// itself, so that it takes no second.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { importsOf, read } from './sources.mjs';

/** What each of these files of src exports. */
export function evaluated(root, ...entries) {
  // As deep as lib is, beside a package.json as well: files are looked for relative to both.
  const made = path.join(root, 'build', 'check', 'lib');
  fs.rmSync(path.dirname(made), { recursive: true, force: true });
  const target = (one) => path.join(made, one.slice('src/'.length).replace(/\.ts$/, '.js'));
  const files = new Set(entries);
  for (const one of files) {
    fs.mkdirSync(path.dirname(target(one)), { recursive: true });
    if (one.endsWith('.json')) {
      fs.copyFileSync(path.join(root, one), target(one));
      continue;
    }
    fs.writeFileSync(target(one), compiled(read(root, one)));
    for (const { to, typeOnly, lazy } of importsOf(root, one)) {
      if (typeOnly || lazy || !to?.startsWith('.')) continue;
      files.add(path.posix.join(path.posix.dirname(one), to).replace(/\.js$/, '.ts'));
    }
  }
  fs.copyFileSync(path.join(root, 'package.json'), path.join(made, '..', 'package.json'));
  return entries.map((one) => createRequire(import.meta.url)(target(one)));
}

const compiled = (text) =>
  ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
    },
  }).outputText;
