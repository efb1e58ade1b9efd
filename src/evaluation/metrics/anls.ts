/** ANLS (A. F. Biten et al., "Scene Text Visual Question Answering", 2019, equation 1) in its dialects, for texts. */
import { levenshtein } from './edit-distance.js';
import { best, type TextMetric, textMean } from './metric.js';
import { codePoints, split } from './python.js';

/** Edits divided by the length of the longer text; 0 for two empty ones. */
export function normalisedDistance(a: string, b: string, lengthOf = lengthAsItIs): number {
  const longest = Math.max(lengthOf(a), lengthOf(b));
  return longest === 0 ? 0 : levenshtein(codePoints(a), codePoints(b)) / longest;
}

const lengthAsItIs = (text: string): number => codePoints(text).length;
/** The package anls divides by this, which differs for a few letters: "ß" is "SS". */
const lengthInCapitals = (text: string): number => codePoints(text.toUpperCase()).length;

/** 0 at half of the edits and above. */
const similarityOf = (distance: number): number => (distance < 0.5 ? 1 - distance : 0);

/** Lower case, and one space for every run of white space. */
const plain = (text: string): string => split(text.toLowerCase()).join(' ');

export const ANLS_METRICS: readonly TextMetric[] = [
  textMean(
    {
      id: 'anls@big_vision',
      title: 'ANLS',
      formula:
        '1 - edits / longer length where that is below 0.5, else 0; in lower case, white space kept',
      source: 'big_vision, vqa.py with to_lower: PaliGemma’s published figures',
    },
    best((answer, truth) =>
      similarityOf(normalisedDistance(answer.toLowerCase(), truth.toLowerCase())),
    ),
  ),
  textMean(
    {
      id: 'anls@docvqa',
      title: 'ANLS, white space made alike',
      formula: 'as anls@big_vision, with single spaces and none at the ends',
      source: 'anls 0.0.2',
    },
    best((answer, truth) =>
      similarityOf(normalisedDistance(plain(answer), plain(truth), lengthInCapitals)),
    ),
  ),
];
