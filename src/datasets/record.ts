/** Rows of JSON lines and of CSV: the same names mean the same in both. */
import path from 'node:path';
import { badRow, shownOr } from './faults.js';
import { picturePath } from './picture-folder.js';
import type { Expected, Place, Row, RowFields, RowRequest } from './rows.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Names for the picture; the first is ours, the second that of Hugging Face's image folders. */
const IMAGE_NAMES = ['image', 'file_name'];

/** How pairs of names are read, in the order in which they are looked for. The first name decides. */
const FORMS: readonly {
  readonly names: readonly string[];
  readonly read: (fields: Fields, place: Place) => Pick<Row, 'request' | 'expected'>;
}[] = [
  {
    names: ['prefix', 'suffix'],
    read: (fields, place) => ({
      request: { kind: 'prompt', prompt: textOf(fields, 'prefix', place) },
      expected: answers(textOf(fields, 'suffix', place)),
    }),
  },
  {
    names: ['question', 'answer'],
    read: (fields, place) => ({
      request: ask(textOf(fields, 'question', place)),
      expected:
        fields['answers'] === undefined
          ? answers(textOf(fields, 'answer', place))
          : { kind: 'text', answers: textsOf(fields, 'answers', place) },
    }),
  },
  {
    names: ['caption'],
    read: (fields, place) => ({
      request: { kind: 'task', task: 'caption', arguments: {} },
      expected: answers(textOf(fields, 'caption', place)),
    }),
  },
  {
    names: ['text'],
    read: (fields, place) => ({
      request: { kind: 'task', task: 'ocr', arguments: {} },
      expected: answers(textOf(fields, 'text', place)),
    }),
  },
];

const EXPECTED_NAMES = FORMS.map(({ names }) => names.join(' and ')).join(', or ');

/** @throws ERR_DATASET that names the place */
export function rowOf(fields: Fields, place: Place, split: string | undefined): Row {
  const imageName = IMAGE_NAMES.find((name) => fields[name] !== undefined) ?? 'image';
  const image = textOf(fields, imageName, place);
  if (image === '' || image.includes('\0')) {
    throw badRow(place, imageName, shownOr(image), 'the path of a picture');
  }
  const form = FORMS.find(({ names: [first = ''] }) => fields[first] !== undefined);
  if (form === undefined) {
    const found = `an entry with ${Object.keys(fields).join(', ') || 'nothing'}`;
    throw badRow(place, 'the row', found, `${EXPECTED_NAMES} beside ${imageName}`);
  }
  return {
    place,
    split,
    image: picturePath(path.dirname(place.file), image),
    ...form.read(fields, place),
    fields: plainFields(fields, [imageName, ...form.names, 'answers']),
  };
}

/** Texts, numbers and truth values of an entry, without those called `used`. */
export function plainFields(fields: Fields, used: readonly string[]): RowFields {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) =>
        !used.includes(name) && ['string', 'number', 'boolean'].includes(typeof value),
    ),
  ) as RowFields;
}

export function ask(question: string): RowRequest {
  return { kind: 'task', task: 'ask', arguments: { question } };
}

function answers(text: string): Expected {
  return { kind: 'text', answers: [text] };
}

function textOf(fields: Fields, name: string, place: Place): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw badRow(place, name, shownOr(value), 'text');
}

/** At least one text. */
function textsOf(fields: Fields, name: string, place: Place): [string, ...string[]] {
  const value = fields[name];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) {
    const [first, ...rest] = value as string[];
    if (first !== undefined) return [first, ...rest];
  }
  throw badRow(place, name, shownOr(value), 'an array of at least one text');
}
