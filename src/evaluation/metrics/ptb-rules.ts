/**
 * What is one word for Stanford's PTBTokenizer 3.4.1, as far as captions need it. Found by giving that program texts, among
 * them all short ones of a few characters, and looking at what comes out: none of its source is here.
 */
import { LETTER, MARK, QUOTES } from './ptb-characters.js';

/** Reads a shape (ptb-characters.ts) from where it is to begin. */
interface Rule {
  /** The first group is the word; what is read after it counts where the longest match is looked for. */
  readonly pattern: RegExp;
  /** What the word becomes; several are separated by spaces, none is an empty text. Default: it stays. */
  readonly becomes?: (word: string) => string;
}

const rule = (word: string, becomes?: Rule['becomes']): Rule => ({
  pattern: new RegExp(`(${word})`, 'y'),
  ...(becomes && { becomes }),
});

const ahead = (word: string, after: string): Rule => ({
  pattern: new RegExp(`(${word})(?:${after})`, 'y'),
});

const nothing = (): string => '';
/** Round brackets inside a word have the names that they have alone. */
const named = (word: string): string => word.replaceAll('(', '-LRB-').replaceAll(')', '-RRB-');
const straight = (word: string): string => word.replaceAll('’', "'").replaceAll('‘', '`');

const list = (words: string): string[] => words.trim().split(/\s+/);
const anyCase = (word: string): string =>
  word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
const capital = (word: string): string =>
  `${(word[0] as string).toUpperCase()}${anyCase(word.slice(1))}`;
const small = (word: string): string => `${anyCase(word[0] as string)}${word.slice(1)}`;
const anyOf = (words: string, spell = anyCase): string => `(?:${list(words).map(spell).join('|')})`;

/** Keep their point, and the word after it where there is no space. */
const ABBREVIATIONS = `adj adm adv alex assoc asst atty attys ave brig capt cf cie cmdr col cpl dept det dr drs elec ens ft gen gov
  govs hon insp invt jos lt maj messrs mlle mme mr mrs ms msgr mt natl pfc ph pres prof profs pvt rep reps rev sen
  sens sfc sgt spc st ste supt vs wm`;
/** Not in capitals. */
const SMALL_ABBREVIATIONS = 'mfg mtg';
/** Keep their point; two letters or more right after it belong to it, a single one does not. */
const LAST_ABBREVIATIONS = `al ala apr ariz assn aug bhd bldg blvd bros calif co colo conn corp cos ct dak dec esq est etc ext feb fla fri
  ga inc ind intl jan jr jul jun kan kans ky ltd mar md mich minn mo mon mont neb nev nov oct okla penn plc rd rt
  sep sept seq sq sr sys tel tenn thu thurs tue tues univ va vt wed wis wisc wyo`;
/** Not in capitals. */
const SMALL_LAST_ABBREVIATIONS = 'ppte ppty pte ptes pty ptys';
/** Beginning with a capital. */
const LARGE_LAST_ABBREVIATIONS = 'ark az del ill la mass miss ore pa tex wash';
/** Before a number. */
const BEFORE_NUMBERS = 'art ca fig figs no nos op pp prop';
/** An initial before one of these ends a sentence. */
const STARTERS = `a about according additionally after an as at but earlier he her here however if in it last many more
  now once one other our she since so some such that the their then there these they this we what when while yet you`;

/** After a whole number as well, where a word of letters and digits is not. */
const FILES = `bat bmp c cgi cpp dll doc docx exe gif gz h htm html jar java jpeg jpg mov mp3 pdf php pl png ppt ps py sql
  tar txt wav x xml zip`;

