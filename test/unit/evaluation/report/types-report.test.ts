import { expect, it } from 'vitest';
import { htmlTypes } from '../../../../src/evaluation/report/types-report.js';
import { typesReport } from '../../../support/benchmark-reports.js';

it('begins with which types are worse, and shows every type by every metric', () => {
  const page = htmlTypes(typesReport());
  expect(page).toContain('<strong>Some cost quality</strong> By exact@strict, shown to be worse');
  expect(page).toContain('The 296 rows that all types have answered could show');
  expect(page).toContain('4 of q4_0.');
  expect(page).toContain('<a href="q4_0/report.html">q4_0</a>');
  expect(page).toContain(
    '<td class="number">-0.0590</td><td class="number">-0.0790 to -0.0390</td><td>worse</td>',
  );
  expect(page).toContain('<td class="number">14.1 %</td>');
  expect(page).toContain('character error rate (cer@jiwer), lower is better');
  // Each type but the first has a stroke at the figure of the first.
  expect(page.match(/class="mark"/g)).toHaveLength(7);
  expect(page.match(/class="a dot"/g)).toHaveLength(8);
});

it('says where no loss is shown', () => {
  const { types, ...rest } = typesReport();
  const page = htmlTypes({ ...rest, types: types.slice(0, -1) });
  expect(page).toContain('<strong>No loss shown</strong>');
  expect(page).not.toContain('Failed');
});
