/** Rows with their pictures: what is right, and what was answered instead. */
import { element, type Html, overlay, picture } from '../../report/html.js';
import type { EvaluatedRow } from '../rows.js';
import { rowDrawing, thingsText } from './drawing.js';
import { nearestTruth } from './loss.js';
import type { PictureOrReason } from './pictures.js';
import { answerIn, foundIn, isOfThings, thereIn, truthsIn } from './rows.js';
import { plainText, shownSide, shownText } from './shown-text.js';
import { diff } from './text-diff.js';

export interface Answer {
  /** `Answer`, or the name of what answered. */
  readonly name: string;
  readonly row: EvaluatedRow;
}

/** Rows of texts with several truths show so many beside the nearest. */
const MOST_TRUTHS = 5;

interface CardOptions {
  /** How wrong the answers are. */
  readonly note: string;
  /** Where all rows have the same prompt, it is no news. */
  readonly hasPrompt: boolean;
}

export const havePrompts = (rows: readonly EvaluatedRow[]): boolean =>
  new Set(rows.map(({ prompt }) => prompt)).size > 1;

/** One row; several answers to it below each other. */
export function card(
  answers: readonly [Answer, ...Answer[]],
  thumb: PictureOrReason | undefined,
  { note, hasPrompt }: CardOptions,
): Html {
  const { row } = answers[0];
  return element(
    'li',
    { class: 'card' },
    shownPicture(answers, thumb),
    element('h3', {}, plainText(row.id)),
    element('p', { class: 'note' }, note),
    element('dl', {}, ...facts(answers, hasPrompt)),
  );
}

function shownPicture(answers: readonly Answer[], thumb: PictureOrReason | undefined): Html {
  if (thumb === undefined || 'reason' in thumb) {
    const why = thumb === undefined ? '' : `: ${plainText(thumb.reason, 300)}`;
    return element('div', { class: 'no-picture' }, `The picture cannot be read${why}`);
  }
  const { webp, width, height } = thumb;
  const { row } = answers[0] as Answer;
  const alt = `Picture of ${plainText(row.id)}${isOfThings(row) ? `; there: ${plainText(thingsText(thereIn(row)))}; found: ${plainText(thingsText(foundIn(row)))}` : ''}`;
  const drawn = isOfThings(row) ? [overlay(rowDrawing(row, width, height), width, height)] : [];
  // One as wide as the picture, so that the drawing is as well.
  const inside = element(
    'div',
    { class: 'frame' },
    picture(webp, { alt, width, height }),
    ...drawn,
  );
  return element('div', { class: 'picture' }, inside);
}

function facts(answers: readonly [Answer, ...Answer[]], hasPrompt: boolean): Html[] {
  const { row } = answers[0];
  const fact = (name: string, value: Html): Html[] => [
    element('dt', {}, name),
    element('dd', {}, value),
  ];
  const prompt =
    row.prompt === undefined || !hasPrompt ? [] : fact('Prompt', shownText(row.prompt));
  if (isOfThings(row)) {
    return [
      ...prompt,
      ...fact('There', shownText(thingsText(thereIn(row)))),
      ...answers.flatMap(({ name, row: own }) => fact(name, shownText(thingsText(foundIn(own))))),
    ];
  }
  const truths = truthsIn(row);
  // Beside one answer the truth shows what is missing in it; of several, each shows that itself.
  const [first, ...others] = answers;
  const truth = nearestTruth(answerIn(first.row), truths);
  const also = truths.filter((one) => one !== truth).slice(0, MOST_TRUTHS);
  const pieces = diff(truth, answerIn(first.row));
  return [
    ...prompt,
    ...fact('Truth', others.length === 0 ? shownSide(pieces, 'lost') : shownText(truth)),
    ...(also.length > 0 ? fact('Also right', shownText(also.join(', '))) : []),
    ...answers.flatMap(({ name, row: own }) => {
      const answer = answerIn(own);
      const side = others.length === 0 ? 'added' : 'both';
      return fact(name, shownSide(diff(nearestTruth(answer, truths), answer), side));
    }),
  ];
}

export const cards = (all: readonly Html[]): Html => element('ul', { class: 'cards' }, ...all);
