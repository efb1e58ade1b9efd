/** Languages of prompts: their codes, what people write instead, and which one a question is in. */
import { nearest } from '../../options/nearest.js';

/** Languages of CC3M-35L and XM3600 (spec section 6.1), with their English names. */
export const LANGUAGES: ReadonlyMap<string, string> = table(
  'ar arabic bn bengali cs czech da danish de german el greek en english es spanish fa persian fi finnish fil filipino ' +
    'fr french he hebrew hi hindi hr croatian hu hungarian id indonesian it italian ja japanese ko korean mi maori ' +
    'nl dutch no norwegian pl polish pt portuguese quz quechua ro romanian ru russian sv swedish sw swahili te telugu ' +
    'th thai tr turkish uk ukrainian vi vietnamese zh chinese',
);
/** What people write instead of the code. */
const SLIPS: ReadonlyMap<string, string> = new Map([
  ...[...LANGUAGES].map(([code, name]) => [name, code] as const),
  ...table(
    'eng en us en gb en ger de deu de deutsch de fra fr fre fr francais fr spa es espanol es ita it italiano it por pt ' +
      'br pt nld nl dut nl jp ja jpn ja cn zh chi zh zho zh mandarin zh kr ko kor ko cz cs gr el dk da se sv ua uk vn vi ' +
      'rus ru pol pl tur tr nb no nn no farsi fa iw he',
  ),
]);
/** Codes that are English words as well. */
export const WORD_CODES: ReadonlySet<string> = new Set(['it', 'no', 'he', 'hi', 'id']);

export function languageOf(text: string): string | undefined {
  if (LANGUAGES.has(text)) return text;
  return slipOf(text.replace(/^(?:in|auf|en)\s+/i, ''));
}

export function slipOf(text: string): string | undefined {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  // `en-US`, `pt_BR`
  const code = plain.split(/[-_]/)[0] ?? '';
  if (LANGUAGES.has(code)) return code;
  return SLIPS.get(plain);
}

export function guessLanguage(text: string): string {
  return (
    slipOf(text) ??
    (text.length > 3 ? slipOf(nearest(text, LANGUAGES.values()) ?? '') : undefined) ??
    'en'
  );
}

/** First words of questions by language, where the script does not tell. Words of two languages are left out. */
const QUESTION_WORDS: readonly (readonly [string, RegExp])[] = [
  [
    'de',
    /^(?:was(?= (?:ist|sind|steht|hat|macht|für|kostet|zeigt|passiert|trägt|sieht))|wer|wo|wie|wann|warum|welche[rsn]?|wieviele?|ist|sind|hat|haben|gibt es|steht|befindet|kann man)(?![\p{L}])/iu,
  ],
  [
    'en',
    /^(?:what|whats|who|whose|whom|where|wheres|when|why|which|how|is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|am|isn|aren|doesn)(?![\p{L}])/iu,
  ],
  [
    'fr',
    /^(?:qu['’]|est-ce|que(?:l|ls|lle|lles)(?![\p{L}])|qui est|où|combien|comment|pourquoi|quand|y a-t-il|c['’]est quoi)/iu,
  ],
  ['pt', /^(?:o que|quantos|quantas|quem|onde|qual (?:é|a |o )|há|existe|tem)(?![\p{L}])/iu],
  [
    'es',
    /^¿|^(?:qué|que hay|cuál|cuáles|cuántos?|cuántas?|cuantos|dónde|donde|quién|cómo|cuándo|hay)(?![\p{L}])/iu,
  ],
  [
    'it',
    /^(?:che|cosa|cos['’]è|quanti|quante|dove|chi|come|quale|quando|perché|c['’]è|ci sono)(?![\p{L}])/iu,
  ],
  ['nl', /^(?:wat|wie|waar|hoeveel|hoe|welke|wanneer|waarom|is er|zijn er|staat er)(?![\p{L}])/iu],
  ['pl', /^(?:co|kto|gdzie|ile|jaki|jaka|jakie|czy|kiedy|dlaczego)(?![\p{L}])/iu],
  ['tr', /^(?:ne|kim|nerede|kaç|hangi|nasıl|neden)(?![\p{L}])/iu],
  ['sv', /^(?:vad|vem|var|hur|vilken|vilka|när|finns)(?![\p{L}])/iu],
];

/** Scripts that belong to one trained language, or nearly so. Kana before Han: Japanese has both. */
const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['zh', /\p{Script=Han}/u],
  ['ko', /\p{Script=Hangul}/u],
  ['uk', /[іїєґ]/iu],
  ['ru', /\p{Script=Cyrillic}/u],
  ['fa', /[پچژگ]/u],
  ['ar', /\p{Script=Arabic}/u],
  ['he', /\p{Script=Hebrew}/u],
  ['hi', /\p{Script=Devanagari}/u],
  ['bn', /\p{Script=Bengali}/u],
  ['te', /\p{Script=Telugu}/u],
  ['th', /\p{Script=Thai}/u],
  ['el', /\p{Script=Greek}/u],
  ['vi', /[ơưđạảấầẩẫậắằẳẵặẹẻẽềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/iu],
];

/** The language a question is probably in; English when nothing tells. */
export function questionLanguage(text: string): string {
  return (
    SCRIPTS.find(([, script]) => script.test(text))?.[0] ??
    QUESTION_WORDS.find(([, words]) => words.test(text))?.[0] ??
    'en'
  );
}

/** Whether the first word is one of questions, in any of the languages. */
export function beginsQuestion(text: string): boolean {
  return QUESTION_WORDS.some(([, words]) => words.test(text));
}

export function isQuestion(text: string): boolean {
  return (
    /[?？؟;՞]\s*$/u.test(text) ||
    text.startsWith('¿') ||
    QUESTION_WORDS.some(([, words]) => words.test(text))
  );
}

/** With a question mark, and without a full stop before it. */
export function asQuestion(text: string): string {
  const bare = text.replace(/[\s.!:]+$/u, '');
  return /[?？؟]$/u.test(bare) || !isQuestion(bare) ? bare : `${bare}?`;
}

function table(words: string): Map<string, string> {
  const list = words.split(' ');
  return new Map(
    list.flatMap((word, i) => (i % 2 === 0 ? [[word, list[i + 1] ?? ''] as const] : [])),
  );
}
