/** Copies of this package whose binary does not load, each for a real reason, and what a program sees of it. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from './models.js';

export interface Failure {
  readonly name: string;
  readonly code: string;
  readonly failure: string;
  readonly message: string;
  readonly hint: string;
  readonly tried: readonly { readonly file: string; readonly reason: string }[];
}

/** The compiled package without any binary. */
export class BrokenPackage {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), 'paligemma-broken-')));

  constructor() {
    cpSync(path.join(ROOT, 'lib'), path.join(this.root, 'lib'), { recursive: true });
    for (const name of ['package.json', 'CMakeLists.txt'])
      copyFileSync(path.join(ROOT, name), path.join(this.root, name));
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(this.root, 'node_modules'), 'junction');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** What a tool leaves that copies only the files that it sees the program read. */
  trace(): void {
    rmSync(path.join(this.root, 'CMakeLists.txt'));
  }

  /** Where the binary of this platform belongs. */
  get prebuilt(): string {
    const folder = path.join(this.root, 'prebuilds', `${process.platform}-${process.arch}`);
    mkdirSync(folder, { recursive: true });
    return path.join(folder, 'paligemma.glibc.node');
  }

  /** The binary that this repository's build made. */
  installBuilt(): void {
    const folder = path.join(this.root, 'build', 'Release');
    mkdirSync(folder, { recursive: true });
    const name = 'paligemma.node';
    copyFileSync(path.join(ROOT, 'build', 'Release', name), path.join(folder, name));
  }

  /**
   * A library as binary that needs another one named `needs`, with symbols of version `version`. What it needs is not
   * there when it is loaded, or there without that version.
   */
  installNeeding(needs: string, version?: string): void {
    const work = path.join(this.root, 'work');
    mkdirSync(work, { recursive: true });
    const compile = (name: string, source: string, ...flags: string[]): void => {
      writeFileSync(path.join(work, 'x.c'), source);
      execFileSync('c++', ['-x', 'c', '-shared', '-fPIC', '-o', name, 'x.c', ...flags], {
        cwd: work,
      });
    };
    const library = path.join(work, needs);
    const soname = `-Wl,-soname,${needs}`;
    if (version !== undefined)
      writeFileSync(path.join(work, 'map'), `${version} { global: f; };\n`);
    const map = version === undefined ? [] : ['-Wl,--version-script=map'];
    compile(needs, 'int f(void) { return 1; }', soname, ...map);
    const link = ['-x', 'none', library, '-Wl,-rpath,$ORIGIN'];
    compile(this.prebuilt, 'int f(void); int g(void) { return f(); }', ...link);
    if (version === undefined) return;
    writeFileSync(path.join(work, 'map'), 'OLDER { global: f; };\n');
    compile(
      path.join(path.dirname(this.prebuilt), needs),
      'int f(void) { return 1; }',
      soname,
      ...map,
    );
  }

  /** The repository's binary as if made for another processor. */
  installForeign(): void {
    const bytes = readFileSync(path.join(ROOT, 'build', 'Release', 'paligemma.node'));
    bytes.writeUInt16LE(process.arch === 'x64' ? 0xb7 : 0x3e, 18);
    writeFileSync(this.prebuilt, bytes);
  }

  /** What `require` and the first call throw, in a process of its own. */
  failure(...flags: readonly string[]): Failure {
    const program = `
      try { require(${JSON.stringify(this.root)}).devices(); console.log('{}'); }
      catch (e) { console.log(JSON.stringify({ ...e, name: e.name, message: e.message })); }`;
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', program], {
      encoding: 'utf8',
      cwd: this.root,
    });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Failure;
  }
}
