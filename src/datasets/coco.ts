/** COCO annotation files, those of Roboflow exports too: one row for each picture, with all that is in it. */
import { PaliGemmaError } from '../errors.js';
import { fromCocoAnnotations } from '../results/formats/coco.js';
import { badRow } from './faults.js';
import { pictureFolder, picturePath } from './picture-folder.js';
import type { Fields } from './record.js';
import type { RowSource } from './rows.js';

export function isCoco(document: Fields): boolean {
  return ['images', 'annotations', 'categories'].every((name) => Array.isArray(document[name]));
}

/**
 * Rows ask to detect all categories, as Roboflow's exports for PaliGemma do. Annotations of crowds are left out. A COCO
 * document is one value: what is wrong in it is an error of the whole file.
 */
export function cocoSource(file: string, split: string | undefined, document: Fields): RowSource {
  return {
    file,
    split,
    async *rows({ onBadRow, signal }) {
      let parsed: ReturnType<typeof fromCocoAnnotations>;
      try {
        parsed = fromCocoAnnotations(withoutGroup(document));
      } catch (error) {
        if (!(error instanceof PaliGemmaError)) throw error;
        const { subject = 'the document', found = 'wrong', expected = 'COCO' } = error;
        const bad = badRow({ file }, subject, found, expected, error);
        if (onBadRow === undefined) throw bad;
        onBadRow(bad);
        return;
      }
      const labels = parsed.categories.map(({ name }) => name);
      const names = parsed.images.map(({ fileName }) => fileName);
      const folder = await pictureFolder(file, names, split);
      for (const [i, { fileName, image: size, detections }] of parsed.images.entries()) {
        signal?.throwIfAborted();
        yield {
          place: { file, entry: `images[${i}]` },
          split,
          image: picturePath(folder, fileName),
          request: { kind: 'task', task: 'detect', arguments: { labels } },
          expected: { kind: 'objects', size, objects: detections },
        };
      }
    },
  };
}

/** Without the category 0 of Roboflow, which is the name of the group of the others: nothing is annotated with it. */
function withoutGroup(document: Fields): Fields {
  const categories = document['categories'] as readonly Partial<Fields>[];
  const annotations = document['annotations'] as readonly Partial<Fields>[];
  const isGroup = (category: Partial<Fields> | null): boolean =>
    category?.['id'] === 0 &&
    categories.some((one) => one !== category && one?.['supercategory'] === category['name']) &&
    !annotations.some((one) => one?.['category_id'] === 0);
  return { ...document, categories: categories.filter((category) => !isGroup(category)) };
}
