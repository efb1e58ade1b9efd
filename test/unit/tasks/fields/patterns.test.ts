/** The patterns for constrained decoding against the readers: what may be generated can be read, what is usual may be generated. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBoolean } from '../../../../src/tasks/fields/boolean.js';
import { parseCurrency } from '../../../../src/tasks/fields/currency.js';
import { parseDate } from '../../../../src/tasks/fields/date.js';
import { parseInteger, parseNumber } from '../../../../src/tasks/fields/number.js';
import {
  FIELD_PATTERNS,
  type FieldPattern,
  NO_VALUE_PATTERN,
} from '../../../../src/tasks/fields/patterns.js';
import { parseTime } from '../../../../src/tasks/fields/time.js';

const READERS: Readonly<Record<FieldPattern, (text: string) => unknown>> = {
  number: (text) => parseNumber(text),
  integer: (text) => parseInteger(text),
  currency: (text) => parseCurrency(text),
  date: (text) => parseDate(text, { dayFirst: true }),
  time: (text) => parseTime(text),
  boolean: (text) => parseBoolean(text),
};

const whole = (pattern: string): RegExp => new RegExp(`^(${pattern})$`);
const kinds = Object.keys(FIELD_PATTERNS) as FieldPattern[];

describe.each(kinds)('the pattern of a %s', (kind) => {
  const pattern = FIELD_PATTERNS[kind];

  it('allows only what its reader can read, or days that do not exist', () => {
    fc.assert(
      fc.property(fc.stringMatching(whole(pattern)), (text) => {
        if (READERS[kind](text) !== null) return;
        // 31 February has the right shape.
        expect(kind, text).toBe('date');
        expect(/\b(29|30|31)\b|\b2[0-9]\b/.test(text) || /3[01]/.test(text), text).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(READERS[kind]('unanswerable')).toBeNull();
  });

  it('is of the syntax that the engine knows', () => {
    // Escapes other than of a character that stands for itself, anchors, lazy repeats, groups with a question mark.
    expect(pattern).not.toMatch(/\\[a-zA-Z0-9]|(?<!\\)[\^$](?=$|[|)])|\(\?|[*+?}][?+]/);
  });

  it('does not allow what stands for no value', () => {
    for (const text of NO_VALUE_PATTERN.split('|')) {
      expect(text).not.toMatch(whole(pattern));
      expect(READERS[kind](text), text).toBeNull();
    }
  });
});

it.each<[FieldPattern, readonly string[]]>([
  [
    'number',
    ['5', '-5', '12.5', '1,234.56', '1.234,56', '1 234,56', "1'234.56", '1,23,456.78', '12%'],
  ],
  ['integer', ['5', '-12', '1,234', '1 234 567']],
  [
    'currency',
    ['$12.50', '€ 12,50', '12,50 €', 'USD 1,234.50', '-$5', '100 kr', '25,90 zł', '₹500', '12.50'],
  ],
  [
    'date',
    [
      '2024-12-31',
      '31/12/2024',
      '12/31/24',
      '31.12.2024',
      '31 Dec 2024',
      'December 31, 2024',
      '31-Dec-24',
    ],
  ],
  ['time', ['12:30', '9:05 pm', '9 AM', '23:59:59']],
  ['boolean', ['yes', 'No', 'true']],
])('the pattern of a %s allows the usual ways to write it', (kind, texts) => {
  for (const text of texts) {
    expect(text).toMatch(whole(FIELD_PATTERNS[kind]));
    expect(READERS[kind](text), text).not.toBeNull();
  }
});
