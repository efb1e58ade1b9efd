/** Crops of the user's own: Roboflow's exports (COCO, cut at their boxes), or rows of pictures and their texts. */
import { access, constants, readFile } from 'node:fs/promises';
import path from 'node:path';
import { badRow } from '../../../datasets/faults.js';
import { openDataset } from '../../../datasets/open.js';
import { pictureFolder, picturePath } from '../../../datasets/picture-folder.js';
import { type Place, placeText, type RowSource } from '../../../datasets/rows.js';
import { makeError, PaliGemmaError } from '../../../errors.js';
import { loadSharp } from '../../../load-sharp.js';
import { fileFault } from '../../../options/file-fault.js';
import { showPath, showValue } from '../../../options/show.js';
import { type Box, cut, type Picture } from './picture.js';

/** `domain`: what no other data of the run is called. */
export async function* folderPictures(
  data: string,
  domain: string,
  signal: AbortSignal,
): AsyncGenerator<Picture, void> {
  const dataset = await openDataset(data);
  const folder = path.dirname(path.resolve(data));
  if (dataset.format === 'coco') {
    // Pictures of two splits may have the same name, and two lists of boxes the same pictures.
    for (const { file, split } of dataset.sources) {
      yield* annotated({ file, split }, domain, path.relative(folder, path.resolve(file)));
    }
    return;
  }
  for await (const { place, image, request, expected } of dataset.rows({ signal })) {
    const id = placeText({ ...place, file: path.relative(folder, path.resolve(place.file)) });
    const isPrinted = request.kind === 'prompt' || request.task === 'ocr';
    if (expected.kind !== 'text' || !isPrinted) {
      const found = isPrinted ? expected.kind : 'the answer to a question';
      const message = `${id} has ${found} for its picture, not the text that is printed in it`;
      throw makeError('ERR_DATASET', message, {
        ...{ name: id, found, expected: 'the text of the picture, as text' },
      });
    }
    const [truth] = expected.answers;
    const png = await loadSharp()(image).rotate().png().toBuffer().catch(unreadable(image, place));
    yield { id: `${domain}/${id}`, domain, group: image, split: undefined, truth, png };
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** The text of a box is its attribute `text` or `transcription`, its only attribute, else the name of its category. */
async function* annotated(
  { file, split }: Pick<RowSource, 'file' | 'split'>,
  domain: string,
  shown: string,
): AsyncGenerator<Picture, void> {
  // openDataset has read it, and seen the three lists.
  const document = JSON.parse((await readFile(file, 'utf8')).replace(/^\ufeff/, '')) as Readonly<
    Record<'images' | 'annotations' | 'categories', readonly (Fields | null)[]>
  >;
  const names = new Map(document.categories.map((one) => [one?.['id'], one?.['name']]));
  const images = new Map(document.images.map((one) => [one?.['id'], one?.['file_name']]));
  const named = [...images.values()].slice(0, 3).map(String);
  const folder = await pictureFolder(file, named, split);
  for (const [i, annotation] of document.annotations.entries()) {
    const place = `annotations[${i}]`;
    const { image_id, category_id, bbox } = annotation ?? {};
    const name = images.get(image_id);
    if (typeof name !== 'string') {
      throw badRow(
        { file },
        `${place}.image_id`,
        showValue(image_id),
        'the id of an image with file_name',
      );
    }
    if (!isBox(bbox)) throw badRow({ file }, `${place}.bbox`, showValue(bbox), 'four numbers');
    const truth = attributeText(annotation) ?? names.get(category_id);
    if (typeof truth !== 'string') {
      throw badRow(
        { file },
        `${place}.category_id`,
        showValue(category_id),
        'a category with a name',
      );
    }
    const image = picturePath(folder, name);
    const png = await cut(image, bbox).catch(unreadable(image, { file, entry: place }));
    if (!png) throw badRow({ file }, `${place}.bbox`, 'outside the picture', 'a part of it');
    const id = `${domain}/${shown}:${place}`;
    yield { id, domain, group: image, split: undefined, truth, png };
  }
}

function attributeText(annotation: Fields | null): string | undefined {
  const attributes = annotation?.['attributes'];
  if (typeof attributes !== 'object' || attributes === null) return undefined;
  const { text, transcription } = attributes as Fields;
  const own = text ?? transcription;
  if (typeof own === 'string') return own;
  const texts = Object.values(attributes).filter((value) => typeof value === 'string');
  return texts.length === 1 ? texts[0] : undefined;
}

const isBox = (value: unknown): value is Box =>
  Array.isArray(value) && value.length === 4 && value.every(Number.isFinite);

const unreadable =
  (file: string, place: Place) =>
  async (cause: unknown): Promise<never> => {
    if (cause instanceof PaliGemmaError) throw cause;
    const fault = await access(file, constants.R_OK).then(
      () => 'no picture that can be decoded',
      (error: NodeJS.ErrnoException) =>
        error.code === 'ENOENT' ? 'not there' : `a file that cannot be read: ${fileFault(error)}`,
    );
    throw badRow(place, `the picture ${showPath(file)}`, fault, 'a picture', cause);
  };
