/** What the command writes where: formats, files, folders, drawings; read back by the readers of the package and by sharp. */
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromCocoAnnotations, fromPascalVoc, fromYolo } from '../../../src/index.js';
import { DEMO_MODEL, ROOT } from '../../support/models.js';
import { paligemma } from './command.js';

const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const SIZE = { width: 224, height: 224 };
const LABELS = ['-l', 'white circle, yellow square', '--quiet', '--model', DEMO_MODEL];

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);
let pictures: string[];
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-formats-'));
  pictures = [at('a.png'), at('b.jpg'), at('broken.png')];
  copyFileSync(SHAPES, at('a.png'));
  await sharp(SHAPES).jpeg({ quality: 95 }).toFile(at('b.jpg'));
  writeFileSync(at('broken.png'), 'no picture');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (...names: string[]): string => readFileSync(at(...names), 'utf8');

describe('several pictures, one of them broken', () => {
  it('are rows of a CSV file, and its existing file is kept', async () => {
    const args = ['detect', ...pictures, ...LABELS, '-o', at('x.csv')];
    const { code, stdout, stderr } = await paligemma(args);
    expect([code, stdout]).toEqual([6, '']);
    expect(stderr).toMatch(/^.*broken\.png: ERR_IMAGE_FORMAT.*\n$/);
    const rows = read('x.csv').split('\r\n');
    expect(rows[0]).toBe('image,label,score,xmin,ymin,xmax,ymax,error');
    expect(rows.filter((row) => row.includes('white circle'))).toHaveLength(2);
    expect(rows.at(-2)).toMatch(/broken\.png,,,,,,,"?ERR_IMAGE_FORMAT/);
    const before = read('x.csv');
    expect((await paligemma(args)).code).toBe(1);
    expect(read('x.csv')).toBe(before);
  });

  it('are one COCO document', async () => {
    const { code, stdout } = await paligemma([
      'detect',
      ...pictures,
      ...LABELS,
      '--format',
      'coco',
    ]);
    expect(code).toBe(6);
    const { images, categories } = fromCocoAnnotations(JSON.parse(stdout));
    expect(categories.map(({ name }) => name)).toEqual(['white circle', 'yellow square']);
    expect(images.map(({ fileName, detections }) => [fileName, detections.length])).toEqual([
      [at('a.png'), 2],
      [at('b.jpg'), 2],
    ]);
  });

  it('are YOLO files beside their classes, and VOC files', async () => {
    const args = ['detect', ...pictures, ...LABELS];
    const yolo = await paligemma([...args, '--format', 'yolo', '--save', at('yolo')]);
    expect([yolo.code, yolo.stdout]).toEqual([6, '']);
    expect(readdirSync(at('yolo')).sort()).toEqual(['a.txt', 'b.txt', 'classes.txt', 'data.yaml']);
    const classes = read('yolo', 'classes.txt').trimEnd().split('\n');
    const found = fromYolo(read('yolo', 'a.txt'), SIZE, { classes });
    expect(found.map(({ label }) => label)).toEqual(['white circle', 'yellow square']);
    await paligemma([...args, '--format', 'voc', '--save', at('voc')]);
    expect(fromPascalVoc(read('voc', 'b.xml'))).toMatchObject({ fileName: 'b.jpg', image: SIZE });
    const again = await paligemma([...args, '--format', 'voc', '--save', at('voc')]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('exists')]);
    const single = await paligemma([...args, '--format', 'voc']);
    expect([single.code, single.stderr]).toEqual([2, expect.stringContaining('--save FOLDER')]);
  });
});

describe('--annotate', () => {
  it('draws in the format of each picture, and writes answers under it', async () => {
    for (const args of [
      ['detect', ...LABELS],
      ['caption', '--quiet', '--model', DEMO_MODEL],
    ]) {
      const [command = '', ...flags] = args;
      await paligemma([command, ...pictures.slice(0, 2), ...flags, '--annotate', at(command)]);
      expect(readdirSync(at(command)).sort()).toEqual(['a.png', 'b.jpg']);
      const formats = ['a.png', 'b.jpg'].map((name) => sharp(at(command, name)).metadata());
      const [a, b] = await Promise.all(formats);
      expect([a?.format, b?.format, a?.width]).toEqual(['png', 'jpeg', 224]);
      if (command === 'caption') expect(a?.height).toBeGreaterThan(224);
      else expect(a?.height).toBe(224);
    }
  });

  it('writes files about as large as the pictures, and larger pictures only when asked to', async () => {
    const flags = [...pictures.slice(0, 2), ...LABELS, '--annotate'];
    expect((await paligemma(['detect', ...flags, at('same')])).code).toBe(0);
    expect((await paligemma(['detect', ...flags, at('roomy'), '--roomy'])).code).toBe(0);
    for (const name of ['a.png', 'b.jpg']) {
      expect(statSync(at('same', name)).size).toBeLessThan(3 * statSync(at(name)).size);
      expect((await sharp(at('roomy', name)).metadata()).width).toBe(672);
    }
  });

  it('writes what was compressed with loss as JPEG', async () => {
    await sharp(SHAPES).avif().toFile(at('photo.avif'));
    await sharp(SHAPES).tiff().toFile(at('scan.tif'));
    const pictures = [at('photo.avif'), at('scan.tif')];
    await paligemma(['detect', ...pictures, ...LABELS, '--annotate', at('drawn')]);
    expect(readdirSync(at('drawn')).sort()).toEqual(['photo.jpg', 'scan.png']);
  });

  it('takes one file for one picture, in the format of its name', async () => {
    const flags = [...LABELS, '--annotate', at('out', 'x.webp')];
    expect((await paligemma(['detect', at('a.png'), ...flags])).code).toBe(0);
    expect((await sharp(at('out', 'x.webp')).metadata()).format).toBe('webp');
    expect((await paligemma(['detect', at('a.png'), at('b.jpg'), ...flags])).code).toBe(2);
    const own = await paligemma(['detect', at('a.png'), ...LABELS, '--annotate', at('a.png')]);
    expect([own.code, readFileSync(at('a.png'))]).toEqual([1, readFileSync(SHAPES)]);
  });
});

describe('wrong usage', () => {
  it.each<[string, string[], string]>([
    ['--roomy alone', ['--roomy'], "'--roomy' needs option '--annotate"],
    ['a name for another format', ['-o', 'x.csv', '--format', 'json'], 'is a name for csv'],
    ['boxes of a text', ['--format', 'coco'], 'choose text, table, json, jsonl, csv'],
    ['two formats', ['--format', 'csv', '--json'], 'choose one'],
    ['an unknown format', ['--format', 'xml'], '--format xml is not known'],
    ['a file and a folder', ['-o', 'x.csv', '--save', 'y'], "'--save [folder]' cannot be used"],
  ])('%s', async (_, flags, message) => {
    const { code, stdout, stderr } = await paligemma(['caption', SHAPES, ...flags]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
