/**
 * What an answer of each kind may look like, for constrained decoding: regular expressions of the engine's subset
 * (native/sampling/grammar.h). Every text that a pattern allows has the right shape; whether it is a value, such as a day
 * of the calendar, is for the reader of the same name to say.
 */

/** 15 digits at most, as parseNumber reads no more. */
const UNSIGNED = [
  '[0-9]{1,3}(,[0-9]{3}){1,3}(\\.[0-9]{1,3})?',
  '[0-9]{1,3}(\\.[0-9]{3}){1,3}(,[0-9]{1,3})?',
  "[0-9]{1,3}('[0-9]{3}){1,3}([.,][0-9]{1,3})?",
  '[0-9]{1,3}( [0-9]{3}){1,3}([.,][0-9]{1,3})?',
  '[0-9]{1,2}(,[0-9]{2}){1,3},[0-9]{3}(\\.[0-9]{1,3})?',
  '[0-9]{1,11}([.,][0-9]{1,4})?',
].join('|');

const SIGN = '([$€£¥₹]|US\\$|A\\$|C\\$|R\\$|Rs\\.?|kr|CHF|USD|EUR|GBP|JPY|CNY|INR|CAD|AUD)';
const SIGN_AFTER = '([€£¥₹$]|kr|zł|Kč|CHF|USD|EUR|GBP|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK)';

const DAY = '(0?[1-9]|[12][0-9]|3[01])';
const MONTH = '(0?[1-9]|1[0-2])';
const YEAR = '((19|20)[0-9]{2}|[0-9]{2})';
const FULL_YEAR = '(19|20)[0-9]{2}';
/** English, as answers are. */
const MONTH_NAME =
  '(January|February|March|April|May|June|July|August|September|October|November|December|' +
  'Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)';

/**
 * Patterns by kind of field. The whole answer has to match. None allows an answer such as "unanswerable": join it with
 * NO_VALUE_PATTERN by `|` unless the value is known to be there, else a model without an answer has to make one up.
 */
export const FIELD_PATTERNS = {
  number: `-?(${UNSIGNED})%?`,
  integer: '-?([0-9]{1,15}|[1-9][0-9]{0,2}(,[0-9]{3}){1,4}|[1-9][0-9]{0,2}( [0-9]{3}){1,4})',
  currency: `-?(${SIGN} ?(${UNSIGNED})|(${UNSIGNED})( ?${SIGN_AFTER})?)`,
  date: [
    `${FULL_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`,
    `(${DAY}/${MONTH}|${MONTH}/${DAY})/${YEAR}`,
    `(${DAY}-${MONTH}|${MONTH}-${DAY})-${YEAR}`,
    `${DAY}\\.${MONTH}\\.${YEAR}`,
    `${DAY} ${MONTH_NAME}\\.?,? ${FULL_YEAR}`,
    `${DAY}-${MONTH_NAME}-${YEAR}`,
    `${MONTH_NAME}\\.? ${DAY},? ${FULL_YEAR}`,
  ].join('|'),
  time: '([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|(0?[1-9]|1[0-2])(:[0-5][0-9])? ?([ap]m|[AP]M)',
  boolean: 'yes|no|Yes|No|true|false|True|False',
} as const;

export type FieldPattern = keyof typeof FIELD_PATTERNS;

/** What models say that find no answer; VizWiz and ST-VQA trained "unanswerable". No reader takes it for a value. */
export const NO_VALUE_PATTERN = 'unanswerable|none|None|not given|n/a|N/A';
