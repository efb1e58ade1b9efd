/** What arguments stand for: files, folders, patterns, lists, standard input; what is missing; what comes twice. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { expand, type Input, type InputOptions } from '../../../../src/cli/batch/inputs.js';
import { LeftOut } from '../../../../src/cli/batch/left-out.js';
import { linesOf } from '../../../../src/runs/lines.js';
import { all, folderWith } from '../../../support/folder.js';

const options = (given: Partial<InputOptions> = {}): InputOptions => ({
  recursive: false,
  leftOut: new LeftOut(),
  stdin: () => {
    throw new Error('standard input was not asked for');
  },
  signal: new AbortController().signal,
  ...given,
});

/** Paths below `folder`, failures as `path: code`. */
async function found(
  folder: string,
  args: readonly string[],
  given: Partial<InputOptions> = {},
): Promise<string[]> {
  const inputs = await all(expand(args, options(given)));
  return inputs.map((input) => shown(folder, input));
}

function shown(folder: string, { image, error }: Input): string {
  const name = image.replace(folder + path.sep, '').replaceAll(path.sep, '/');
  return error === undefined ? name : `${name}: ${(error as { code: string }).code}`;
}

describe('folders', () => {
  it('give their pictures by name, sorted, without hidden files and other files', async () => {
    const folder = folderWith([
      'b.PNG',
      'a.jpg',
      'B.webp',
      'notes.txt',
      '.c.png',
      'd.png.part',
      'sub/e.png',
    ]);
    expect(await found(folder, [folder])).toEqual(['B.webp', 'a.jpg', 'b.PNG']);
  });

  it('give those of the folders in them when asked, in one order, and leave one out', async () => {
    const folder = folderWith([
      'c.png',
      'b/d.png',
      'b/e/f.gif',
      'a.png',
      '.hidden/g.png',
      'drawn/h.png',
    ]);
    expect(await found(folder, [folder], { recursive: true })).toEqual([
      'a.png',
      'b/d.png',
      'b/e/f.gif',
      'c.png',
      'drawn/h.png',
    ]);
    const except = path.join(folder, 'drawn');
    expect(await found(folder, [folder], { recursive: true, except })).not.toContain('drawn/h.png');
    expect(await found(folder, [path.join(folder, '**/*.png')], { except })).not.toContain(
      'drawn/h.png',
    );
  });

  it('are followed through links, but never in a circle', async () => {
    const folder = folderWith(['in/a.png', 'out/b.png', 'other/d.png']);
    symlinkSync(path.join(folder, 'out'), path.join(folder, 'in', 'link'));
    symlinkSync(path.join(folder, 'in'), path.join(folder, 'in', 'self'));
    symlinkSync(path.join(folder, 'other', 'd.png'), path.join(folder, 'in', 'c.png'));
    expect(await found(folder, [path.join(folder, 'in')], { recursive: true })).toEqual([
      'in/a.png',
      'in/c.png',
      'in/link/b.png',
    ]);
  });
});

describe('patterns', () => {
  it('find pictures at any depth', async () => {
    const folder = folderWith(['a.png', 's/b.png', 's/t/c.jpg', 's/d.txt']);
    expect(await found(folder, [path.join(folder, '**/*')])).toEqual([
      'a.png',
      's/b.png',
      's/t/c.jpg',
    ]);
    expect(await found(folder, [path.join(folder, '*/{b,x}.png')])).toEqual(['s/b.png']);
  });

  it('are names when there is a file of that name', async () => {
    const folder = folderWith(['a[1].png', 'a1.png']);
    expect(await found(folder, [path.join(folder, 'a[1].png')])).toEqual(['a[1].png']);
    renameSync(path.join(folder, 'a[1].png'), path.join(folder, 'b.png'));
    expect(await found(folder, [path.join(folder, 'a[1].png')])).toEqual(['a1.png']);
  });

  it('are not seen in names with brackets only', async () => {
    const folder = folderWith([]);
    expect(await found(folder, [path.join(folder, 'photo (1).png')])).toEqual(['photo (1).png']);
  });
});

