/** Answers from a file: how rows are named, and what is no file of answers. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readAnswers } from '../../../src/evaluation/answering.js';
import type { Question } from '../../../src/evaluation/rows.js';
import { folderWith } from '../../support/folder.js';

function fileWith(text: string): string {
  const file = path.join(folderWith({}), 'answers.jsonl');
  writeFileSync(file, text);
  return file;
}

const question = (index: number): Question => ({
  ...{ index, id: `rows.jsonl:${index + 1}`, image: 'a.png', truths: ['x'] },
  request: { kind: 'prompt', prompt: 'ocr' },
});

const { signal } = new AbortController();

it('rows have their names or their numbers; lines may be empty, and end as on Windows', async () => {
  const file = fileWith(
    '\ufeff{"id":"rows.jsonl:1","answer":""}\r\n\r\n{"id":1,"answer":"b","seconds":0.25}',
  );
  const answer = await readAnswers(file);
  expect(await answer(question(0), signal)).toEqual({ answer: '' });
  expect(await answer(question(1), signal)).toEqual({ answer: 'b', seconds: 0.25 });
  await expect(answer(question(2), signal)).rejects.toMatchObject({
    code: 'ERR_DATASET',
    message: expect.stringContaining('has no answer to rows.jsonl:3'),
  });
});

it.each([
  ['{', 1, 'no JSON'],
  ['{"id":"a","answer":"b"}\n[]', 2, 'without an id'],
  ['null', 1, 'without an id'],
  ['{"id":"a"}', 1, 'without a text as answer'],
  ['{"id":"a","answer":5}', 1, 'without a text as answer'],
  ['{"id":"a","answer":"b","seconds":"1"}', 1, 'with "1" as seconds'],
  ['{"id":"a","answer":"b"}\n{"id":"a","answer":"c"}', 2, '"a" again'],
])('%j is refused at line %i', async (text, line, words) => {
  const file = fileWith(text);
  await expect(readAnswers(file)).rejects.toMatchObject({
    code: 'ERR_DATASET',
    message: expect.stringContaining(`${file}:${line} is ${words}`),
  });
});

it('a file that is not there is reported', async () => {
  await expect(readAnswers('/nowhere.jsonl')).rejects.toMatchObject({ code: 'ERR_DATASET' });
});
