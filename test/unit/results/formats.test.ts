/** Other tools' formats beside COCO's: what is written, what is read, and that nothing is lost on the way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCocoAnnotations, toCocoResults } from '../../../src/results/formats/coco.js';
import { fromPascalVoc, toPascalVoc } from '../../../src/results/formats/pascal-voc.js';
import { fromRoboflow, toRoboflow } from '../../../src/results/formats/roboflow.js';
import {
  fromNormalized,
  fromXyxy,
  toNormalized,
  toXyxy,
} from '../../../src/results/formats/xyxy.js';
import { fromYolo, toYolo } from '../../../src/results/formats/yolo.js';
import { Mask, maskIou, type Segment } from '../../../src/results/mask.js';
import type { Detection } from '../../../src/results/types.js';
import {
  anyScene,
  cat,
  classes,
  dog,
  expectSame,
  expectSameMask,
  image,
  rangeError,
} from './scenes.js';

describe('Roboflow', () => {
  const detectionId = (i: number) => `id-${i}`;

  it('has centres, confidences and an outline', () => {
    const response = toRoboflow([cat, dog], image, { classes, timeMs: 125, detectionId });
    const { points, ...rest } = response.predictions[0] ?? {};
    expect(response).toMatchObject({ time: 0.125, image });
    expect(rest).toEqual({
      x: 200.625,
      y: 150.375,
      width: 200.25,
      height: 200.25,
      confidence: 0.875,
      class: 'cat',
      class_id: 1,
      detection_id: 'id-0',
      mask_format: 'polygon',
    });
    expect(points?.[0]).toEqual({ x: expect.any(Number), y: expect.any(Number) });
    expect(response.predictions[1]).toEqual({
      x: 320,
      y: 240,
      width: 640,
      height: 480,
      confidence: 0.5,
      class: 'dog',
      class_id: 0,
      detection_id: 'id-1',
    });
    expect(toRoboflow([], image)).toEqual({ image, predictions: [] });
  });

  it('numbers detections with random UUIDs by default', () => {
    const ids = toRoboflow([cat, dog], image).predictions.map((each) => each.detection_id);
    expect(ids[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('comes back: masks exact as run-length code, close as outline', () => {
    const read = (response: unknown) => fromRoboflow(JSON.parse(JSON.stringify(response)));
    const exact = read(toRoboflow([cat, dog], image, { maskFormat: 'rle' }));
    expect(exact.image).toEqual(image);
    expectSame(exact.detections, [cat, dog]);
    expectSameMask(exact.detections[0], cat.mask);
    const outlined = read(toRoboflow([cat], image)).detections[0] as Segment;
    expect(maskIou(outlined.mask, cat.mask)).toBeGreaterThan(0.98);
    const empty = { ...cat, mask: Mask.fromRle({ size: [480, 640], counts: [480 * 640] }) };
    const [hollow] = read(toRoboflow([empty], image)).detections;
    expect((hollow as Segment).mask.area).toBe(0);
  });

  it('comes back, whatever the boxes and labels', () => {
    fc.assert(
      fc.property(anyScene, ({ size, detections }) => {
        const text = JSON.stringify(toRoboflow(detections, size));
        expectSame(fromRoboflow(JSON.parse(text)).detections, detections);
      }),
    );
  });

  it('refuses what is none, and tells where', () => {
    const broken = { image, predictions: [{ x: 1, y: 2, width: '3', height: 4, class: 'a' }] };
    expect(() => fromRoboflow(broken)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_TYPE', subject: 'predictions[0].width' }),
    );
  });
});

describe('YOLO', () => {
  it('has a line for each object', () => {
    expect(toYolo([cat, dog], image, { classes })).toBe(
      '1 0.3134765625 0.31328125 0.312890625 0.4171875\n0 0.5 0.5 1 1\n',
    );
    expect(toYolo([dog], image, { classes, confidence: true })).toBe('0 0.5 0.5 1 1 0.5\n');
    expect(toYolo([dog], image, { classes, format: 'segment' })).toBe('0 0 0 1 0 1 1 0 1\n');
    expect(toYolo([], image, { classes })).toBe('');
  });

  it('never writes an exponent', () => {
    const tiny = { ...dog, score: 1e-9, box: { xmin: 0, ymin: 0, xmax: 1e-5, ymax: 1 } };
    const line = toYolo([tiny], image, { classes, confidence: true });
    expect(line).not.toContain('e');
    expectSame(fromYolo(line, image, { classes }), [tiny]);
  });

  it('comes back as boxes', () => {
    fc.assert(
      fc.property(anyScene, ({ size, detections }) => {
        const list = [...new Set(detections.map(({ label }) => label))];
        const lines = toYolo(detections, size, { classes: list, confidence: true });
        const back = fromYolo(lines, size, { classes: list });
        expect(back.map(({ label }) => label)).toEqual(detections.map(({ label }) => label));
        const rescored = back.map((each, i) => ({ ...each, score: detections[i]?.score ?? 0 }));
        expectSame(rescored, detections);
        back.forEach(({ score }, i) => {
          expect(score).toBeCloseTo(detections[i]?.score ?? 0, 15);
        });
      }),
    );
  });

  it('comes back as outlines, with and without confidence', () => {
    for (const confidence of [true, false]) {
      const polygons = { tolerance: 0, minShare: 0 };
      const lines = toYolo([cat], image, { classes, format: 'segment', confidence, polygons });
      const [back] = fromYolo(lines, image, { classes });
      expect(back).toMatchObject({ label: 'cat', score: confidence ? 0.875 : 1 });
      expect(maskIou((back as Segment).mask, cat.mask)).toBe(1);
    }
  });

  it('returns an object with an empty mask the corners of its box', () => {
    const empty = { ...cat, mask: Mask.fromRle({ size: [480, 640], counts: [480 * 640] }) };
    const [back] = fromYolo(toYolo([empty], image, { classes, format: 'segment' }), image, {
      classes,
    });
    expectSame([back as Detection], [{ ...cat, score: 1 }]);
  });

  it.each([
    ['1 0.5 0.5 1', 'line 1'],
    ['\n\n0 0.5 x 1 1', 'line 3'],
    ['0 0.5 0.5 1 NaN', 'line 1'],
    ['2 0.5 0.5 1 1', 'classes'],
    ['0.5 0.5 0.5 1 1', 'classes'],
  ])('refuses %j', (text, subject) => {
    expect(() => fromYolo(text, image, { classes })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_RANGE', subject }),
    );
  });
});

describe('Pascal VOC', () => {
  it('counts pixels from 1, the last one included', () => {
    const xml = toPascalVoc([cat, dog], image, { fileName: 'a & b.jpg' });
    expect(xml).toContain('<filename>a &amp; b.jpg</filename>');
    expect(xml.match(/<bndbox>[\s\S]*?<\/bndbox>/g)?.map((each) => each.match(/\d+/g))).toEqual([
      ['102', '51', '301', '251'],
      ['1', '1', '640', '480'],
    ]);
    const { fileName, image: size, detections } = fromPascalVoc(xml);
    expect([fileName, size]).toEqual(['a & b.jpg', image]);
    expectSame(
      detections,
      [
        { ...cat, score: 1 },
        { ...dog, score: 1 },
      ],
      0.5,
    );
    expect(fromPascalVoc(toPascalVoc([], image, { fileName: 'x' })).detections).toEqual([]);
  });

  it('comes back with decimals and confidence, whatever the boxes and labels', () => {
    fc.assert(
      fc.property(anyScene, ({ size, detections }) => {
        const options = { fileName: 'x.png', coordinates: 'exact', confidence: true } as const;
        expectSame(fromPascalVoc(toPascalVoc(detections, size, options)).detections, detections);
      }),
    );
  });

  it('keeps labels with the characters of XML', () => {
    for (const label of ['<a href="x">&amp;</a>', ']]>', " it's\t\r\n ", '猫 😀', '']) {
      const xml = toPascalVoc([{ ...dog, label }], image, { fileName: 'x' });
      expect(fromPascalVoc(xml).detections[0]?.label).toBe(label);
    }
  });

  it.each(['a\u0000b', 'a\u001bb', '\ud83d', '\ufffe'])('refuses the label %j', (label) => {
    expect(() => toPascalVoc([{ ...dog, label }], image, { fileName: 'x' })).toThrow(rangeError);
  });

  it('keeps a box narrower than a pixel as a pixel', () => {
    const thin = { ...dog, box: { xmin: 9.6, ymin: 5, xmax: 9.7, ymax: 7 } };
    const [back] = fromPascalVoc(toPascalVoc([thin], image, { fileName: 'x' })).detections;
    expect(back?.box).toEqual({ xmin: 10, ymin: 5, xmax: 11, ymax: 7 });
  });

  it('reads what other tools write', () => {
    const xml = `\ufeff<?xml version="1.0" encoding="utf-8"?>
<!-- <object> -->
<annotation verified="yes > no">
  <filename>a.jpg</filename><path/>
  <size><width>20</width><height> 10 </height><depth>3</depth></size>
  <object><part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>
    <name><![CDATA[cat & dog]]>&#33;&#x1F600;</name>
    <bndbox><xmax>4.5</xmax><xmin>2</xmin><ymin>3</ymin><ymax>9</ymax></bndbox></object>
</annotation>`;
    expect(fromPascalVoc(xml)).toEqual({
      fileName: 'a.jpg',
      image: { width: 20, height: 10 },
      detections: [
        { label: 'cat & dog!😀', score: 1, box: { xmin: 1, ymin: 2, xmax: 4.5, ymax: 9 } },
      ],
    });
  });

  it.each([
    '',
    'text',
    '<annotation>',
    '<annotation></annotatio>',
    '<a></a><b></b>',
    '<a/>',
    '<annotation/>',
    '<!DOCTYPE a [<!ENTITY x "y">]><annotation/>',
    '<annotation>&x;</annotation>',
    '<annotation>&#x110000;</annotation>',
    '<annotation>&lt</annotation>',
    '<annotation><size><width>x</width><height>1</height></size></annotation>',
  ])('refuses %j', (xml) => {
    expect(() => fromPascalVoc(xml)).toThrow(rangeError);
  });
});

describe('arrays and relative boxes', () => {
  it('come back exactly as arrays', () => {
    expect(toXyxy([cat])).toEqual([
      { xyxy: [100.5, 50.25, 300.75, 250.5], confidence: 0.875, class: 'cat' },
    ]);
    fc.assert(
      fc.property(anyScene, ({ detections }) => {
        expect(fromXyxy(JSON.parse(JSON.stringify(toXyxy(detections))))).toEqual(detections);
      }),
    );
    expect(() => fromXyxy([{ xyxy: [1, 2, 3] } as never])).toThrow(rangeError);
  });

  it('are relative to the picture', () => {
    expect(toNormalized([dog], image)[0]?.box).toEqual({ xmin: 0, ymin: 0, xmax: 1, ymax: 1 });
    expect(toNormalized([cat], image)[0]?.box.ymin).toBe(50.25 / 480);
    fc.assert(
      fc.property(anyScene, ({ size, detections }) => {
        expectSame(fromNormalized(toNormalized(detections, size), size), detections);
      }),
    );
  });
});

describe('every format', () => {
  const bad = { ...dog, box: { ...dog.box, xmax: Number.NaN } };

  it.each([
    ['COCO results', (all: Detection[]) => toCocoResults(all, { imageId: 1, categories: classes })],
    ['COCO', (all: Detection[]) => toCocoAnnotations([{ fileName: 'a', image, detections: all }])],
    ['Roboflow', (all: Detection[]) => toRoboflow(all, image)],
    ['YOLO', (all: Detection[]) => toYolo(all, image, { classes })],
    ['Pascal VOC', (all: Detection[]) => toPascalVoc(all, image, { fileName: 'a' })],
    ['arrays', (all: Detection[]) => toXyxy(all)],
    ['relative boxes', (all: Detection[]) => toNormalized(all, image)],
  ])('%s refuses a box that is not finite', (_, write) => {
    expect(write([dog])).toBeTruthy();
    expect(() => write([bad])).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_RANGE',
        subject: expect.stringMatching(/detections\[0\]\.box\.xmax$/),
      }),
    );
  });

  it.each([
    ['COCO results', () => toCocoResults([dog], { imageId: 1, categories: ['cat'] }), 'categories'],
    [
      'COCO',
      () => toCocoAnnotations([{ fileName: 'a', image, detections: [dog] }], { categories: [] }),
      'categories',
    ],
    ['Roboflow', () => toRoboflow([dog], image, { classes: ['cat'] }), 'classes'],
    ['YOLO', () => toYolo([dog], image, { classes: ['cat', 'cat'] }), 'classes'],
    ['YOLO', () => toYolo([dog], image, { classes: ['cat'] }), 'classes'],
  ])(
    '%s refuses a label that is not in the list, or a list with a label twice',
    (_, write, subject) => {
      expect(write).toThrow(expect.objectContaining({ code: 'ERR_OPTION_RANGE', subject }));
    },
  );
});
