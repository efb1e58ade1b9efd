/** The folder of drawn pictures: names, clashes, and what must never be replaced. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Annotations } from '../../../../src/cli/batch/annotations.js';
import { folderWith } from '../../../support/folder.js';

const drawn = (text: string) => ({ data: Buffer.from(text), extension: 'png' });

describe('annotations', () => {
  it('have the names of their pictures, whichever is written first', async () => {
    const pictures = ['a/cow.jpg', 'b/cow.jpg', 'a/COW.png', 'a/dog.v2.webp', '-'];
    const names = async (order: readonly string[]): Promise<Record<string, string>> => {
      const folder = path.join(folderWith([]), 'drawn', 'here');
      const annotations = await Annotations.open(folder, true);
      for (const picture of pictures) annotations.reserve(picture);
      for (const picture of order) await annotations.write(picture, drawn(picture));
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
    const annotations = await Annotations.open(path.join(folder, '.'), true);
    await expect(annotations.check(path.join(folder, 'x', '..', 'a.png'))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    mkdirSync(path.join(folder, 'sub'));
    await expect(annotations.check(path.join(folder, 'sub', 'a.png'))).resolves.toBeUndefined();
  });

  it('replace those of an earlier run only when no picture to come can be among them', async () => {
    const folder = folderWith({ 'a.png': 'earlier' });
    const careful = await Annotations.open(folder, false);
    await expect(careful.write('in/a.jpg', drawn('new'))).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
    expect(readFileSync(path.join(folder, 'a.png'), 'utf8')).toBe('earlier');
    await careful.write('in/b.jpg', drawn('one'));
    await careful.write('in/b.jpg', drawn('two'));
    expect(readFileSync(path.join(folder, 'b.png'), 'utf8')).toBe('two');
    await (await Annotations.open(folder, true)).write('in/a.jpg', drawn('new'));
    expect(readFileSync(path.join(folder, 'a.png'), 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['a.png', 'b.png']);
  });

  it('tell when the folder cannot be made', async () => {
    const folder = folderWith([]);
    writeFileSync(path.join(folder, 'file'), '');
    await expect(Annotations.open(path.join(folder, 'file', 'sub'), true)).rejects.toMatchObject({
      code: 'ERR_OUTPUT',
    });
  });
});
