import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../../src/datasets/check.js';
import { openDataset } from '../../../src/datasets/open.js';
import { parquetRecords } from '../../../src/datasets/parquet.js';
import type { Row } from '../../../src/datasets/rows.js';
import { writeRows } from '../../../src/datasets/write.js';
import { all, folderWith } from '../../support/folder.js';
import { ROOT } from '../../support/models.js';
import { RandomNumbers } from '../../support/random.js';

const FIXTURES = path.join(ROOT, 'test/fixtures/datasets');
const fixture = (name: string): string => path.join(FIXTURES, 'parquet', name);
const picture = (number: number): Buffer =>
  readFileSync(path.join(FIXTURES, `csv/pictures/${number}.png`));

async function rowsOf(file: string): Promise<Row[]> {
  return all((await openDataset(file)).rows());
}

describe('Parquet', () => {
  it('of questions is read as datasets wrote it, pictures from inside', async () => {
    const rows = await rowsOf(fixture('answers'));
    expect(rows.map(({ split, request, expected }) => [split, request, expected])).toMatchObject(
      [
        ['what color?', ['red', 'Red', 'red']],
        ['left or right?', ['right']],
        ['how many?', ['1', 'one']],
        ['what is it?', ['square', 'blue square']],
      ].map(([question, answers]) => [
        'valid',
        { task: 'ask', arguments: { question } },
        { kind: 'text', answers },
      ]),
    );
    expect(rows.map(({ fields }) => fields)).toEqual([
      // Beyond what a number of JSON holds.
      { question_id: '9007199254740993', question_type: 'color', confidence: 0.5 },
      { question_id: 7, question_type: 'place' },
      { question_id: 8, question_type: 'count', confidence: 1 },
      { question_id: 9, question_type: 'kind', confidence: 0.25 },
    ]);
    expect(rows.map(({ bytes }) => Buffer.from(bytes ?? []))).toEqual([1, 2, 1, 3].map(picture));
    const [first, second, third] = rows.map(({ image }) => image);
    expect(third).toBe(first);
    expect(second).not.toBe(first);
    expect(rows.map(({ place }) => place.entry)).toEqual([0, 1, 2, 3].map((i) => `rows[${i}]`));
  });

  it('of labels has the names that the file keeps for their numbers, and the choices', async () => {
    const rows = await rowsOf(fixture('labels'));
    const labels = ['warm', 'cold', 'other'];
    expect(rows.map(({ expected }) => expected)).toEqual(
      ['warm', 'cold', 'warm', 'cold'].map((label) => ({ kind: 'label', label, labels })),
    );
    expect(rows[0]?.request).toMatchObject({ task: 'classify', arguments: { labels } });
    const { labels: counts, faults } = (await checkDataset(await openDataset(fixture('labels'))))
      .report;
    expect(counts).toEqual({ warm: 2, cold: 2 });
    expect(faults.map(({ kind }) => kind)).toEqual(['duplicate-row']);
  });

  it('of documents is read as Donut wants it', async () => {
    const [row] = await rowsOf(fixture('documents'));
    expect(row?.expected).toEqual({
      kind: 'document',
      value: { total: { price: 1 }, menu: [{ nm: 'red' }] },
      text: '{"total": {"price": 1}, "menu": [{"nm": "red"}]}',
    });
  });

  const hasZstd = 'zstdDecompressSync' in zlib;

  it.each(['none', 'snappy', 'gzip', 'brotli', ...(hasZstd ? ['zstd'] : [])])(
    'compressed with %s is the same as the others',
    async (codec) => {
      const rows = await rowsOf(fixture(`codecs/${codec}.parquet`));
      expect(rows).toHaveLength(120);
      for (const [i, { image, expected }] of rows.entries()) {
        const colour = ['red', 'green', 'blue'][i % 3];
        expect(expected).toEqual({
          kind: 'text',
          answers: [`${colour} ${'word '.repeat(12)}${i}`],
        });
        expect(path.normalize(image)).toBe(path.join(FIXTURES, `csv/pictures/${(i % 3) + 1}.png`));
      }
    },
  );

  it.each([
    ['lz4', 'LZ4_RAW', 'write it again with compression="snappy"'],
    ...(hasZstd
      ? []
      : [['zstd', 'ZSTD', 'run Node 22.15 or newer, or write it again with compression="snappy"']]),
  ])('compressed with %s is refused by name', async (file, found, hint) => {
    await expect(rowsOf(fixture(`codecs/${file}.parquet`))).rejects.toMatchObject({
      ...{ code: 'ERR_DATASET', found, hint },
      expected: expect.stringContaining('UNCOMPRESSED, SNAPPY, GZIP, BROTLI'),
    });
  });

  it.each([1, 1000, 8_000_000])('is the same in parts of %d bytes', async (atOnce) => {
    for (const [name, count] of [
      ['pages/train.parquet', 30],
      ['codecs/gzip.parquet', 120],
    ] as const) {
      const whole = await all(parquetRecords(fixture(name), 'train').items({}));
      expect(whole).toHaveLength(count);
      expect(await all(parquetRecords(fixture(name), 'train', atOnce).items({}))).toEqual(whole);
    }
  });

  it('has its pictures written where that is asked for, each once', async () => {
    const folder = folderWith({});
    const pictures = path.join(folder, 'run/pictures');
    const dataset = await openDataset(fixture('answers'), { pictures });
    const rows = await all(dataset.rows());
    expect(rows.map(({ image }) => readFileSync(image))).toEqual([1, 2, 1, 3].map(picture));
    expect(rows.every(({ image, bytes }) => path.dirname(image) === pictures && !bytes)).toBe(true);
    // One that a kill has left half is written again.
    const [{ image } = { image: '' }] = rows;
    writeFileSync(image, 'half');
    await all(dataset.rows());
    expect(readFileSync(image)).toEqual(picture(1));
  });

  it('is converted to JSON lines with its pictures, or nothing is left', async () => {
    const folder = folderWith({});
    const file = path.join(folder, 'out.jsonl');
    const options = {
      ...{ overwrite: false, pictures: path.join(folder, 'out.pictures') },
      fileOf: () => file,
    };
    const dataset = await openDataset(fixture('answers'));
    async function* broken() {
      yield* dataset.rows();
      throw new Error('the disk is gone');
    }
    await expect(writeRows(broken(), [file], options)).rejects.toThrow('the disk is gone');
    expect([file, options.pictures].map((one) => existsSync(one))).toEqual([false, false]);
    await writeRows(dataset.rows(), [file], options);
    const { report } = await checkDataset(await openDataset(file));
    expect(report).toMatchObject({ rows: 4, pictures: 3, faults: [] });
    const [line = ''] = readFileSync(file, 'utf8').split('\n');
    expect(JSON.parse(line)).toEqual({
      image: expect.stringMatching(/^out\.pictures\/[0-9a-f]{32}\.png$/),
      prefix: 'answer en what color?',
      suffix: 'red',
    });
  });

  it('has a digest of its bytes, not of its name', async () => {
    const folder = folderWith({});
    cpSync(fixture('pages/train.parquet'), path.join(folder, 'other.parquet'));
    const [one, same, other] = await Promise.all(
      [fixture('pages'), folder, fixture('answers')].map(async (file) =>
        (await openDataset(file)).digest(),
      ),
    );
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it.each([
    ['text', Buffer.from('image,text\n'), 'is no Parquet: '],
    ['empty', Buffer.alloc(0), 'is no Parquet: '],
    ['cut off', readFileSync(fixture('pages/train.parquet')).subarray(0, 900), 'is no Parquet: '],
  ])('that is %s is refused', async (_, content, message) => {
    const file = path.join(folderWith({}), 'rows.parquet');
    writeFileSync(file, content);
    const error: unknown = await rowsOf(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_DATASET', name: 'InputError' });
    expect((error as Error).message).toContain(`rows.parquet ${message}`);
  });

  it('with any bytes damaged is read or refused, and nothing is waited for', async () => {
    const names = ['codecs/gzip', 'codecs/snappy', 'codecs/brotli', 'pages/train'];
    const file = path.join(folderWith({}), 'rows.parquet');
    const random = new RandomNumbers(7);
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      const content = readFileSync(fixture(`${names[i % names.length]}.parquet`));
      for (let k = 0; k < 3; k++) content[random.below(content.length)] = random.below(256);
      writeFileSync(file, content);
      const error: unknown = await all(parquetRecords(file, undefined).items({})).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) continue;
      expect(error).toMatchObject({ code: 'ERR_DATASET' });
      refused++;
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('with damaged pages is refused with the rows that they hold', async () => {
    const content = readFileSync(fixture('codecs/snappy.parquet'));
    content.fill(0xff, 60, 400);
    const file = path.join(folderWith({}), 'rows.parquet');
    writeFileSync(file, content);
    await expect(rowsOf(file)).rejects.toThrow(
      /rows\.parquet: rows\[0\] to rows\[49\]: the group of rows is .*, expected Parquet/,
    );
  });
});
