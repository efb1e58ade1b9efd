/** Rows of JSON lines, CSV and Parquet: the same names mean the same in all of them. */
import path from 'node:path';
import { documentRow } from './documents.js';
import { badRow, shownOr } from './faults.js';
import { picturePath } from './picture-folder.js';
import { pictureName } from './pictures.js';
import { referenceRow } from './references.js';
import type { Expected, Place, Row, RowRequest } from './rows.js';
import { type Fields, givenAnswers, plainFields, textOrWhole } from './values.js';

/** Where a record is, beside its place. */
interface Around {
  /** The JSON that it is written in. */
  readonly source?: string | undefined;
  readonly split: string | undefined;
  /** All labels of the data set. */
  readonly labels: () => Promise<readonly string[]>;
}

type Picture = Pick<Row, 'image' | 'bytes'>;
type Asked = Pick<Row, 'request' | 'expected'>;

/** Names for the picture; the first is ours, the second that of Hugging Face's image folders. */
const IMAGE_NAMES = ['image', 'file_name', 'images'];

/** How names are read, in the order in which they are looked for. The first name decides. */
const FORMS: readonly {
  /** Names that the form uses; `needed` are those that it cannot be without. */
  readonly needed: readonly string[];
  readonly others?: readonly string[];
  readonly read: (fields: Fields, place: Place, around: Around & Picture) => Asked | Promise<Asked>;
}[] = [
  {
    needed: ['prefix', 'suffix'],
    read: (fields, place) => ({
      request: { kind: 'prompt', prompt: textOf(fields, 'prefix', place) },
      expected: { kind: 'text', answers: [textOf(fields, 'suffix', place)] },
    }),
  },
  {
    needed: ['question', 'answer'],
    others: ['answers', 'multiple_choice_answer'],
    read: (fields, place) => ({
      request: ask(textOf(fields, 'question', place)),
      expected: answersOf(fields, place),
    }),
  },
  {
    // ChartQA
    needed: ['query', 'label'],
    read: (fields, place) => ({
      request: ask(textOf(fields, 'query', place)),
      expected: oneOrMore(fields, 'label', place),
    }),
  },
  {
    needed: ['phrase', 'box'],
    others: ['bbox', 'segmentation', 'width', 'height'],
    read: (fields, place, { image, bytes }) =>
      referenceRow(textOf(fields, 'phrase', place), fields, place, { image, bytes }),
  },
  {
    needed: ['caption'],
    read: (fields, place) => ({
      request: { kind: 'task', task: 'caption', arguments: {} },
      expected: oneOrMore(fields, 'caption', place),
    }),
  },
  {
    needed: ['text'],
    read: (fields, place) => ({
      request: { kind: 'task', task: 'ocr', arguments: {} },
      expected: oneOrMore(fields, 'text', place),
    }),
  },
  {
    needed: ['fields'],
    read: (fields, place, { source }) => documentRow(fields['fields'], 'fields', place, source),
  },
  {
    needed: ['ground_truth'],
    read: (fields, place, { source }) =>
      documentRow(fields['ground_truth'], 'ground_truth', place, source),
  },
  { needed: ['label'], others: ['labels'], read: labelled },
];

const EXPECTED_NAMES = FORMS.map(({ needed }) => needed.join(' and ')).join(', or ');

/** @throws ERR_DATASET that names the place */
export async function rowOf(fields: Fields, place: Place, around: Around): Promise<Row> {
  const imageName = IMAGE_NAMES.find((name) => isGiven(fields, name)) ?? 'image';
  const picture = pictureOf(fields[imageName], imageName, place);
  const form = FORMS.find(({ needed: [first = ''] }) => isGiven(fields, first));
  if (form === undefined) {
    const found = `an entry with ${Object.keys(fields).join(', ') || 'nothing'}`;
    throw badRow(place, 'the row', found, `${EXPECTED_NAMES} beside ${imageName}`);
  }
  const { needed, others = [], read } = form;
  return {
    ...{ place, split: around.split, ...picture },
    ...(await read(fields, place, { ...around, ...picture })),
    fields: plainFields(fields, [imageName, ...needed, ...others]),
  };
}

const isGiven = (fields: Fields, name: string): boolean =>
  fields[name] !== undefined && fields[name] !== null;

export function ask(question: string): RowRequest {
  return { kind: 'task', task: 'ask', arguments: { question } };
}

function answersOf(fields: Fields, place: Place): Expected {
  if (!isGiven(fields, 'answers')) {
    const name = isGiven(fields, 'answer') ? 'answer' : 'multiple_choice_answer';
    return oneOrMore(fields, isGiven(fields, name) ? name : 'answer', place);
  }
  const [first, ...rest] = givenAnswers(fields['answers'], fields['multiple_choice_answer']);
  if (first === undefined || !isListOfAnswers(fields['answers'])) {
    throw badRow(place, 'answers', shownOr(fields['answers']), 'an array of at least one text');
  }
  return { kind: 'text', answers: [first, ...rest] };
}

const isListOfAnswers = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((one) => textOrWhole((one as Fields | null)?.['answer'] ?? one) !== undefined);

/** A text, a whole number, or a list of at least one of them. */
function oneOrMore(fields: Fields, name: string, place: Place): Expected {
  const value = fields[name];
  const list = Array.isArray(value) ? value : [value];
  const [first, ...rest] = list.map(textOrWhole);
  if (first === undefined || rest.includes(undefined)) {
    throw badRow(place, name, shownOr(value), 'text');
  }
  return { kind: 'text', answers: [first, ...(rest as string[])] };
}

async function labelled(fields: Fields, place: Place, around: Around): Promise<Asked> {
  const label = textOrWhole(fields['label']);
  if (label === undefined) throw badRow(place, 'label', shownOr(fields['label']), 'text');
  const labels = isGiven(fields, 'labels') ? labelsIn(fields, place) : await around.labels();
  if (!labels.includes(label)) {
    throw badRow(place, 'label', shownOr(label), `one of labels: ${labels.join(', ')}`);
  }
  return {
    request: { kind: 'task', task: 'classify', arguments: { labels: [...labels] } },
    expected: { kind: 'label', label, labels },
  };
}

function labelsIn(fields: Fields, place: Place): readonly string[] {
  const { labels } = fields;
  if (Array.isArray(labels) && labels.every((one) => typeof one === 'string')) return labels;
  throw badRow(place, 'labels', shownOr(labels), 'an array of texts');
}

/** A path, relative to the file; in Parquet also the bytes of the picture, with or without a path. */
function pictureOf(value: unknown, name: string, place: Place): Picture {
  if (Array.isArray(value) && value.length !== 1) {
    throw badRow(place, name, `${value.length} pictures`, 'one');
  }
  const one: unknown = Array.isArray(value) ? value[0] : value;
  const { bytes = one, path: given = one } = one instanceof Object ? (one as Fields) : {};
  if (bytes instanceof Uint8Array) {
    return { image: path.join(place.file, pictureName(bytes, given)), bytes };
  }
  if (typeof given !== 'string') throw badRow(place, name, shownOr(one), 'text');
  if (given === '' || given.includes('\0')) {
    throw badRow(place, name, shownOr(given), 'the path of a picture');
  }
  return { image: picturePath(path.dirname(place.file), given) };
}

function textOf(fields: Fields, name: string, place: Place): string {
  const value = fields[name];
  if (typeof value !== 'string') throw badRow(place, name, shownOr(value), 'text');
  if (!value.includes('\0')) return value;
  throw badRow(place, name, shownOr(value), 'text without NUL characters');
}
