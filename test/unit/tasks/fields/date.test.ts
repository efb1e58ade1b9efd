/** Dates and times in short answers: forms, languages, the calendar, and what can be read in two ways. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDate } from '../../../../src/tasks/fields/date.js';
import { parseTime } from '../../../../src/tasks/fields/time.js';

describe('parseDate', () => {
  it.each([
    '2024-12-31',
    '2024/12/31',
    '2024.12.31',
    '20241231',
    '2024-12-31T23:59:00Z',
    '2024-12-31 23:59',
    '31/12/2024',
    '12/31/2024',
    '31-12-2024',
    '31.12.2024',
    '31.12.24',
    '31. 12. 2024',
    '12/31/24',
    '31/12/24',
    '31 December 2024',
    '31 Dec 2024',
    '31 Dec 24',
    "31 Dec '24",
    '31-Dec-2024',
    '31-DEC-24',
    '31st of December 2024',
    'December 31, 2024',
    'December 31st, 2024',
    'Dec. 31, 2024',
    'Dec 31 2024',
    'DEC 31, 2024',
    'dec 31/2024',
    '2024 Dec 31',
    'Tuesday, December 31, 2024',
    '31. Dezember 2024',
    '31 de diciembre de 2024',
    '31 de diciembre del 2024',
    'martes, 31 de dic. de 2024',
    '31 décembre 2024',
    '31 DÉCEMBRE 2024',
    '31 dicembre 2024',
    '31 de dezembro de 2024',
    '31 december 2024',
    '2024年12月31日',
    '2024년 12월 31일',
    'Date: 31/12/2024',
    'It was issued on 2024-12-31.',
    '(31 Dec 2024)',
    '2024-12-31 (31 December 2024)',
    'Invoice 4711 of 31/12/2024 10:30',
  ])('reads the last day of 2024 from %j', (text) => {
    const found = parseDate(text);
    expect(found?.value).toBe('2024-12-31');
    expect(text).toContain(found?.text);
  });

  const MARCHES = [
    '1 March',
    '1 März',
    '1 marzo',
    '1er mars',
    '1º março',
    '1 maart',
    '1 Mar.',
    '1 mrt',
  ];
  it.each(MARCHES)('knows the month of %j', (text) => {
    expect(parseDate(`${text} 2023`)?.value).toBe('2023-03-01');
  });

  it.each([
    ['gennaio', 1],
    ['janv.', 1],
    ['enero', 1],
    ['Jänner', 1],
    ['février', 2],
    ['fevereiro', 2],
    ['abril', 4],
    ['avril', 4],
    ['mei', 5],
    ['mai', 5],
    ['maggio', 5],
    ['juin', 6],
    ['giugno', 6],
    ['juillet', 7],
    ['luglio', 7],
    ['août', 8],
    ['agosto', 8],
    ['Sept.', 9],
    ['settembre', 9],
    ['outubro', 10],
    ['ottobre', 10],
    ['Oktober', 10],
    ['noviembre', 11],
    ['dez', 12],
  ] as const)('knows %j as month %d', (name, month) => {
    expect(parseDate(`2 ${name} 2023`)?.value).toBe(`2023-${String(month).padStart(2, '0')}-02`);
  });

  it.each([
    ['', 'empty'],
    ['yesterday', 'no date'],
    ['04/05/2024', 'two readings'],
    ['4-5-2024', 'two readings'],
    ['24-12-31', 'a year first or last'],
    ['31/02/2024', 'not in the calendar'],
    ['2023-02-29', 'not in the calendar'],
    ['1900-02-29', 'not in the calendar'],
    ['2024-13-01', 'no such month'],
    ['2024-00-10', 'no such month'],
    ['2024-10-00', 'no such day'],
    ['32 December 2024', 'no such day'],
    ['31 Foo 2024', 'no such month'],
    ['31 December', 'no year'],
    ['December 2024', 'no day'],
    ['12/2024', 'no day'],
    ['2024', 'no day'],
    ['2024-12-31 or 2025-01-01', 'two dates'],
    ['2024-12-31 and 31/02/2024', 'one of two is wrong'],
    ['192.168.10.24', 'an address'],
    ['1.2.2024.5', 'a version'],
    ['555-123-4567', 'a telephone number'],
    ['4 may 20 people', 'a sentence'],
    ['0024-12-31', 'a year before 1000'],
    ['31/12-2024', 'two separators'],
    ['99999999', 'eight digits'],
    ['20241331', 'eight digits'],
  ])('reads nothing from %j: %s', (text) => {
    expect(parseDate(text)).toBeNull();
  });

  it.each([
    ['04/05/2024', true, '2024-05-04'],
    ['04/05/2024', false, '2024-04-05'],
    ['4-5-24', true, '2024-05-04'],
    ['04.05.2024', undefined, '2024-05-04'],
    ['04.05.2024', false, '2024-04-05'],
    ['05/05/2024', undefined, '2024-05-05'],
    ['12/31/2024', true, '2024-12-31'],
    ['31/12/2024', false, '2024-12-31'],
    ['24-12-31', true, '2031-12-24'],
  ])('reads %j with dayFirst %s as %s', (text, dayFirst, value) => {
    expect(parseDate(text, { dayFirst })?.value).toBe(value);
  });

  it.each([
    ['68', 2068],
    ['69', 1969],
    ['00', 2000],
    ['99', 1999],
  ])('takes the year %s for %d', (year, full) => {
    expect(parseDate(`31 Jan ${year}`)?.value).toBe(`${full}-01-31`);
  });

  it.each([
    ['December 2024', '2024-12'],
    ['dic. 2024', '2024-12'],
    ['12/2024', '2024-12'],
    ['2024-12', '2024-12'],
    ['2024', '2024'],
    ['31/12/2024', '2024-12-31'],
    ['31 Dec 2024', '2024-12-31'],
  ])('reads %j as %s where parts are enough', (text, value) => {
    expect(parseDate(text, { partial: true })?.value).toBe(value);
  });

  it.each(['13/2024', '31/02/2024', '31 December', 'room 2024'])('reads no part of %j', (text) => {
    expect(parseDate(text, { partial: true })).toBeNull();
  });

  const day = fc.date({
    min: new Date('1000-01-01T00:00:00Z'),
    max: new Date('2999-12-31T00:00:00Z'),
    noInvalidDate: true,
  });

  it('reads back every day that Intl writes in seven languages', () => {
    const locales = ['en-US', 'en-GB', 'de', 'es', 'fr', 'it', 'pt', 'nl'];
    const styles = ['long', 'full'] as const;
    fc.assert(
      // Intl changes to the Julian calendar before 1582.
      fc.property(
        day.filter((date) => date.getUTCFullYear() > 1600),
        fc.constantFrom(...locales),
        fc.constantFrom(...styles),
        (date, locale, dateStyle) => {
          const text = date.toLocaleDateString(locale, { dateStyle, timeZone: 'UTC' });
          expect(parseDate(text)?.value, text).toBe(date.toISOString().slice(0, 10));
        },
      ),
    );
  });

  it('reads numeric dates in the order that is set, and no order when none is', () => {
    fc.assert(
      fc.property(day, fc.constantFrom('/', '-'), (date, mark) => {
        const iso = date.toISOString().slice(0, 10);
        const [y, m, d] = iso.split('-');
        expect(parseDate(iso)?.value).toBe(iso);
        expect(parseDate([d, m, y].join(mark), { dayFirst: true })?.value).toBe(iso);
        expect(parseDate([m, d, y].join(mark), { dayFirst: false })?.value).toBe(iso);
        const isOpen = Number(d) <= 12 && d !== m;
        expect(parseDate([d, m, y].join(mark))?.value ?? null).toBe(isOpen ? null : iso);
      }),
    );
  });

  it('returns only days of the calendar', () => {
    const part = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(
        part,
        part,
        fc.integer({ min: 0, max: 3000 }),
        fc.boolean(),
        (a, b, year, dayFirst) => {
          const value = parseDate(`${a}/${b}/${year}`, { dayFirst })?.value;
          if (value === undefined) return;
          expect(new Date(`${value}T00:00:00Z`).toISOString().slice(0, 10)).toBe(value);
          expect([a, b]).toContain(Number(value.slice(8)));
        },
      ),
    );
  });
});

describe('parseTime', () => {
  it.each([
    ['12:30', '12:30'],
    ['9:05', '09:05'],
    ['00:00', '00:00'],
    ['12:30:45', '12:30:45'],
    ['9:05 pm', '21:05'],
    ['9:05PM', '21:05'],
    ['9:05 p.m.', '21:05'],
    ['12:00 am', '00:00'],
    ['12 pm', '12:00'],
    ['9 am', '09:00'],
    ['9.30 pm', '21:30'],
    ['21h30', '21:30'],
    ['21 h', '21:00'],
    ['21.30 Uhr', '21:30'],
    ['9 uur', '09:00'],
    ["9 o'clock", '09:00'],
    ['at 12:30.', '12:30'],
    ['2024-12-31 23:59', '23:59'],
    ['12:30 (12:30)', '12:30'],
  ])('reads %j as %s', (text, value) => {
    expect(parseTime(text)?.value).toBe(value);
  });

  it.each([
    '',
    'noon',
    '24:10',
    '12:60',
    '13:00 pm',
    '0 am',
    '9:00-17:00',
    '1:2',
    '12.50',
    '12',
    '1:23:45:67',
  ])('reads nothing from %j', (text) => {
    expect(parseTime(text)).toBeNull();
  });
});
