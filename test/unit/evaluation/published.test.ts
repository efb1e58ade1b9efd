import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { METRICS } from '../../../src/evaluation/metrics/registry.js';
import { PUBLISHED, publishedFor } from '../../../src/evaluation/published.js';
import { ROOT } from '../../support/models.js';

it('every figure is of a metric of ours, on its scale, with a source', () => {
  const ids = METRICS.map(({ id }) => id);
  for (const { metric, figure, printed, source, isComparable, note } of PUBLISHED) {
    expect(ids).toContain(metric);
    expect(figure).toBe(printed / 100);
    expect(figure).toBeGreaterThan(0.2);
    if (metric !== 'cider@pycocoevalcap') expect(figure).toBeLessThan(1);
    expect(source).toMatch(/^https:\/\//);
    if (!isComparable) expect(note).toMatch(/test server|mean of|not known|its evaluator/);
  }
  // Counted in the tables: 24 lines of PaliGemma (8 of them with 896), 3 of mix, 22 of PaliGemma 2, 2 of detection.
  expect(PUBLISHED).toHaveLength(24 * 2 + 8 + 3 * 2 + 22 * 6 + 2 * 9);
});

it('there is one figure of a model, metric, data set and split', () => {
  const keys = PUBLISHED.map(({ metric, dataset, split, model }) =>
    JSON.stringify([metric, dataset, split, model]),
  );
  expect(new Set(keys).size).toBe(keys.length);
});

it('is found by names as people write them, and by no other metric or split', () => {
  const query = { metric: 'vqa@leave-one-out', dataset: 'text-vqa', split: 'valid' };
  const model = { size: '3b', resolution: 448 } as const;
  expect(publishedFor({ ...query, model })).toEqual([
    {
      ...{ metric: query.metric, dataset: 'TextVQA', split: 'val' },
      model: { family: 'PaliGemma 2', size: '3b', resolution: 448, checkpoint: 'fine-tuned' },
      ...{ figure: 0.752, printed: 75.2, isComparable: true, note: undefined },
      source: 'https://huggingface.co/google/paligemma2-3b-pt-224',
    },
  ]);
  expect(publishedFor(query)).toHaveLength(6);
  expect(publishedFor({ ...query, metric: 'vqa@min3' })).toEqual([]);
  expect(publishedFor({ ...query, split: 'train' })).toEqual([]);
  const refcoco = { metric: 'miou@refcoco', split: 'val', model: { family: 'PaliGemma' } } as const;
  const printed = (dataset: string) =>
    publishedFor({ ...refcoco, dataset }).map((one) => one.printed);
  expect(printed('RefCOCO')).toEqual([73.4, 75.57, 76.94]);
  expect(printed('refcoco+')).toEqual([68.32, 69.76, 72.18]);
});

it('figures of test servers are none to compare with', () => {
  const query = { metric: 'anls@big_vision', dataset: 'DocVQA', split: 'test' };
  expect(publishedFor(query).map(({ printed, isComparable }) => [printed, isComparable])).toEqual([
    [43.74, false],
    [78.02, false],
    [84.77, false],
  ]);
});

it('captions of beam search have a note', () => {
  const captions = PUBLISHED.filter(({ dataset }) => /^(COCOcap|NoCaps|TextCaps)$/.test(dataset));
  expect(captions).toHaveLength(2 * 3 + 2 * 6);
  for (const { note } of captions) expect(note).toContain('beam search');
});

/** `3b: 55.47, 73.15, 76.48`, by the resolutions that there are. */
function rowsOfTable(): string[] {
  const rows = new Map<string, Map<string, string[]>>();
  for (const { dataset, split, metric, model, printed, isComparable, note } of PUBLISHED) {
    const mark = `${isComparable ? '' : 'not comparable: '}${note ?? ''}`;
    const head = [dataset, `\`${split}\``, `\`${metric}\``].join(' | ');
    const name = `${model.family}${model.checkpoint === 'mix' ? ' mix' : ''} ${model.size}`;
    const key = `${head} | ${mark}`;
    const models = rows.get(key) ?? new Map<string, string[]>();
    rows.set(key, models);
    models.set(name, [...(models.get(name) ?? []), `${model.resolution}: ${printed}`]);
  }
  return [...rows].map(([key, models]) => {
    const figures = [...models].map(([name, values]) => `${name} ${values.join(', ')}`).join('; ');
    const [mark = '', ...head] = key.split(' | ').reverse();
    return `| ${head.reverse().join(' | ')} | ${figures} | ${mark} |`;
  });
}

it('docs/evaluation.md has them all', () => {
  const page = readFileSync(path.join(ROOT, 'docs/evaluation.md'), 'utf8');
  const rows = rowsOfTable();
  const [, table = ''] =
    /\n## Published figures\n[\s\S]*?\n\| ---.*\n((?:\|.*\n)+)/.exec(page) ?? [];
  expect(table).toBe(rows.map((row) => `${row.replace('|  |', '| |')}\n`).join(''));
});
