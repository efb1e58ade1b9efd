/** A report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere. */
import { makeError } from '../errors.js';
import { escapeMarkup } from './svg.js';

/** Markup that is safe to put into a page: only the functions of this file make it, and they escape every text. */
class Html {
  private constructor(readonly markup: string) {}

  /** @internal */
  static of(markup: string): Html {
    return new Html(markup);
  }
}

export function paragraph(text: string): Html {
  return Html.of(`<p>${escapeMarkup(text)}</p>`);
}

/** A chart as a picture of its own, so that its styles stay its own. `label` is for readers who do not see it. */
export function figure(svg: string, label: string): Html {
  const data = Buffer.from(svg).toString('base64');
  return Html.of(
    `<figure><img src="data:image/svg+xml;base64,${data}" alt="${escapeMarkup(label)}"></figure>`,
  );
}

/**
 * A table: the first cell of each row names it, numbers are at the right end of their cells.
 *
 * @throws `ERR_OPTION_RANGE` for a row that has not a cell for each column
 */
export function table(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
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
    rows.every((row) => typeof row[i] === 'number' || /^[-+±]?\d|^(n\/a)?$/.test(String(row[i]))),
  );
  const cell = (tag: string, content: string | number, i: number): string =>
    `<${tag}${isNumeric[i] && i > 0 ? ' class="number"' : ''}>${escapeMarkup(String(content))}</${tag.split(' ')[0]}>`;
  const head = columns.map((title, i) => cell('th scope="col"', title, i)).join('');
  const body = rows.map((row) => {
    const cells = row.map((content, i) => cell(i === 0 ? 'th scope="row"' : 'td', content, i));
    return `<tr>${cells.join('')}</tr>`;
  });
  return Html.of(
    `<div class="table"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table></div>`,
  );
}

export function section(title: string, blocks: readonly Html[]): Html {
  const inside = blocks.map(({ markup }) => markup).join('\n');
  return Html.of(`<section>\n<h2>${escapeMarkup(title)}</h2>\n${inside}\n</section>`);
}

const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --canvas: #ffffff; --line: #d1d9e0; --faint: #59636e; }
@media (prefers-color-scheme: dark) { :root { --text: #f0f6fc; --canvas: #0d1117; --line: #2b323b; --faint: #9198a1; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 60rem; color: var(--text); background: var(--canvas); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2rem; font-size: 1.2rem; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid var(--line); text-align: left; font-weight: normal; overflow-wrap: anywhere; }
th[scope=row], td:not(.number) { min-width: 7rem; }
thead th { color: var(--faint); } .number { text-align: right; white-space: nowrap; }
@media print { body { margin: 0; max-width: none; } section, tr, figure { break-inside: avoid; } }
`;

/** The whole page. It tells browsers to load and run nothing, whatever the texts hold. */
export function htmlPage(title: string, blocks: readonly Html[]): string {
  const name = escapeMarkup(title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${name}</h1>
${blocks.map(({ markup }) => markup).join('\n')}
</body>
</html>
`;
}