const L = `[A-Za-z${LETTER}]`;
const L_BUT_N = `[A-MO-Za-mo-z${LETTER}]`;
const ALL = `[A-Za-z0-9${LETTER}${MARK}]`;
const END = `(?!${ALL})`;
const APOSTROPHE = "['’]";
/** A mark joins letters, not digits. */
const WORD = `(?:[0-9]+(?:${L}${ALL}*)?|[A-Za-z${LETTER}${MARK}]${ALL}*)`;
const FRENCH = `(?:[dDoOlL]${APOSTROPHE}(?=${ALL}{2}))?`;
const HYPHENED = `${FRENCH}${WORD}(?:[-_‐]${FRENCH}${WORD})*`;
/** "3.5-inch", "U.S.-based" */
const MIXED = '[A-Za-z0-9][A-Za-z0-9.,]{0,99}(?:-[A-Za-z0-9]+)+';
/** "end.The", "wow!what" */
const UNSPACED = `${L}${ALL}*(?:[.!?]${L}${ALL}*)+`;
const SLASHED = '[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}';
/** A straight apostrophe before two letters or more opens a quotation; a curly one closes it. */
const ENDING = `(?:’(?:[sSmMdD]|${anyOf('ll re ve')})|'(?:[sSmMdD]|${anyOf('ll re ve')})(?![A-Za-z]))`;
const LINK = '[^ \\n"<>()|]';
const LINK_END = '[^ \\n"<>()|.,!?-]';
const TAG_NAME = '[A-Za-z][A-Za-z0-9_:.-]*';
const TAG_VALUE = `(?:"[^"]*"|'[^']*'|[A-Za-z0-9_:./-]+)`;

const MARKUP: readonly Rule[] = [
  rule('<[!?][A-Za-z-][^>\\n]*>'),
  rule(`</?${TAG_NAME}(?: +${TAG_NAME}(?: *= *${TAG_VALUE})?)* */?>`),
  rule(`&${anyCase('amp')};`, () => '&'),
  rule(`&${anyCase('lt')};`, () => '<'),
  rule(`&${anyCase('gt')};`, () => '>'),
  rule(`&${anyOf('quot nbsp apos')};`, nothing),
  rule('&#[0-9]+;'),
];

/** Two words each. */
const PARTED = ['can not', 'gon na', 'got ta', 'lem me', 'gim me', 'wan na'].map(
  (words) => words.split(' ') as [string, string],
);

/** Most words: no rule has another length for one of letters alone before a space. Only to save the time of all rules. */
export const PLAIN_WORD = new RegExp(
  `(?!(?:${PARTED.map((words) => anyCase(words.join(''))).join('|')})[ \\n])[A-Za-z]+(?=[ \\n])`,
  'y',
);

const CONTRACTIONS: readonly Rule[] = [
  ...PARTED.map(([first, second]) => ahead(anyCase(first), `${anyCase(second)}${END}`)),
  ahead("'[tT]", anyOf('is was')),
  ahead(`${L}*?${L_BUT_N}`, `[nN]${APOSTROPHE}[tT]`),
  rule("[nN][`‘'’][tT]", straight),
  ahead(WORD, ENDING),
  ahead(HYPHENED, ENDING),
  rule(ENDING, straight),
];

const WORDS: readonly Rule[] = [
  rule('[-+]?[0-9]*(?:[.,:][0-9]+)+|[-+]?[0-9]+'),
  rule(UNSPACED),
  rule(`(?:${anyOf(ABBREVIATIONS)}|${anyOf(SMALL_ABBREVIATIONS, small)})\\.`),
  ahead(
    `(?:${anyOf(LAST_ABBREVIATIONS)}|${anyOf(SMALL_LAST_ABBREVIATIONS, small)}|${anyOf(LARGE_LAST_ABBREVIATIONS, capital)}|[pP][hH]\\.[dD])\\.`,
    '(?:[^ \\n][^]?)?',
  ),
  rule(HYPHENED),
  rule(MIXED),
  // 5 1/2, 12/25/2010, red/white/blue
  rule('(?:[0-9]{1,4}[- ])?[0-9]{1,4}[/⁄][0-9]{1,4}'),
  rule('[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{2,4}'),
  rule(`${SLASHED}(?:\\\\?/${SLASHED}){1,2}`),
  ahead('[A-Za-z]', `\\. +${anyOf(STARTERS, capital)}(?=[ \\n])`),
  rule('(?:[A-Za-z]\\.)+'),
  rule(`(?:${WORD}-)+(?:[A-Za-z]\\.){2,}`),
  ahead(`${anyOf(BEFORE_NUMBERS)}\\.`, ' ?[0-9]'),
  // Any word keeps its point before one of these: no sentence ends there.
  ahead(`(?:${HYPHENED}|${MIXED}|${UNSPACED})\\.`, '[,:;]'),
  // AT&T, US$, C++
  rule('[A-Z]+(?:[&+][A-Z]+)+'),
  rule('[A-Z]+\\$'),
  rule('[Cc]\\+\\+|[CcFf]#'),
];

