/** VQA: a file of questions and one of annotations, joined by `question_id`. Source: visualqa.org, "Input Questions Format". */
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { badRow, shownOr } from './faults.js';
import { pictureFolder, picturePath } from './picture-folder.js';
import { ask } from './record.js';
import type { Place, Row, RowSource } from './rows.js';
import { type Fields, givenAnswers, plainFields } from './values.js';

export function isQuestions(document: Fields): boolean {
  return Array.isArray(document['questions']);
}

/** The annotations of COCO have no questions. */
export function isAnswers(document: Fields): boolean {
  const { annotations } = document as { readonly annotations?: readonly (Fields | null)[] };
  return Array.isArray(annotations) && annotations[0]?.['question_id'] !== undefined;
}

export interface Document {
  readonly file: string;
  readonly document: Fields;
}

/** Every question with its answers. */
export function vqaSource(
  questions: Document,
  answers: Document,
  split: string | undefined,
): RowSource {
  const { file } = questions;
  return {
    ...{ file, split },
    async *content() {
      yield* createReadStream(file);
      yield* createReadStream(answers.file);
    },
    async *rows({ onBadRow, signal }) {
      const list = questions.document['questions'] as readonly (Fields | null)[];
      const subtype = subtypeOf(questions, list);
      const byId = new Map<unknown, Fields>();
      for (const entry of answers.document['annotations'] as readonly (Fields | null)[]) {
        if (entry !== null) byId.set(entry['question_id'], entry);
      }
      const names = list.slice(0, 3).map((entry) => pictureName(entry ?? {}, subtype) ?? '');
      const folder = await pictureFolder(file, names, split);
      for (const [i, entry] of list.entries()) {
        signal?.throwIfAborted();
        const place = { file, entry: `questions[${i}]` };
        let row: Row;
        try {
          row = read(entry ?? {}, place, { byId, answers: answers.file, subtype, folder, split });
        } catch (error) {
          if (onBadRow === undefined) throw error;
          onBadRow(error as Error);
          continue;
        }
        yield row;
      }
    },
  };
}

/** What the names of COCO's pictures have. Throws where they are needed and it is not there: no row could be read. */
function subtypeOf({ file, document }: Document, questions: readonly (Fields | null)[]): string {
  const { data_subtype: subtype } = document;
  if (typeof subtype === 'string' && subtype !== '') return subtype;
  const isNumbered = questions.some(
    (one) => typeof one?.['image'] !== 'string' && Number.isSafeInteger(one?.['image_id']),
  );
  if (!isNumbered) return '';
  const expected =
    'a text such as "val2014", of which the names of COCO’s pictures are made, or an image with a path in each question';
  throw badRow({ file }, 'data_subtype', shownOr(subtype), expected);
}

interface Around {
  readonly byId: ReadonlyMap<unknown, Fields>;
  readonly answers: string;
  readonly subtype: string;
  readonly folder: string;
  readonly split: string | undefined;
}

function read(entry: Fields, place: Place, around: Around): Row {
  const { question, question_id: id } = entry;
  if (typeof question !== 'string') throw badRow(place, 'question', shownOr(question), 'text');
  const name = pictureName(entry, around.subtype);
  if (name === undefined) {
    throw badRow(place, 'image_id', shownOr(entry['image_id']), 'an integer, or image with a path');
  }
  const annotation = around.byId.get(id);
  if (annotation === undefined) {
    const expected = `the question_id of an annotation in ${path.basename(around.answers)}`;
    throw badRow(place, 'question_id', shownOr(id), expected);
  }
  const { answers, multiple_choice_answer: usual } = annotation;
  const [first, ...rest] = givenAnswers(answers, usual);
  if (first === undefined) {
    const where = `the annotation of question ${shownOr(id)}`;
    throw badRow(place, where, 'without an answer', 'multiple_choice_answer or answers');
  }
  return {
    place,
    split: around.split,
    image: picturePath(around.folder, name),
    request: ask(question),
    expected: { kind: 'text', answers: [first, ...rest] },
    fields: {
      ...plainFields(entry, ['question', 'image', 'image_id']),
      // Such as question_type and answer_type.
      ...plainFields(annotation, ['image_id', 'multiple_choice_answer']),
    },
  };
}

/** `COCO_val2014_000000123456.jpg`, unless the question names its picture. */
function pictureName(entry: Fields, subtype: string): string | undefined {
  const { image, image_id: id } = entry;
  if (typeof image === 'string') return image;
  if (!Number.isSafeInteger(id)) return undefined;
  return `COCO_${subtype}_${String(id).padStart(12, '0')}.jpg`;
}
