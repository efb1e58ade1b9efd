/** Every format: written, then read back by the reader of that format, with what results can hold at its worst. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeError } from '../../../src/errors.js';
import { fromCocoAnnotations } from '../../../src/results/formats/coco.js';
import { fromPascalVoc } from '../../../src/results/formats/pascal-voc.js';
import { fromYolo } from '../../../src/results/formats/yolo.js';
import { Mask } from '../../../src/results/mask.js';
import { csvLine, tabbedLine } from '../../../src/wire/delimited.js';
import {
  Classes,
  FORMAT_NAMES,
  type FormatName,
  formatsFor,
  formatWriter,
  type Outcome,
  type RunFacts,
} from '../../../src/wire/formats.js';

const IMAGE = { width: 200, height: 100 };
const BOX = { xmin: 10.5, ymin: 20.25, xmax: 110, ymax: 80 };
const cat = { label: 'cat', score: 0.123456789, box: BOX };
const dog = { label: 'a "dog",\nwet\t', score: 1, box: { xmin: 0, ymin: 0, xmax: 200, ymax: 100 } };
const mask = new Mask(new Float32Array(64 * 64).fill(1), BOX, IMAGE);

const found: Outcome = { image: 'in/a,b.jpg', result: { image: IMAGE, detections: [cat, dog] } };
const none: Outcome = { image: 'b.jpg', result: { image: IMAGE, detections: [] } };
const failed: Outcome = {
  image: 'c.jpg',
  error: makeError('ERR_IMAGE_FORMAT', 'c.jpg is text, "not" a picture'),
};

const facts = (over: Partial<RunFacts> = {}): RunFacts => ({
  front: 'cli',
  kind: 'detections',
  labels: ['bird', 'cat'],
  named: true,
  hasPages: false,
  toJson: ({ image, ...rest }) => ({ image, ok: 'result' in rest }),
  head: { model: 'm.gguf' },
  ...over,
});

function write(
  format: FormatName,
  outcomes: readonly Outcome[],
  over: Partial<RunFacts> = {},
  classes?: Classes,
): string {
  const writer = formatWriter(format, facts(over), classes);
  return [
    writer.begin?.() ?? '',
    ...outcomes.map((outcome) => writer.picture(outcome)),
    writer.end?.({ leftOut: [] }) ?? '',
  ].join('');
}

/** RFC 4180, section 2, as a reader has to know it. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') {
      rows.push(row);
      row = [];
    }
    if (cell.lastIndex === text.length) return rows;
  }
  throw new Error(`not CSV at ${cell.lastIndex}: ${text}`);
}

describe('csv', () => {
  it('has a header, a row for each object and one for each failure', () => {
    const edges = (box: typeof BOX) => [box.xmin, box.ymin, box.xmax, box.ymax].map(String);
    expect(readCsv(write('csv', [found, none, failed]))).toEqual([
      ['image', 'label', 'score', 'xmin', 'ymin', 'xmax', 'ymax', 'error'],
      ['in/a,b.jpg', 'cat', '0.123456789', ...edges(BOX), ''],
      ['in/a,b.jpg', dog.label, '1', ...edges(dog.box), ''],
      ['c.jpg', '', '', '', '', '', '', 'ERR_IMAGE_FORMAT: c.jpg is text, "not" a picture'],
    ]);
  });

  it('has masks as run-length code', () => {
    const segment = { ...cat, mask };
    const result = { image: IMAGE, segments: [segment] };
    const [header = [], row = []] = readCsv(
      write('csv', [{ image: 'a.jpg', result }], { kind: 'segments' }),
    );
    const text = row[header.indexOf('mask')] ?? '';
    expect(JSON.parse(text)).toEqual(mask.toRle());
  });

  it('has pages, texts, labels, fields and phrasings as columns', () => {
    const page = { image: 'a.tif', page: 2, result: { text: 'a\r\nb', score: 0.5 } };
    expect(readCsv(write('csv', [page], { kind: 'text', hasPages: true }))).toEqual([
      ['image', 'page', 'text', 'score', 'error'],
      ['a.tif', '2', 'a\r\nb', '0.5', ''],
    ]);
    const labels = { distribution: [{ label: 'yes', probability: 0.75, logprob: -1 }] };
    expect(readCsv(write('csv', [{ image: 'a', result: labels }], { kind: 'labels' }))).toEqual([
      ['image', 'label', 'probability', 'error'],
      ['a', 'yes', '0.75', ''],
    ]);
    const field = (value: unknown, raw: string) => ({ value, raw, score: 1, prompt: '' });
    const fields = {
      total: field({ amount: 12.5, currency: 'EUR' }, '12,50 €'),
      date: field(null, '?'),
    };
    expect(readCsv(write('csv', [{ image: 'a', result: { fields } }], { kind: 'fields' }))).toEqual(
      [
        ['image', 'field', 'value', 'raw', 'score', 'error'],
        ['a', 'total', '12.5 EUR', '12,50 €', '1', ''],
        ['a', 'date', '', '?', '1', ''],
      ],
    );
    const sweep = { kind: 'text', phrasings: [{ prompt: 'ocr', text: 'STOP', score: 0.5 }] };
    expect(readCsv(write('csv', [{ image: 'a', result: sweep }], { kind: 'phrasings' }))).toEqual([
      ['image', 'prompt', 'text', 'score', 'error'],
      ['a', 'ocr', 'STOP', '0.5', ''],
    ]);
  });

  it('is what a reader of RFC 4180 reads back, whatever the cells hold', () => {
    const cells = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(cells, { minLength: 1 }), (rows) => {
        expect(readCsv(rows.map(csvLine).join(''))).toEqual(rows);
      }),
    );
  });
});

describe('text', () => {
  it('is a line for each object, with tabs', () => {
    expect(write('text', [found, none, failed])).toBe(
      'in/a,b.jpg\tcat\t0.123\t10.5\t20.3\t110.0\t80.0\n' +
        'in/a,b.jpg\ta "dog",\\nwet\\t\t1.000\t0.0\t0.0\t200.0\t100.0\n',
    );
  });

  it('of one picture is the text itself, and beside others one line', () => {
    const said = { image: 'a.jpg', result: { text: 'one\ntwo' } };
    expect(write('text', [said], { kind: 'text', named: false })).toBe('one\ntwo\n');
    expect(write('text', [said], { kind: 'text' })).toBe('a.jpg\tone\\ntwo\n');
  });

  it('has one line for one row, and its cells come back', () => {
    const unescaped = (text: string): string =>
      text.replace(
        /\\(.)/g,
        (_, letter: string) => ({ t: '\t', n: '\n', r: '\r' })[letter] ?? letter,
      );
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (cells) => {
        const line = tabbedLine(cells);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(line.slice(0, -1).split('\t').map(unescaped)).toEqual(cells);
      }),
    );
  });
});

describe('json', () => {
  it('is a document with everything, and lines are one for each picture', () => {
    expect(JSON.parse(write('json', [found, failed]))).toEqual({
      model: 'm.gguf',
      results: [
        { image: 'in/a,b.jpg', ok: true },
        { image: 'c.jpg', ok: false },
      ],
      leftOut: [],
    });
    const lines = write('jsonl', [found, failed]).split('\n');
    expect(lines.map((line) => line && JSON.parse(line).image)).toEqual([
      'in/a,b.jpg',
      'c.jpg',
      '',
    ]);
  });
});

describe('coco', () => {
  it('is read back, with the labels that were asked for first', () => {
    const { images, categories } = fromCocoAnnotations(
      JSON.parse(write('coco', [found, none, failed])),
    );
    expect(categories.map(({ id, name }) => [id, name])).toEqual([
      [1, 'bird'],
      [2, 'cat'],
      [3, dog.label],
    ]);
    expect(images).toMatchObject([
      { fileName: 'in/a,b.jpg', image: IMAGE, detections: [cat, dog] },
      { fileName: 'b.jpg', detections: [] },
    ]);
  });

  it('has exact masks', () => {
    const result = { image: IMAGE, segments: [{ ...cat, mask }] };
    const document = JSON.parse(write('coco', [{ image: 'a', result }], { kind: 'segments' }));
    const [image] = fromCocoAnnotations(document).images;
    const [read] = (image?.detections ?? []) as readonly { readonly mask: Mask }[];
    expect(read).toMatchObject({ label: 'cat' });
    expect(read?.mask.toRle()).toEqual(mask.toRle());
  });
});

describe('yolo', () => {
  it('is read back with the classes beside it, which grow from file to file', () => {
    const classes = new Classes(['bird', 'cat']);
    const texts = [found, none, failed].map((one) => write('yolo', [one], {}, classes));
    expect(classes.names).toEqual(['bird', 'cat', dog.label]);
    const [first] = fromYolo(texts[0] ?? '', IMAGE, { classes: classes.names });
    expect(first?.label).toBe('cat');
    expect(first?.box.xmax).toBeCloseTo(BOX.xmax, 9);
    expect(texts.slice(1)).toEqual(['', '']);
    expect(classes.files()).toEqual({
      'classes.txt': 'bird\ncat\na "dog", wet \n',
      'data.yaml': `names:\n  0: "bird"\n  1: "cat"\n  2: ${JSON.stringify(dog.label)}\n`,
    });
  });

  it('has outlines where there are masks', () => {
    const result = { image: IMAGE, segments: [{ ...cat, mask }] };
    const text = write('yolo', [{ image: 'a', result }], { kind: 'segments' });
    const [segment] = fromYolo(text, IMAGE, { classes: ['bird', 'cat'] });
    expect(segment).toMatchObject({ label: 'cat', mask: expect.any(Mask) });
  });
});

describe('voc', () => {
  it('is read back', () => {
    const { fileName, image, detections } = fromPascalVoc(write('voc', [found]));
    expect([fileName, image]).toEqual(['a,b.jpg', IMAGE]);
    expect(detections[0]).toMatchObject({ label: 'cat', box: { xmin: 11, ymax: 80 } });
  });
});

it('formats of boxes are for tasks that have boxes', () => {
  expect(formatsFor('detections')).toEqual(FORMAT_NAMES);
  for (const kind of ['text', 'labels', 'fields', 'phrasings'] as const) {
    expect(formatsFor(kind)).toEqual(['text', 'json', 'jsonl', 'csv']);
  }
});