/** Names and words with an apostrophe that is part of them, and quotation marks side by side. */
const APOSTROPHES: readonly Rule[] = [
  rule(`[A-HJ-XZdlno]${APOSTROPHE}[A-Za-z]{2,}`),
  rule(`[djlDJL]${APOSTROPHE}`),
  rule(`[yY]${APOSTROPHE}(?=${L})`),
  rule(`${L}+[aeiouyAEIOUY][‘'’][aeiouAEIOU]${L}*`),
  rule(anyOf("e'er c'est c'mon s'mores nat'l li'l ol' ev'ry o'o").replaceAll("'", APOSTROPHE)),
  rule(`${APOSTROPHE}${anyOf('em til cause')}|’[nN]|'[nN]${END}`),
  rule(`${APOSTROPHE}[nN]${APOSTROPHE}`),
  rule(`${APOSTROPHE}[2-9]0[sS]`),
  rule(`${APOSTROPHE}[0-9]{2}(?=[ \\n])`),
  rule("''", nothing),
  rule('[`‘’›“”„]{2}', (word) => [...word].map((one) => QUOTES[one] ?? one).join('')),
];

const RUNS: readonly Rule[] = [
  rule('[!?]+'),
  rule('-{2,4}', nothing),
  rule('-{5,}'),
  rule('\\.{3,5}|\\.(?: \\.){2,4}', nothing),
  rule('<<|>>'),
  rule('\\*+|\\\\\\*'),
  rule('#+'),
  rule('@+'),
  rule('_+'),
];

const ADDRESSES: readonly Rule[] = [
  rule(`${anyCase('http')}[sS]?://${LINK}+${LINK_END}`),
  rule(`${anyCase('www')}\\.(?:[A-Za-z0-9_-]+\\.)+[A-Za-z]{2,4}(?:/${LINK}+${LINK_END})?`),
  rule(`(?:[A-Za-z0-9]+\\.)+${anyOf('com net org edu', small)}/${LINK}+${LINK_END}`),
  rule('<?[A-Za-z0-9][^ \\n"<>()|{}]{0,99}@(?:[^ \\n"<>()|{}.]+\\.)*[^ \\n"<>()|{}.]+>?'),
  rule('\\([0-9]{2,3}\\) ?[0-9]{3,4}[- ]?[0-9]{3,5}', named),
  ahead(`[A-Za-z0-9]+(?:\\.[A-Za-z0-9]+){0,9}\\.${anyOf(FILES)}`, '[ \\n.,!?]'),
  rule(`#${L}+`),
  rule('@[A-Za-z_][A-Za-z0-9_]*'),
];

const FACES: readonly Rule[] = [
  rule(`[<>]?[:;=][-o']?[()DPdpO|\\\\{@[\\]](?![A-Za-z0-9])`, named),
  rule(`['’^x=~<>-]_['’^x=~<>-]`),
  rule(`\\(['^x=~<>-][_.]?['^x=~<>-]\\)`, named),
];

/** Of equally long matches the first of them counts. */
export const PTB_RULES: readonly Rule[] = [
  ...MARKUP,
  ...CONTRACTIONS,
  ...WORDS,
  ...APOSTROPHES,
  ...RUNS,
  ...ADDRESSES,
  ...FACES,
];
