/** Where the pictures of an annotation file are: COCO and VQA keep them in folders that the file does not name. */
import { access } from 'node:fs/promises';
import path from 'node:path';

/**
 * The first folder that has one of the first pictures: the file's own, `images`, and those named after the file
 * (`val2017` for `annotations/instances_val2017.json`) or the split, beside it or one folder up. The file's own when
 * none has.
 */
export async function pictureFolder(
  file: string,
  pictures: readonly string[],
  split: string | undefined,
): Promise<string> {
  const own = path.dirname(file);
  const set = /(?:train|val|valid|test)\d*/.exec(path.basename(file))?.[0];
  const names = ['images', set, split].filter((name): name is string => name !== undefined);
  const folders = [
    own,
    ...[own, path.dirname(own)].flatMap((parent) =>
      names.flatMap((name) => [path.join(parent, name), path.join(parent, 'images', name)]),
    ),
  ];
  for (const folder of folders) {
    for (const picture of pictures.slice(0, 3)) {
      const isThere = await access(picturePath(folder, picture)).then(
        () => true,
        () => false,
      );
      if (isThere) return folder;
    }
  }
  return own;
}

/** The path of a picture that is named relative to `folder`, as relative as that is. */
export function picturePath(folder: string, picture: string): string {
  return path.isAbsolute(picture) ? picture : path.join(folder, picture);
}
