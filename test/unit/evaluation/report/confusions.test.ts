import { describe, expect, it } from 'vitest';
import { confusionsOf, confusionsSection } from '../../../../src/evaluation/report/confusions.js';
import type { EvaluatedRow } from '../../../../src/evaluation/rows.js';

const row = (index: number, answer: string, ...truths: string[]): EvaluatedRow => ({
  ...{ id: `r:${index}`, index, image: 'p.png', answer, truths },
});

describe('confusionsOf', () => {
  it('counts what was read as what, left out and added, against the nearest truth', async () => {
    const rows = [
      row(0, 'O1', '01'),
      row(1, 'O', 'far away', '0'),
      row(2, '55', '5S'),
      row(3, '', 'a'),
      row(4, 'cdx', 'cd'),
    ];
    const { all, characters, leftOut } = await confusionsOf(rows);
    expect(all[0]).toEqual({ there: '0', read: 'O', times: 2 });
    expect(all).toContainEqual({ there: 'S', read: '5', times: 1 });
    expect(all).toContainEqual({ there: undefined, read: 'x', times: 1 });
    expect(all).toContainEqual({ there: 'a', read: undefined, times: 1 });
    expect([characters.get('0'), characters.get('5'), leftOut]).toEqual([2, 1, 0]);
  });

  it('leaves out rows that are too long to be aligned, and counts them', async () => {
    const { all, leftOut } = await confusionsOf([row(0, 'x'.repeat(2000), 'y'.repeat(2000))]);
    expect([all, leftOut]).toEqual([[], 1]);
  });
});

it('shows a grid, and names what cannot be seen', async () => {
  const rows = [row(0, 'O', '0'), row(1, 'a\u202eb', 'a b'), row(2, 'a', 'a\n')];
  const { markup = '' } = (await confusionsSection(rows)) ?? {};
  expect(markup).toContain('<svg');
  expect(markup).toContain('<th scope="row">space</th><td>⟨U+202E⟩</td>');
  expect(markup).toContain('<th scope="row">line break</th><td>nothing</td>');
  expect(await confusionsSection([row(0, 'a', 'a')])).toBeUndefined();
});
