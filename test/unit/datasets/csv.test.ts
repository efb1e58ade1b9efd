import { expect, it } from 'vitest';
import { openDataset } from '../../../src/datasets/open.js';
import { all, folderWith } from '../../support/folder.js';

/** As Roboflow writes it, with a blank after each comma. */
const CLASSES =
  'filename, cat, dog, hen\n1.jpg, 1, 0, 0\n2.jpg, 0, 0, 1\n3.jpg, 0, 0, 0\n4.jpg, 1, 1, 0\n';

it("Roboflow's columns of classes are labels", async () => {
  const bad: string[] = [];
  const dataset = await openDataset(folderWith({ 'train/_classes.csv': CLASSES }));
  const rows = await all(dataset.rows({ onBadRow: ({ message }) => bad.push(message) }));
  const labels = ['cat', 'dog', 'hen'];
  expect(rows).toMatchObject([
    { split: 'train', expected: { label: 'cat', labels }, fields: {} },
    { image: expect.stringMatching(/2\.jpg$/), expected: { label: 'hen', labels } },
  ]);
  expect(bad.map((message) => message.replace(/^.*_classes/, '_classes'))).toEqual([
    '_classes.csv:4: the picture is without a class, expected one column with 1',
    '_classes.csv:5: the picture is of cat, dog, expected one column with 1',
  ]);
});

it('metadata of an image folder is a table like any other', async () => {
  const folder = folderWith({ 'train/metadata.csv': 'file_name,text,category\na.png,EXIT,sign\n' });
  expect(await all((await openDataset(folder)).rows())).toMatchObject([
    { split: 'train', request: { task: 'ocr' }, expected: { answers: ['EXIT'] } },
  ]);
});

it('a column may not be there twice', async () => {
  const folder = folderWith({ 'rows.csv': 'image,text, text\na.png,x,y\n' });
  await expect(all((await openDataset(folder)).rows())).rejects.toThrow(
    'rows.csv:1: column text is there twice, expected each name once',
  );
});
