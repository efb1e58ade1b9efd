/** Raw answers to detections in pixels: of every runtime, and of anything else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { parseDetections } from '../../../src/tasks/parse-detections.js';

const SIZE = { width: 1023, height: 2046 };
const BOX = '<loc0001><loc0002><loc0011><loc0022>';
const PIXELS = { ymin: 2, xmin: 2, ymax: 22, xmax: 22 };
const SEGS = Array.from({ length: 16 }, (_, i) => `<seg${String(7 * i).padStart(3, '0')}>`).join(
  '',
);
const CODES = Array.from({ length: 16 }, (_, i) => 7 * i);

describe('parseDetections', () => {
  it.each([
    ['one box', `${BOX} white circle`, ['white circle']],
    ['several', `${BOX} cat ; ${BOX} dog`, ['cat', 'dog']],
    ['without spaces', `${BOX}cat;${BOX}dog`, ['cat', 'dog']],
    ['the prompt before it', `detect cat\n${BOX} cat`, ['cat']],
    [
      'control tokens of other runtimes',
      `<bos><image>${BOX} cat ; ${BOX} cat<eos><pad><pad>`,
      ['cat', 'cat'],
    ],
    ['several in one line without separators', `${BOX} cat${BOX} dog`, ['cat', 'dog']],
    ['no label', BOX, ['']],
    ['a label of several lines', `${BOX} white\ncircle \n`, ['white\ncircle']],
    ['other letters', `${BOX} 白い円 ; ${BOX} شجرة`, ['白い円', 'شجرة']],
    ['nothing', '', []],
    ['words', 'no such thing', []],
  ])('%s', (_, text, labels) => {
    const { detections } = parseDetections(text, SIZE);
    expect(detections).toEqual(labels.map((label) => ({ label, box: PIXELS })));
  });

  it('keeps the codes of masks', () => {
    const { detections, dropped } = parseDetections(`${BOX}${SEGS} cat ; ${BOX} dog`, SIZE);
    expect(detections).toEqual([
      { label: 'cat', box: PIXELS, codes: CODES },
      { label: 'dog', box: PIXELS },
    ]);
    expect(dropped).toEqual([]);
  });

  it('tells what is no object, and why', () => {
    const flat = '<loc0005><loc0009><loc0005><loc0020>';
    const text = `so: ${BOX} a ; <loc0001><loc0002> b ; ${flat} c ; ${BOX}<seg001> d ; <loc1024> ; ${BOX} e`;
    const { detections, dropped } = parseDetections(text, SIZE);
    expect(detections.map(({ label }) => label)).toEqual(['a', 'e']);
    expect(dropped.map(({ text: said, reason }) => [said.trim().slice(-1), reason])).toEqual([
      [':', 'text'],
      ['b', 'malformed'],
      ['c', 'emptyBox'],
      ['d', 'malformed'],
      ['>', 'text'],
    ]);
  });

  it('takes any text', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom(
        BOX,
        SEGS,
        ' ; ',
        ';',
        '<loc0',
        '<loc9999>',
        '<seg127>',
        '<seg128>',
        '<eos>',
        '\n',
      ),
      fc.nat(1023).map((n) => `<loc${String(n).padStart(4, '0')}>`),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const { detections } = parseDetections(parts.join(''), SIZE);
        for (const { label, box, codes } of detections) {
          expect(label).toBe(label.trim());
          expect(box.xmin).toBeLessThan(box.xmax);
          expect(box.ymin).toBeLessThan(box.ymax);
          expect(box.xmax).toBeLessThanOrEqual(SIZE.width);
          expect(box.ymax).toBeLessThanOrEqual(SIZE.height);
          expect([undefined, 16]).toContain(codes?.length);
        }
      }),
    );
  });

  it('is not slowed down by long texts', () => {
    const many = `${BOX} cat ; `.repeat(20_000);
    expect(parseDetections(many, SIZE).detections).toHaveLength(20_000);
    expect(parseDetections('<loc'.repeat(100_000), SIZE).detections).toEqual([]);
  });

  it.each([
    [5, SIZE, 'text is 5, expected a string'],
    [null, SIZE, 'text is null'],
    ['', undefined, 'size is missing, expected an object'],
    ['', { width: 0, height: 5 }, 'size.width is 0'],
    ['', { width: 5, height: 2.5 }, 'size.height is 2.5'],
    ['', { width: 2 ** 16, height: 2 ** 16 }, 'size is 65536 x 65536, expected at most'],
  ])('refuses %j with %j', (text, size, message) => {
    const call = () => parseDetections(text as string, size as typeof SIZE);
    expect(call).toThrow(InputError);
    expect(call).toThrow(message);
  });
});
