import { describe, expect, it } from 'vitest';
import {
  charts,
  htmlPage,
  link,
  paragraph,
  picture,
  section,
  table,
} from '../../../src/report/html.js';

describe('htmlPage', () => {
  const page = htmlPage('Quality <1>', [
    section('Figures & bars', [
      paragraph('<script>alert(1)</script>'),
      table(
        ['', 'share', 'note'],
        [
          ['cat"', 0.5, '<b>'],
          ['dog', 12, ''],
        ],
        'cats & dogs',
      ),
      charts([{ width: 1, height: 1, parts: [] }], 'a "chart"'),
      picture(Buffer.from('RIFF'), { alt: 'a <picture>', width: 1, height: 1 }),
    ]),
  ]);

  it('escapes every text', () => {
    expect(page).toContain('<title>Quality &#60;1&#62;</title>');
    expect(page).toContain('<h2>Figures &#38; bars</h2>');
    expect(page).toContain('<p>&#60;script&#62;alert(1)&#60;/script&#62;</p>');
    expect(page).toContain('<th scope="row">cat&#34;</th>');
    expect(page).toContain('<td>&#60;b&#62;</td>');
    expect(page).toContain('aria-label="a &#34;chart&#34;"');
    expect(page).toContain('alt="a &#60;picture&#62;"');
    expect(page).toContain(
      'aria-label="cats &#38; dogs"><table>\n<caption>cats &#38; dogs</caption>',
    );
    expect(page).not.toMatch(/<(script|b)\b/);
  });

  it('needs nothing else: pictures are inside, and nothing may be loaded', () => {
    expect(page).toContain(
      "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"",
    );
    const sources = [...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, source]) => source);
    expect(sources).toHaveLength(1);
    expect(sources[0]).toBe(`data:image/webp;base64,${Buffer.from('RIFF').toString('base64')}`);
  });
});

describe('table', () => {
  it('puts columns of figures to the right', () => {
    const { markup } = table(
      ['', 'n', 'range', 'word'],
      [
        ['1', 10, '±0.3 %', 'a'],
        ['2', 'n/a', '-1 to 2', '5'],
      ],
      'figures',
    );
    expect(markup).toContain('<th scope="row">1</th><td class="number">10</td>');
    expect(markup).toContain(
      '<td class="number">n/a</td><td class="number">-1 to 2</td><td>5</td>',
    );
    expect(markup).toContain(
      '<th scope="col" class="number whole">range</th><th scope="col" class="whole">word</th>',
    );
  });

  it('refuses a row with more or fewer cells than columns', () => {
    expect(() => table(['a', 'b'], [['1', '2'], ['1']], 'c')).toThrow(
      'rows[1] is a list of 1, expected 2 cells',
    );
  });
});

it('links to parts of the page, pages beside it and pages on the web, to nothing else', () => {
  const isLink = (address: string): boolean => link(address, 'a').markup.startsWith('<a ');
  expect(
    ['#a', 'https://a.org', 'q8_0/report.html', 'a/b-c/report.html', 'a.html'].map(isLink),
  ).toEqual([true, true, true, true, true]);
  const others = ['javascript:alert(1)//a.html', '//host/a.html', '/etc/a.html', '../a.html'];
  const more = ['a/../b.html', 'a/./b.html', '.hidden/a.html', 'file:a.html', 'a\\b.html', 'a.exe'];
  expect(
    [...others, ...more, 'a.html?b', 'a.html#b', 'a b.html', '', 'a//b.html'].filter(isLink),
  ).toEqual([]);
});
