/** COCO annotation files, those of Roboflow exports too: one row for each picture, with all that is in it. */
import { PaliGemmaError } from '../errors.js';
import { fromCocoAnnotations } from '../results/formats/coco.js';
import { badRow, shownOr } from './faults.js';
import { pictureFolder, picturePath } from './picture-folder.js';
import type { Fields } from './record.js';
import type { RowSource } from './rows.js';

const LISTS = ['images', 'annotations', 'categories'] as const;

export function isCoco(document: Fields): boolean {
  return LISTS.every((name) => Array.isArray(document[name]));
}

/**
 * Rows ask to detect all categories, as Roboflow's exports for PaliGemma do. Annotations of crowds are left out. A picture
 * with a malformed annotation is a malformed row. Masks are made picture by picture: those of a whole set fit no memory.
 */
export function cocoSource(file: string, split: string | undefined, document: Fields): RowSource {
  return {
    file,
    split,
    async *rows({ onBadRow, signal }) {
      const refuse = (error: Error): void => {
        if (onBadRow === undefined) throw error;
        onBadRow(error);
      };
      const { images, categories, annotations } = withoutGroup(document);
      const known = attempt(file, () =>
        fromCocoAnnotations({ categories, images: [], annotations: [] }),
      );
      if (known instanceof Error) return refuse(known);
      const labels = known.categories.map(({ name }) => name);
      const byImage = new Map<unknown, number[]>();
      for (const [k, annotation] of annotations.entries()) {
        const id = annotation?.['image_id'];
        const own = byImage.get(id);
        if (own) own.push(k);
        else byImage.set(id, [k]);
      }
      const names = images.slice(0, 3).map((entry) => String(entry?.['file_name']));
      const folder = await pictureFolder(file, names, split);
      const ids = new Set<unknown>();
      for (const [i, image] of images.entries()) {
        signal?.throwIfAborted();
        const entry = `images[${i}]`;
        const id = image?.['id'];
        if (ids.has(id)) {
          refuse(badRow({ file }, `${entry}.id`, `${shownOr(id)} again`, 'each id once'));
          continue;
        }
        ids.add(id);
        const own = byImage.get(id) ?? [];
        const one = { categories, images: [image], annotations: own.map((k) => annotations[k]) };
        const read = attempt(file, () => fromCocoAnnotations(one), { image: i, annotations: own });
        if (read instanceof Error) {
          refuse(read);
          continue;
        }
        for (const { fileName, image: size, detections } of read.images) {
          yield {
            place: { file, entry },
            split,
            image: picturePath(folder, fileName),
            request: { kind: 'task', task: 'detect', arguments: { labels } },
            expected: { kind: 'objects', size, objects: detections },
          };
        }
      }
      for (const [id, [first = 0]] of byImage) {
        if (ids.has(id)) continue;
        const subject = `annotations[${first}].image_id`;
        refuse(badRow({ file }, subject, shownOr(id), 'the id of an image'));
      }
    },
  };
}

/** What `read` returns, or its error with the file, and the places of the whole document. */
function attempt<T>(
  file: string,
  read: () => T,
  places?: { readonly image: number; readonly annotations: readonly number[] },
): T | Error {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PaliGemmaError)) throw error;
    const { subject = 'the document', found = 'wrong', expected = 'COCO' } = error;
    const place = subject
      .replace(/^image(s\[0\])?(?=\.|$)/, () => `images[${places?.image}]`)
      .replace(/^annotations\[(\d+)\]/, (_, k) => `annotations[${places?.annotations[Number(k)]}]`);
    return badRow({ file }, place, found, expected, error);
  }
}

type Entry = Fields | null | undefined;

/** Without the category 0 of Roboflow, which is the name of the group of the others: nothing is annotated with it. */
function withoutGroup(
  document: Fields,
): Readonly<Record<(typeof LISTS)[number], readonly Entry[]>> {
  // isCoco has looked.
  const lists = document as Record<(typeof LISTS)[number], readonly Entry[]>;
  const { categories, annotations } = lists;
  const isGroup = (category: Entry): boolean =>
    category?.['id'] === 0 &&
    categories.some((one) => one !== category && one?.['supercategory'] === category['name']) &&
    !annotations.some((one) => one?.['category_id'] === 0);
  return { ...lists, categories: categories.filter((category) => !isGroup(category)) };
}
