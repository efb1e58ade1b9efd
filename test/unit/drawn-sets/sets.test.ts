/** What is drawn: a thousand truths of each text domain have its form. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { containerCheckDigit, vinCheckDigit } from '../../../src/drawn-sets/check-digits.js';
import { Random } from '../../../src/drawn-sets/random.js';
import {
  DOMAINS,
  type DomainName,
  DRAWN_SETS,
  type DrawnSetName,
  SETS,
} from '../../../src/drawn-sets/sets.js';

const L = '[A-HJ-NPR-Z]';

const FORMS: Readonly<Record<DomainName, RegExp>> = {
  'licence-plate': new RegExp(
    [
      ...[`${L}{2}-\\d{3}-${L}{2}`, `${L}{1,3} ${L}{2} [1-9]\\d{1,3}`, `${L}{2}\\d{2} ${L}{3}`],
      ...[`\\d{2}-${L}{3}-\\d`, `${L}{3} \\d{4}`, `[1-9]${L}{3}\\d{3}`],
    ]
      .map((form) => `^${form}$`)
      .join('|'),
  ),
  'container-number': new RegExp(`^${L}{3}U \\d{6} \\d$`),
  vin: /^[1-9A-HJ-NPR-Z][A-HJ-NPR-Z]{2}[A-HJ-NPR-Z0-9]{5}[\dX][A-HJ-NPR-TVWX][A-HJ-NPR-Z0-9]\d{6}$/,
  'tyre-code': new RegExp(`^DOT (${L}|[1-9]){4,5} (${L}{3,4} )?(0[1-9]|[1-4]\\d|5[0-2])[012]\\d$`),
  meter: /^\d{4,8}$/,
  'seven-segments': /^([01]\d|2[0-3]):[0-5]\d$|^\d{1,3}\.\d{1,3}$|^-\d{1,2}\.\d$|^\d{3,6}$/,
  'serial-plate': new RegExp(
    [
      ...['SN\\d{5}-\\d{2}', `${L}\\d{4}-\\d{4}-${L}`, `${L}{2}-\\d{7}`],
      ...[`\\d{2}${L}\\d{2}X\\d{5}`, '\\d{4}/\\d{2}/\\d{3}', '\\d{9}'],
    ]
      .map((form) => `^${form}$`)
      .join('|'),
  ),
  'receipt-line':
    /^(([2-9] x )?[A-Z][A-Z0-9 ]+|SUBTOTAL|TOTAL|CASH|CHANGE|CARD|TAX \d{1,2}%) \d{1,3}\.\d{2}$/,
  'expiry-date':
    /^(EXP |BB |BEST BEFORE |USE BY )?(\d\d\.\d\d\.20\d\d|\d\d\/\d\d\/\d\d|20\d\d-\d\d-\d\d|\d\d [A-Z]{3} 20\d\d|\d\d[A-Z]{3}\d\d|\d\d\/20\d\d)( L\d{4}[A-Z])?$/,
  'street-sign': /^([A-Z][a-z]+|\d+(st|nd|rd|th)) [A-Z][a-z]+$|^([A-Z]+|\d+(ST|ND|RD|TH)) [A-Z]+$/,
};

function truths(name: DomainName, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const { answers, keep, width, height } = SETS[name].draw(new Random(`${name} ${i}`));
    expect(keep.xmin >= 0 && keep.ymin >= 0 && keep.xmax <= width && keep.ymax <= height).toBe(
      true,
    );
    return answers['text'] ?? '';
  });
}

describe.each(DOMAINS)('%s', (name) => {
  it('has truths of its form', () => {
    const all = truths(name, 1000);
    expect(all.filter((text) => !FORMS[name].test(text))).toEqual([]);
    // Fonts have these.
    expect(all.filter((text) => !/^[ -~]+$/.test(text))).toEqual([]);
    expect(new Set(all).size).toBeGreaterThan(300);
  });
});

describe('truths with a check digit', () => {
  it('have the right one', () => {
    for (const text of truths('container-number', 1000)) {
      const plain = text.replaceAll(' ', '');
      expect(plain.at(-1)).toBe(`${containerCheckDigit(plain.slice(0, 10))}`);
    }
    for (const text of truths('vin', 1000)) expect(text.charAt(8)).toBe(vinCheckDigit(text));
  });
});

/** Answers of the first scene of seed 0, and the first digits of the SHA-256 of its drawing. */
const FIRST: Readonly<Record<DrawnSetName, readonly [string, string]>> = {
  'licence-plate': ['9JNY505', 'cfb5c4767897'],
  'container-number': ['TKGU 628696 8', 'da53538eee18'],
  vin: ['1MA4JD2Z7MY213584', 'ed08953ea0e5'],
  'tyre-code': ['DOT YLL7 MDMC 0413', '7c13b5f5f5d9'],
  meter: ['50929', '040364b612b6'],
  'seven-segments': ['-67.7', 'cbcf5dc775c9'],
  'serial-plate': ['244490653', '1a9fae3926f3'],
  'receipt-line': ['SUBTOTAL 44.34', '8fa24503442f'],
  'expiry-date': ['04 JUL 2031', 'f5068164e45a'],
  'street-sign': ['Linden Place', '358d484da7bb'],
  receipts: ['2.32', '40bfae157f6c'],
  menus: ['20.00', 'b96601c02ea9'],
  coins: ['3, 2.10', '72d4bc7ee3e6'],
  plurals: ['', 'f0074ef258a8'],
};

describe.each(DRAWN_SETS)('the first scene of %s', (name) => {
  it('is the same on every machine', () => {
    const { answers, svg } = SETS[name].draw(new Random(`${name}\n0\n0`));
    const digest = createHash('sha256').update(svg).digest('hex').slice(0, 12);
    expect([Object.values(answers).join(', '), digest]).toEqual(FIRST[name]);
  });
});
