/**
 * How answers of VQA are made alike before they are compared: https://visualqa.org/evaluation.html, as its script and
 * big_vision's do it, with their slips, on which published figures depend.
 */
import { split, strip } from './python.js';

const MARKS = [...';/[]"{}()=+\\_-><@`,?!'];
const ARTICLES = new Set(['a', 'an', 'the']);
const NUMBERS = 'zero one two three four five six seven eight nine ten'.split(' ');

/** Each is found without any one of its apostrophes. */
const CONTRACTIONS = `ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't
  haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't
  must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've
  someone'd someone'd've someone'll someone's something'd something'd've something'll that's
  there'd there'd've there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't
  what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're
  why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've`;

const SOMEBODY = ["somebody'd've", "somebody'll", "somebody's"];

const WORDS = new Map<string, string>([
  ...[...CONTRACTIONS.split(/\s+/), ...SOMEBODY].flatMap((word) =>
    [...word.matchAll(/'/g)].map(
      ({ index }) => [word.slice(0, index) + word.slice(index + 1), word] as const,
    ),
  ),
  // The other way round in the script.
  ["somebody'd", 'somebodyd'],
  ['none', '0'],
  ...NUMBERS.map((word, i) => [word, String(i)] as const),
]);

/** Line breaks and tabs as spaces, none at the ends. */
export function stripVqa(text: string): string {
  return strip(text.replace(/[\n\t]/g, ' '));
}

/** Punctuation, articles, numbers as words and apostrophes that are missing; words with one space between them. */
export function normaliseVqa(text: string): string {
  const hasThousands = /\p{Nd},\p{Nd}/u.test(text);
  let out = text;
  for (const mark of MARKS) {
    const isAlone = text.includes(`${mark} `) || text.includes(` ${mark}`);
    out = out.replaceAll(mark, hasThousands || isAlone ? '' : ' ');
  }
  // The script means a point that is not between digits, and says one that no digit follows.
  out = out.replace(/\.(?!\p{Nd})/gu, '');
  return split(out.toLowerCase())
    .filter((word) => !ARTICLES.has(word))
    .map((word) => WORDS.get(word) ?? word)
    .join(' ');
}
