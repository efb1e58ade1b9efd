/** What is drawn: a thousand truths of each text domain have its form. */
import { describe, expect, it } from 'vitest';
import { containerCheckDigit } from '../../../src/drawn-sets/check-digits.js';
import { Random } from '../../../src/drawn-sets/random.js';
import { DOMAINS, type DomainName, MOTIFS } from '../../../src/drawn-sets/sets.js';

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
};

function truths(name: DomainName, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const { answers, keep, width, height } = MOTIFS[name](new Random(`${name} ${i}`));
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
    expect(new Set(all).size).toBeGreaterThan(500);
  });
});

describe('truths with a check digit', () => {
  it('have the right one', () => {
    for (const text of truths('container-number', 1000)) {
      const plain = text.replaceAll(' ', '');
      expect(plain.at(-1)).toBe(`${containerCheckDigit(plain.slice(0, 10))}`);
    }
  });
});
