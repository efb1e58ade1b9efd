import path from 'node:path';
import { expect, it } from 'vitest';
import { openDataset } from '../../../src/datasets/open.js';
import { all, folderWith } from '../../support/folder.js';

async function read(files: readonly string[]) {
  const folder = folderWith(files);
  const dataset = await openDataset(folder);
  const rows = await all(dataset.rows());
  expect(dataset.format).toBe('folders');
  return rows.map(({ image, split, expected, place }) => {
    expect(place).toEqual({ file: image });
    return [path.relative(folder, image).replaceAll('\\', '/'), split, expected];
  });
}

it('folders of pictures are classes', async () => {
  const labels = ['cat', 'dog'];
  expect(
    await read(['dog/2.png', 'dog/10.JPG', 'cat/a.webp', 'cat/notes.txt', 'cat/.b.png', 'x/y.txt']),
  ).toEqual([
    ['cat/a.webp', undefined, { kind: 'label', label: 'cat', labels }],
    ['dog/10.JPG', undefined, { kind: 'label', label: 'dog', labels }],
    ['dog/2.png', undefined, { kind: 'label', label: 'dog', labels }],
  ]);
});

it('folders of splits hold them, with the classes of all splits', async () => {
  const labels = ['cat', 'dog', 'hen'];
  expect(await read(['train/cat/1.png', 'train/dog/1.png', 'valid/hen/2.png'])).toEqual([
    ['train/cat/1.png', 'train', { kind: 'label', label: 'cat', labels }],
    ['train/dog/1.png', 'train', { kind: 'label', label: 'dog', labels }],
    ['valid/hen/2.png', 'valid', { kind: 'label', label: 'hen', labels }],
  ]);
});

it('a train is a class as well', async () => {
  expect((await read(['train/1.png', 'car/1.png'])).map(([image]) => image)).toEqual([
    'car/1.png',
    'train/1.png',
  ]);
});

it('their digest changes with names and classes', async () => {
  const digest = async (files: readonly string[]): Promise<string> =>
    (await openDataset(folderWith(files))).digest();
  const first = await digest(['a/1.png', 'b/1.png']);
  expect(await digest(['a/1.png', 'b/1.png'])).toBe(first);
  expect(await digest(['a/1.png', 'b/2.png'])).not.toBe(first);
});

it.each([[['images/1.png']], [['1.png', '2.png']]])('%j is no data set', async (files) => {
  await expect(openDataset(folderWith(files))).rejects.toThrow('has no rows of a data set');
});
