/** The readers of typed values in short answers, and the patterns of such answers; re-exports only. */
export { parseBoolean } from './boolean.js';
export { type CurrencyOptions, type Money, parseCurrency } from './currency.js';
export { type DateOptions, parseDate } from './date.js';
export type { Found } from './field.js';
export { type NumberOptions, parseInteger, parseNumber } from './number.js';
export { FIELD_PATTERNS, type FieldPattern, NO_VALUE_PATTERN } from './patterns.js';
export { parseTime } from './time.js';
