/** A report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere. */
import { makeError } from '../errors.js';
import { CHART_STYLE, chartPage, escapeMarkup, type Panel } from './svg.js';

/** Markup that is safe to put into a page: only the functions of this file make it, and they escape every text. */
export class Html {
  private constructor(readonly markup: string) {}

  /** @internal */
  static of(markup: string): Html {
    return new Html(markup);
  }
}

/** Elements without a function of their own here. None loads anything, and none runs anything. */
type Tag =
  | ('p' | 'div' | 'span' | 'strong' | 'code' | 'ul' | 'li' | 'dl' | 'dt' | 'dd')
  | ('details' | 'summary' | 'ins' | 'del' | 'h3' | 'nav' | 'bdi');

/** Any text in it is escaped. */
export function element(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
  ...content: readonly (Html | string)[]
): Html {
  return tagged(tag, attributes, content);
}

function tagged(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  content: readonly (Html | string)[],
): Html {
  const named = Object.entries(attributes).map(
    ([name, value]) => ` ${name}="${escapeMarkup(value)}"`,
  );
  const inside = content.map((one) => (typeof one === 'string' ? escapeMarkup(one) : one.markup));
  return Html.of(`<${tag}${named.join('')}>${inside.join('')}</${tag}>`);
}

export function paragraph(text: string): Html {
  return element('p', {}, text);
}

/** A page in a folder of the page's own, whatever is in its name: no scheme, no host, no way up. */
const BESIDE = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.html$/;

/** To a part of this page, to a page beside it, or to one on the web; anything else is text. */
export function link(address: string, text: string): Html {
  if (!/^(#|https:\/\/)/.test(address) && !BESIDE.test(address)) return element('span', {}, text);
  return tagged('a', { href: address }, [text]);
}

/** Pixels in the page itself, in the WebP format. */
export function picture(
  webp: Buffer,
  { alt, width, height }: { readonly alt: string; readonly width: number; readonly height: number },
): Html {
  const data = webp.toString('base64');
  return Html.of(
    `<img src="data:image/webp;base64,${data}" alt="${escapeMarkup(alt)}" width="${width}" height="${height}">`,
  );
}

/** Charts side by side where there is room. `label` is for readers who do not see them. */
export function charts(panels: readonly Panel[], label: string): Html {
  const drawn = panels.map((panel) => chartPage(label, [panel], 1, { isFile: false }));
  return Html.of(`<figure class="charts">${drawn.join('')}</figure>`);
}

/** A drawing over a picture, as wide as it. `parts` are elements of SVG that escape their texts. */
export function overlay(parts: readonly string[], width: number, height: number): Html {
  return Html.of(
    `<svg class="overlay" viewBox="0 0 ${width} ${height}" aria-hidden="true">${parts.join('')}</svg>`,
  );
}

type Cell = Html | string | number;

/** Words of headings that are longer are broken where there is no room for them. */
const LONGEST_WORD = 12;

/**
 * A table: the first cell of each row names it, numbers are at the right end of their cells. It scrolls inside of itself where
 * the page is narrow, by keys as well, so it has a name for those who hear where they are: the caption, which is not empty.
 *
 * @throws `ERR_OPTION_RANGE` for a row that has not a cell for each column
 */
export function table(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  caption: string,
): Html {
  for (const [i, row] of rows.entries()) {
    if (row.length === columns.length) continue;
    const [found, expected] = [`a list of ${row.length}`, `${columns.length} cells`];
    throw makeError('ERR_OPTION_RANGE', `rows[${i}] is ${found}, expected ${expected}`, {
      name: `rows[${i}]`,
      found,
      expected,
    });
  }
  // A column of nothing but figures is one of numbers, whatever they are written with: "12 %", "±0.3", "n/a".
  const isNumeric = columns.map((_, i) =>
    rows.every((row) => typeof row[i] === 'number' || NUMERIC.test(String(row[i]))),
  );
  const cell = (tag: string, content: Cell, i: number): string => {
    const inside = content instanceof Html ? content.markup : escapeMarkup(String(content));
    const isShort = String(content)
      .split(/\s/)
      .every((word) => word.length <= LONGEST_WORD);
    const classes = [
      ...(isNumeric[i] && i > 0 ? ['number'] : []),
      ...(tag.endsWith('"col"') && isShort ? ['whole'] : []),
    ].join(' ');
    return `<${tag}${classes === '' ? '' : ` class="${classes}"`}>${inside}</${tag.split(' ')[0]}>`;
  };
  const head = columns.map((title, i) => cell('th scope="col"', title, i)).join('');
  const body = rows.map((row) => {
    const cells = row.map((content, i) => cell(i === 0 ? 'th scope="row"' : 'td', content, i));
    return `<tr>${cells.join('')}</tr>`;
  });
  const name = escapeMarkup(caption);
  return Html.of(
    `<div class="table" tabindex="0" role="region" aria-label="${name}"><table>\n<caption>${name}</caption>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table></div>`,
  );
}

/** `id`: what links to it say after `#`. */
export function section(title: string, blocks: readonly Html[], id = ''): Html {
  const inside = blocks.map(({ markup }) => markup).join('\n');
  const named = id === '' ? '' : ` id="${escapeMarkup(id)}"`;
  return Html.of(`<section${named}>\n<h2>${escapeMarkup(title)}</h2>\n${inside}\n</section>`);
}

/** What is written in columns of figures. */
const NUMERIC = /^[-+±]?\d|^(n\/a|none|never)?$/;

const STYLE = `${CHART_STYLE}

:root { color-scheme: light dark; --text: #1f2328; --canvas: #ffffff; --line: #d1d9e0; --faint: #59636e; --link: #0969da; }
@media screen and (prefers-color-scheme: dark) { :root { --text: #f0f6fc; --canvas: #0d1117; --line: #2b323b; --faint: #9198a1; --link: #58a6ff; } }
@media print { :root { color-scheme: light; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 60rem; color: var(--text); background: var(--canvas); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; } h2 { margin-top: 2rem; font-size: 1.2rem; }
figure { margin: 1rem 0; } img, .chart { max-width: 100%; height: auto; }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem 2.5rem; align-items: start; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { max-width: min(44rem, calc(100vw - 2rem)); padding-bottom: 0.4rem; text-align: left; color: var(--faint); font-size: 0.875rem; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid var(--line); text-align: left; font-weight: normal; overflow-wrap: anywhere; } th.whole { overflow-wrap: normal; }
th:first-child { padding-left: 0; }
th[scope=row], td:not(.number) { min-width: 7rem; }
thead th { min-width: 4.5rem; color: var(--faint); vertical-align: bottom; } .number { text-align: right; } td.number { white-space: nowrap; }
a { color: var(--link); } :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } .table { overflow: visible; } table { font-size: 9pt; } th, td { padding: 0.2rem 0.5rem; } th[scope=row], td:not(.number) { min-width: 0; } thead th { min-width: 0; } td.number { white-space: normal; } tr, figure { break-inside: avoid; } h2, h3 { break-after: avoid; } }
`;

/** The whole page. It tells browsers to load and run nothing, whatever the texts hold. */
export function htmlPage(
  title: string,
  blocks: readonly Html[],
  { style = '' }: { readonly style?: string } = {},
): string {
  const name = escapeMarkup(title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}</title>
<style>${STYLE}${style}</style>
</head>
<body>
<main>
<h1>${name}</h1>
${blocks.map(({ markup }) => markup).join('\n')}
</main>
</body>
</html>
`;
}
