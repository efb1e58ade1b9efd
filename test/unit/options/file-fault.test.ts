import { symlinkSync } from 'node:fs';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileFault } from '../../../src/options/file-fault.js';
import { folderWith } from '../../support/folder.js';
import { onlyWhere } from '../../support/needs.js';

const POSIX = onlyWhere(process.platform !== 'win32', "POSIX's errors of files");

describe('fileFault', () => {
  const faultOf = (work: Promise<unknown>) => work.then(() => 'none', fileFault);

  it('says what the system refuses without its codes', POSIX, async () => {
    const folder = folderWith(['file', 'inner/x']);
    const at = (...names: string[]) => path.join(folder, ...names);
    symlinkSync(at('loop'), at('loop'));
    expect(await faultOf(readFile(at('missing')))).toBe('it does not exist');
    expect(await faultOf(readFile(at('inner')))).toBe('it is a folder, expected a file');
    expect(await faultOf(mkdir(at('file')))).toBe('a file of that name is there already');
    expect(await faultOf(readdir(at('file')))).toBe('it is a file, expected a folder');
    const within = 'a part of its path is a file, expected a folder';
    expect(await faultOf(readFile(at('file', 'x')))).toBe(within);
    expect(await faultOf(mkdir(at('file', 'x', 'y'), { recursive: true }))).toBe(within);
    expect(await faultOf(open(at('loop')))).toBe('its links lead in a circle');
    expect(await faultOf(open(at('x'.repeat(5000))))).toBe('the path is too long');
  });

  it('passes on what it does not know', () => {
    expect(fileFault(new Error('the tape is torn'))).toBe('the tape is torn');
    expect(fileFault('nothing at all')).toBe('"nothing at all"');
    expect(fileFault(undefined)).toBe('undefined');
  });
});
