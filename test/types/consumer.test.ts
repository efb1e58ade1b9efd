/** A program that has installed the package compiles with every check on, our declarations included, and without peers. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { ROOT } from '../support/models.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}

it.each([
  ['node16', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
  ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
  ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  // Without `exports`, as many programs still have it.
  ['node10', ts.ModuleKind.CommonJS, ts.ModuleResolutionKind.Node10],
] as const)('with moduleResolution %s', { timeout: 120_000 }, (_, module, moduleResolution) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-types-'));
  try {
    const installed = path.join(folder, 'node_modules', 'node-paligemma');
    mkdirSync(path.join(folder, 'node_modules', '@types'), { recursive: true });
    cpSync(path.join(ROOT, 'lib'), path.join(installed, 'lib'), {
      recursive: true,
      filter: (file) => !path.extname(file) || file.endsWith('.d.ts'),
    });
    cpSync(path.join(ROOT, 'package.json'), path.join(installed, 'package.json'));
    const { dependencies, exports } = JSON.parse(
      readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
    ) as Manifest;
    // Types of Node are what every program in TypeScript has; nothing else is installed but our own dependencies.
    for (const name of [...Object.keys(dependencies), '@types/node']) {
      mkdirSync(path.dirname(path.join(folder, 'node_modules', name)), { recursive: true });
      symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
    }
    const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
    const program = path.join(folder, 'program.ts');
    writeFileSync(
      program,
      entries
        .map(
          (entry, i) =>
            `export * as entry${i} from '${path.posix.join('node-paligemma', entry)}';\n`,
        )
        .join(''),
    );
    const compiled = ts.createProgram([program], {
      ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false },
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
      types: ['node'],
      typeRoots: [path.join(folder, 'node_modules', '@types')],
      module,
      moduleResolution,
    });
    const ours = compiled
      .getSourceFiles()
      .filter(({ fileName }) => fileName.includes('node-paligemma/lib'));
    expect(ours.length).toBeGreaterThan(30);
    expect(
      ts
        .getPreEmitDiagnostics(compiled)
        .map(
          ({ file, messageText }) =>
            `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
        ),
    ).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
