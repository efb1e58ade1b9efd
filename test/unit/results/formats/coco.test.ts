/** COCO's two formats: what is written, what is read, and that nothing is lost on the way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromCocoAnnotations,
  fromCocoResults,
  toCocoAnnotations,
  toCocoResults,
} from '../../../../src/results/formats/coco.js';
import { isSegment, maskIou, type Segment } from '../../../../src/results/mask.js';
import {
  anyScene,
  cat,
  classes,
  dog,
  expectSame,
  expectSameMask,
  image,
  rangeError,
} from '../scenes.js';

describe('COCO results', () => {
  it('have the fields that loadRes reads', () => {
    expect(toCocoResults([cat, dog], { imageId: 7, categories: classes })).toEqual([
      {
        image_id: 7,
        category_id: 2,
        bbox: [100.5, 50.25, 200.25, 200.25],
        score: 0.875,
        segmentation: cat.mask.toRle(),
      },
      { image_id: 7, category_id: 1, bbox: [0, 0, 640, 480], score: 0.5 },
    ]);
    const [result] = toCocoResults([cat], {
      imageId: 7,
      categories: [{ id: 90, name: 'cat' }],
      segmentation: 'polygons',
    });
    expect(result?.category_id).toBe(90);
    expect(result?.segmentation).toEqual(cat.mask.toPolygons());
  });

  it('come back by picture, masks exact', () => {
    const text = JSON.stringify([
      ...toCocoResults([cat, dog], { imageId: 7, categories: classes }),
      ...toCocoResults([dog], { imageId: 3, categories: classes }),
    ]);
    const back = fromCocoResults(JSON.parse(text), { categories: classes });
    expect([...back.keys()]).toEqual([7, 3]);
    expectSame(back.get(7) ?? [], [cat, dog]);
    expectSameMask(back.get(7)?.[0], cat.mask);
    const [first] = back.get(7) ?? [];
    expect((first as Segment).mask.box).toEqual(cat.mask.box);
    expectSame(back.get(3) ?? [], [dog]);
  });

  it('of polygons need the size of the picture', () => {
    const results = toCocoResults([cat], {
      imageId: 7,
      categories: classes,
      segmentation: 'polygons',
    });
    expect(() => fromCocoResults(results, { categories: classes })).toThrow(rangeError);
    const images = new Map([[7, image]]);
    const [back] = fromCocoResults(results, { categories: classes, images }).get(7) ?? [];
    expect(maskIou((back as Segment).mask, cat.mask)).toBeGreaterThan(0.98);
  });
});

describe('COCO annotations', () => {
  it('are a whole document, numbered from 1', () => {
    const document = toCocoAnnotations([
      { fileName: 'a.jpg', image, detections: [cat, dog] },
      { id: 9, fileName: 'empty.jpg', image: { width: 5, height: 4 }, detections: [] },
    ]);
    expect(document.images).toEqual([
      { id: 1, file_name: 'a.jpg', width: 640, height: 480 },
      { id: 9, file_name: 'empty.jpg', width: 5, height: 4 },
    ]);
    expect(document.categories).toEqual([
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ]);
    expect(
      document.annotations.map(({ id, image_id, category_id }) => [id, image_id, category_id]),
    ).toEqual([
      [1, 1, 1],
      [2, 1, 2],
    ]);
    expect(document.annotations[0]?.area).toBe(cat.mask.area);
    expect(document.annotations[1]).toMatchObject({
      area: 640 * 480,
      iscrowd: 0,
      segmentation: [],
    });
  });

  it('come back, whatever the boxes and labels', () => {
    fc.assert(
      fc.property(fc.array(anyScene, { maxLength: 3 }), (scenes) => {
        const images = scenes.map(({ size, detections }, i) => {
          return { fileName: `${i}.png`, image: size, detections };
        });
        const back = fromCocoAnnotations(JSON.parse(JSON.stringify(toCocoAnnotations(images))));
        expect(back.images.map(({ fileName, image: size }) => [fileName, size])).toEqual(
          images.map(({ fileName, image: size }) => [fileName, size]),
        );
        for (const [i, { detections }] of images.entries()) {
          expectSame(back.images[i]?.detections ?? [], detections);
        }
      }),
    );
    const document = toCocoAnnotations([{ fileName: 'a.jpg', image, detections: [cat] }]);
    expectSameMask(fromCocoAnnotations(document).images[0]?.detections[0], cat.mask);
  });

  it('without scores have 1; crowds are left out unless asked for', () => {
    const annotation = { image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], segmentation: [] };
    const document = {
      images: [{ id: 1, file_name: 'a.jpg', width: 3, height: 2 }],
      categories: [{ id: 1, name: 'cat', supercategory: 'animal' }],
      annotations: [
        annotation,
        { ...annotation, iscrowd: 1, segmentation: { size: [2, 3], counts: [2, 3, 1] } },
      ],
    };
    const plain = { label: 'cat', score: 1, box: { xmin: 1, ymin: 2, xmax: 4, ymax: 6 } };
    expect(fromCocoAnnotations(document).images[0]?.detections).toEqual([plain]);
    expect(fromCocoAnnotations(document).categories).toEqual(document.categories);
    const [, crowd] =
      fromCocoAnnotations(document, { includeCrowds: true }).images[0]?.detections ?? [];
    expect(crowd && isSegment(crowd) && crowd.mask.area).toBe(3);
  });

  it.each([
    [
      'a picture twice',
      {
        images: [
          { id: 1, file_name: 'a', width: 1, height: 1 },
          { id: 1, file_name: 'b', width: 1, height: 1 },
        ],
        categories: [],
        annotations: [],
      },
      'images[1].id',
    ],
    [
      'an unknown picture',
      {
        images: [],
        categories: [{ id: 1, name: 'a' }],
        annotations: [{ image_id: 4, category_id: 1, bbox: [0, 0, 1, 1] }],
      },
      'annotations[0].image_id',
    ],
    [
      'an unknown category',
      {
        images: [{ id: 1, file_name: 'a', width: 1, height: 1 }],
        categories: [],
        annotations: [{ image_id: 1, category_id: 1, bbox: [0, 0, 1, 1] }],
      },
      'annotations[0].category_id',
    ],
    [
      'a category twice',
      {
        images: [],
        categories: [
          { id: 1, name: 'a' },
          { id: 2, name: 'a' },
        ],
        annotations: [],
      },
      'categories',
    ],
    [
      'a short box',
      {
        images: [{ id: 1, file_name: 'a', width: 1, height: 1 }],
        categories: [{ id: 1, name: 'a' }],
        annotations: [{ image_id: 1, category_id: 1, bbox: [0, 0, 1] }],
      },
      'annotations[0].bbox',
    ],
    [
      'neither box nor mask',
      {
        images: [{ id: 1, file_name: 'a', width: 1, height: 1 }],
        categories: [{ id: 1, name: 'a' }],
        annotations: [{ image_id: 1, category_id: 1 }],
      },
      'annotations[0]',
    ],
    [
      'a mask of another picture',
      {
        images: [{ id: 1, file_name: 'a', width: 1, height: 1 }],
        categories: [{ id: 1, name: 'a' }],
        annotations: [
          { image_id: 1, category_id: 1, segmentation: { size: [2, 3], counts: '231' } },
        ],
      },
      'annotations[0].segmentation.size',
    ],
  ])('refuse %s', (_, document, subject) => {
    expect(() => fromCocoAnnotations(document)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_RANGE', subject }),
    );
  });

  it.each([
    [null, 'document'],
    [{}, 'categories'],
    [{ categories: [{ id: 'x' }] }, 'categories[0].id'],
  ])('refuse %j, which is no document', (document, subject) => {
    expect(() => fromCocoAnnotations(document)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_TYPE', subject }),
    );
  });
});