describe('lists', () => {
  it('have one path per line, comments, empty lines, any line ends', async () => {
    const folder = folderWith({
      'list.txt': '\ufeff# pictures\r\n  b.png \r\n\r\nsub/a b.png\n#c.png\n./#d.png',
    });
    expect(await found(folder, [`@${path.join(folder, 'list.txt')}`])).toEqual([
      'b.png',
      'sub/a b.png',
      './#d.png',
    ]);
  });

  it('are refused at the first line that is no text', async () => {
    const folder = folderWith({ 'a.png': 'x.png\n\0y\nz.png', long: 'a'.repeat(70_000) });
    writeFileSync(path.join(folder, 'b.png'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 10, 65, 10));
    const list = (name: string): Promise<string[]> =>
      found(folder, [`@${path.join(folder, name)}`]);
    expect(await list('a.png')).toEqual([
      'x.png',
      expect.stringMatching(/a\.png: ERR_IMAGE_NOT_FOUND$/),
    ]);
    expect(await list('b.png')).toEqual([expect.stringMatching(/b\.png: ERR_IMAGE_NOT_FOUND$/)]);
    expect(await list('long')).toEqual([expect.stringMatching(/long: ERR_IMAGE_NOT_FOUND$/)]);
  });

  it('on standard input are taken line by line, before it ends', async () => {
    const stdin = new PassThrough();
    const inputs = expand(['@-'], options({ stdin: () => stdin as unknown as NodeJS.ReadStream }));
    stdin.write('a.png\nb.p');
    expect(await inputs.next()).toEqual({ done: false, value: { image: 'a.png' } });
    stdin.end('ng');
    expect(await inputs.next()).toEqual({ done: false, value: { image: 'b.png' } });
    expect((await inputs.next()).done).toBe(true);
  });

  it('on standard input end when the run is aborted', async () => {
    const stdin = new PassThrough();
    const controller = new AbortController();
    const inputs = expand(
      ['@-'],
      options({ stdin: () => stdin as unknown as NodeJS.ReadStream, signal: controller.signal }),
    );
    stdin.write('a.png\n');
    await inputs.next();
    const next = inputs.next();
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('what is not there', () => {
  it('is a failure beside others', async () => {
    const folder = folderWith(['a.png', 'empty/x.txt']);
    const at = (name: string): string => path.join(folder, name);
    const args = [at('empty'), at('*.gif'), at('a.png'), `@${at('none.txt')}`, at('missing.png')];
    expect(await found(folder, args)).toEqual([
      'empty: ERR_IMAGE_NOT_FOUND',
      '*.gif: ERR_IMAGE_NOT_FOUND',
      'a.png',
      '@none.txt: ERR_IMAGE_NOT_FOUND',
      // Reported by its reader.
      'missing.png',
    ]);
  });

  it('is wrong usage when there is nothing else, and says what was looked for', async () => {
    const folder = folderWith({ 'list.txt': '# none\n', 'sub/x.txt': '' });
    const args = [
      path.join(folder, 'sub'),
      path.join(folder, '*.gif'),
      `@${path.join(folder, 'list.txt')}`,
    ];
    await expect(all(expand(args, options()))).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
      message: expect.stringMatching(
        /jpg.* in .*sub.*--recursive.*; .*\*\.gif; paths in .*list\.txt/,
      ),
    });
  });
});

describe('duplicates', () => {
  it('are taken once, however they are named', async () => {
    const folder = folderWith(['a.png', 'b.png', 'list.txt']);
    const at = (name: string): string => path.join(folder, name);
    writeFileSync(
      at('list.txt'),
      `${at('a.png')}\n${folder}/./b.png\n${at('c.png')}\n${at('c.png')}\n`,
    );
    const twice = [
      at('a.png'),
      at('a.png'),
      folder,
      `@${at('list.txt')}`,
      at('*.png'),
      at('b.png'),
    ];
    expect(await found(folder, twice)).toEqual(['a.png', 'b.png', 'c.png']);
  });

  it('are seen through different spellings', async () => {
    const folder = folderWith(['s/a.png']);
    mkdirSync(path.join(folder, 't'));
    expect(await found(folder, [path.join(folder, 's'), `${folder}/t/../s/a.png`])).toEqual([
      's/a.png',
    ]);
  });

  it('are seen through links', async () => {
    const folder = folderWith(['a.png']);
    symlinkSync(path.join(folder, 'a.png'), path.join(folder, 'b.png'));
    expect(await found(folder, [folder])).toEqual(['a.png']);
  });
});

describe('lines', () => {
  it('are the same however the bytes are cut', async () => {
    const bytes = Buffer.from('añ\n\nb\r\nlast');
    const whole = ['añ', '', 'b\r', 'last'];
    for (let size = 1; size <= bytes.length; size++) {
      const chunks = (async function* () {
        for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
      })();
      const lines = await all(linesOf(chunks));
      expect(lines.map((line) => line.bytes.toString())).toEqual(whole);
      expect(lines.map((line) => line.ended)).toEqual([true, true, true, false]);
    }
  });
});

describe('files that are no pictures', () => {
  const files = [
    'a.png',
    'b.HEIC',
    'c.heic',
    'scan.pdf',
    'notes',
    '.hidden.pdf',
    'sub/d.svg',
    'e.bmp',
  ];

  it('are left out of folders and reported by kind, hidden ones apart', async () => {
    const folder = folderWith(files);
    const leftOut = new LeftOut();
    expect(await found(folder, [folder], { leftOut })).toEqual(['a.png', 'e.bmp']);
    expect(leftOut.text()).toBe(
      'left out 4 files: 2 .heic (b.HEIC, c.heic), 1 without extension (notes), 1 .pdf (scan.pdf)',
    );
    expect(leftOut.kinds()[0]).toEqual({
      kind: '.heic',
      files: ['b.HEIC', 'c.heic'].map((name) => path.join(folder, name)),
    });
    await found(folder, [folder], { leftOut, recursive: true });
    expect(leftOut.size).toBe(5);
  });

  it('are left out of patterns, too, but named ones are inputs', async () => {
    const folder = folderWith(files);
    const leftOut = new LeftOut();
    const pattern = path.join(folder, '**', '*.{png,heic,svg}');
    expect(await found(folder, [pattern, path.join(folder, 'scan.pdf')], { leftOut })).toEqual([
      'a.png',
      'scan.pdf',
    ]);
    expect(leftOut.kinds().map(({ kind, files: names }) => [kind, names.length])).toEqual([
      ['.heic', 1],
      ['.svg', 1],
    ]);
  });

  it('of the run itself are not reported', async () => {
    const folder = folderWith(['a.png', 'out.jsonl']);
    const leftOut = new LeftOut([path.join(folder, 'out.jsonl')]);
    await found(folder, [folder], { leftOut });
    expect(leftOut.size).toBe(0);
  });

  it('are reported where there is nothing else', async () => {
    const folder = folderWith(['a.heic']);
    await expect(all(expand([folder], options({ leftOut: new LeftOut() })))).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
      hint: 'left out 1 file: 1 .heic (a.heic)',
    });
  });

  it('of which there are many are counted', () => {
    const leftOut = new LeftOut();
    for (let i = 0; i < 12; i++) leftOut.add(`${i}.pdf`);
    expect(leftOut.text()).toBe(
      'left out 12 files: 12 .pdf (0.pdf, 1.pdf, 2.pdf, 3.pdf, 4.pdf, 7 more)',
    );
  });
});
