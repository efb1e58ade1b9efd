/** A folder with a file for each picture: names, clashes, and what must never be replaced. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PictureFiles } from '../../../../src/cli/batch/picture-files.js';
import { folderWith } from '../../../support/folder.js';

const REFUSED = { expected: 'no such file', hint: 'choose another' };

const drawn = (text: string) => ({ data: Buffer.from(text), extension: 'png' });

describe('files of pictures', () => {
  it('have the names of their pictures, whichever is written first', async () => {
    const pictures = ['a/cow.jpg', 'b/cow.jpg', 'a/COW.png', 'a/dog.v2.webp', '-'];
    const names = async (order: readonly string[]): Promise<Record<string, string>> => {
      const folder = path.join(folderWith([]), 'drawn', 'here');
      const files = await PictureFiles.open(folder, 'replaced');
      for (const picture of pictures) files.reserve({ image: picture });
      for (const picture of order) await files.write({ image: picture }, drawn(picture));
      return Object.fromEntries(
        readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]),
      );
    };
    const forth = await names(pictures);
    expect(await names([...pictures].reverse())).toEqual(forth);
    expect(Object.values(forth).sort()).toEqual([...pictures].sort());
    expect(forth).toMatchObject({
      'cow.png': 'a/cow.jpg',
      'dog.v2.png': 'a/dog.v2.webp',
      'stdin.png': '-',
    });
    const others = Object.keys(forth).filter((name) => /^cow-[0-9a-f]{8}\.png$/i.test(name));
    expect(others).toHaveLength(2);
  });

  it('refuse a picture that is in their folder, however that is written', async () => {
    const folder = folderWith(['a.png']);
    const files = await PictureFiles.open(path.join(folder, '.'), 'replaced');
    await expect(files.check(path.join(folder, 'x', '..', 'a.png'))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    mkdirSync(path.join(folder, 'sub'));
    await expect(files.check(path.join(folder, 'sub', 'a.png'))).resolves.toBeUndefined();
  });

  it('that exist are refused, left or replaced as the run says; its own may be written again', async () => {
    const folder = folderWith({ 'a.png': 'earlier' });
    const careful = await PictureFiles.open(folder, REFUSED);
    await expect(careful.write({ image: 'in/a.jpg' }, drawn('new'))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    expect(readFileSync(path.join(folder, 'a.png'), 'utf8')).toBe('earlier');
    const later = await PictureFiles.open(folder, 'left');
    expect(await later.write({ image: 'in/a.jpg' }, drawn('new'))).toBe(path.join(folder, 'a.png'));
    expect(readFileSync(path.join(folder, 'a.png'), 'utf8')).toBe('earlier');
    await careful.write({ image: 'in/b.jpg' }, drawn('one'));
    await careful.write({ image: 'in/b.jpg' }, drawn('two'));
    expect(readFileSync(path.join(folder, 'b.png'), 'utf8')).toBe('two');
    await (await PictureFiles.open(folder, 'replaced')).write({ image: 'in/a.jpg' }, drawn('new'));
    expect(readFileSync(path.join(folder, 'a.png'), 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['a.png', 'b.png']);
  });

  it('of pages have the page in their names', async () => {
    const folder = folderWith([]);
    const files = await PictureFiles.open(folder, 'replaced');
    for (const page of [0, 1]) await files.write({ image: 'in/scan.tif', page }, drawn('x'));
    expect(readdirSync(folder)).toEqual(['scan-page0.png', 'scan-page1.png']);
  });

  it('can be looked for before there is anything to write', async () => {
    const folder = folderWith(['a.txt']);
    const files = await PictureFiles.open(folder, REFUSED);
    await expect(files.checkFree({ image: 'in/a.jpg' }, 'txt')).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    await expect(files.checkFree({ image: 'in/a.jpg' }, 'xml')).resolves.toBeUndefined();
  });

  it('go to a new folder, counted up', async () => {
    const folder = folderWith([]);
    const stem = path.join(folder, 'run');
    for (const name of ['run', 'run-2', 'run-3']) {
      const files = await PictureFiles.openNew(stem);
      expect(path.basename(files.folder)).toBe(name);
      await files.write({ image: 'a.jpg' }, drawn('x'));
    }
  });

  it('remove folders in which nothing was written, but none that was there', async () => {
    const folder = folderWith([]);
    mkdirSync(path.join(folder, 'there'));
    const names = ['there', 'new/deep', 'used/deep'];
    for (const name of names) {
      const files = await PictureFiles.open(path.join(folder, name), REFUSED);
      if (name.startsWith('used')) await files.write({ image: 'a.jpg' }, drawn('x'));
      await files.close();
    }
    const one = await PictureFiles.openFile(path.join(folder, 'one', 'a.png'), REFUSED);
    await one.close();
    expect(readdirSync(folder)).toEqual(['there', 'used']);
  });

  it('tell when the folder cannot be made', async () => {
    const folder = folderWith([]);
    writeFileSync(path.join(folder, 'file'), '');
    await expect(
      PictureFiles.open(path.join(folder, 'file', 'sub'), 'replaced'),
    ).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
  });
});
