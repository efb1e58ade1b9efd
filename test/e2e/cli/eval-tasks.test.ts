/** `paligemma eval` of objects, labels and documents, with several phrasings, with the demo model on scenes that it has never seen. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  labelOf,
  locationTokens,
  png,
  Random,
  type Scene,
  SEEDS,
  scene,
} from '../../../bench/quality/scenes.mjs';
import type { PromptBenchmark, PromptQuestion } from '../../../src/evaluation/prompt-findings.js';
import type { TypeFigures, TypesReport } from '../../../src/evaluation/type-findings.js';
import { checkpointFolder } from '../../support/models.js';
import { needsReference } from '../../support/needs.js';
import { jsonLines, paligemma } from './command.js';

const COUNT = 24;
let folder: string;
let scenes: readonly Scene[];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'paligemma-eval-'));
  scenes = Array.from({ length: COUNT }, (_, i) => scene(new Random(SEEDS.tests, i)));
  for (const [i, one] of scenes.entries()) {
    writeFileSync(path.join(folder, `${i}.png`), await png(one));
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A data set in a file of its own, beside the pictures. */
function rowsFile(name: string, rowOf: (one: Scene, i: number) => object): string {
  const file = path.join(folder, name);
  const lines = scenes.map((one, i) => JSON.stringify({ image: `${i}.png`, ...rowOf(one, i) }));
  writeFileSync(file, lines.join('\n'));
  return file;
}

/** The first object of a scene, and where all like it are. */
function asked({ objects, width, height }: Scene) {
  const label = labelOf(objects[0] as (typeof objects)[number]);
  const boxes = objects.filter((one) => labelOf(one) === label);
  const text = boxes.map(({ box }) => `${locationTokens(box, { width, height })} ${label}`);
  return { label, text: text.join(' ; ') };
}

interface Summary {
  readonly rows: number;
  readonly failed: number;
  readonly notes: readonly string[];
  readonly figures: readonly {
    readonly id: string;
    readonly figure: number | null;
    readonly details?: Readonly<Record<string, number>>;
  }[];
  readonly groups?: {
    readonly figures: readonly { readonly value: string; readonly rows: number }[];
  };
  readonly phrasings?: { readonly best: readonly string[]; readonly rows: number };
}

async function judge(data: string, run: string, ...args: string[]) {
  const ended = await paligemma(['eval', data, '-o', path.join(folder, run), '--json', ...args]);
  expect(ended.code).toBe(0);
  const summary = JSON.parse(ended.stdout) as Summary;
  const rows = jsonLines(readFileSync(path.join(folder, run, 'rows.jsonl'), 'utf8')) as Record<
    string,
    unknown
  >[];
  return { summary, rows };
}

const figureOf = ({ figures }: Summary, id: string) => figures.find((one) => one.id === id);

describe('objects', () => {
  it('of rows of loc tokens are asked for with scores and judged as COCO does', async () => {
    const data = rowsFile('detect.jsonl', (one, i) => {
      const { label, text } = asked(one);
      return { prefix: `detect ${label}`, suffix: text, kind: i % 2 ? 'odd' : 'even' };
    });
    const { summary, rows } = await judge(data, 'detect', '--task', 'detect', '--group-by', 'kind');
    const average = figureOf(summary, 'map@pycocotools');
    expect(average?.figure).toBeGreaterThan(0.2);
    expect(average?.details).toMatchObject({ AP50: expect.any(Number), AR100: expect.any(Number) });
    expect(figureOf(summary, 'f1@iou-0.5')?.figure).toBeGreaterThan(0.4);
    expect(rows[0]).toMatchObject({
      ...{ id: 'detect.jsonl:1', size: { width: 224, height: 224 }, fields: { kind: 'even' } },
      ...{ prompt: expect.stringMatching(/^detect /) },
      objects: [{ label: expect.any(String), bbox: expect.any(Array), area: expect.any(Number) }],
    });
    const groups = summary.groups?.figures.map(({ value, rows: n }) => [value, n]);
    expect(groups).toEqual([
      ['even', COUNT / 2],
      ['odd', COUNT / 2],
    ]);
    // The answers of the run, as those of another system, have the same figures.
    const answers = path.join(folder, 'answers.jsonl');
    const lines = rows.map(({ id, found }) => JSON.stringify({ id, detections: found }));
    writeFileSync(answers, lines.join('\n'));
    const again = await judge(data, 'again', '--task', 'detect', '--predictions', answers);
    expect(again.summary.figures).toEqual(summary.figures);
  });

  it('of COCO have masks as pycocotools draws them, and what no truth is called is reported', async () => {
    const [first] = scenes as [Scene];
    const { objects, width, height } = first;
    mkdirSync(path.join(folder, 'coco'), { recursive: true });
    const file = path.join(folder, 'coco', 'coco.json');
    const categories = [...new Set(objects.map(labelOf))].map((name, i) => ({ id: i + 1, name }));
    writeFileSync(
      file,
      JSON.stringify({
        images: [{ id: 5, file_name: '../0.png', width, height }],
        categories,
        annotations: objects.map((object, i) => {
          const { xmin, ymin, xmax, ymax } = object.box;
          return {
            ...{ id: i + 1, image_id: 5, iscrowd: 0, area: 1234 },
            category_id: categories.find(({ name }) => name === labelOf(object))?.id,
            bbox: [xmin, ymin, xmax - xmin, ymax - ymin],
            segmentation: [[xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax]],
          };
        }),
      }),
    );
    const { rows, summary } = await judge(file, 'segment', '--task', 'segment');
    expect(rows[0]).toMatchObject({
      objects: objects.map(() => ({
        ...{ area: 1234, rle: { size: [height, width], counts: expect.any(String) } },
      })),
    });
    expect(figureOf(summary, 'map@pycocotools-masks')).toBeDefined();
    // Boxes in pixels of a picture of another size are not compared with those that were found.
    const wide = JSON.parse(readFileSync(file, 'utf8')) as { images: { width: number }[] };
    (wide.images[0] as { width: number }).width = width + 1;
    const wideFile = path.join(folder, 'coco', 'wide.json');
    writeFileSync(wideFile, JSON.stringify(wide));
    const sized = await paligemma([
      ...['eval', wideFile, '--task', 'detect', '-o', path.join(folder, 'wide')],
    ]);
    expect([sized.code, sized.stdout]).toEqual([
      6,
      expect.stringContaining(`is ${width} x ${height} pixels, not ${width + 1} x ${height}`),
    ]);
    const results = path.join(folder, 'results.json');
    const [object] = objects as [(typeof objects)[number]];
    const { xmin, ymin, xmax, ymax } = object.box;
    const bbox = [xmin, ymin, xmax - xmin, ymax - ymin];
    writeFileSync(results, JSON.stringify([{ image_id: 5, category_id: 1, bbox, score: 0.5 }]));
    const other = await judge(file, 'results', '--task', 'detect', '--predictions', results);
    expect(figureOf(other.summary, 'precision@iou-0.5')?.figure).toBe(1);
    const answers = path.join(folder, 'strange.jsonl');
    writeFileSync(answers, JSON.stringify({ id: 0, detections: [{ label: 'unicorn', bbox }] }));
    const strange = await judge(file, 'strange', '--task', 'detect', '--predictions', answers);
    expect(strange.summary.notes).toEqual([expect.stringContaining('such as "unicorn"')]);
  });

  it('have masks of seg tokens, as PaliGemma is trained on them, which the model decodes', async () => {
    const boxes = rowsFile('outlined.jsonl', (one) => {
      const { label, text } = asked(one);
      return { prefix: `segment ${label}`, suffix: text };
    });
    const { rows } = await judge(boxes, 'outlined', '--task', 'segment');
    const single = rows.filter(({ found }) => (found as readonly unknown[]).length === 1) as {
      readonly image: string;
      readonly prompt: string;
      readonly answer: string;
    }[];
    expect(single.length).toBeGreaterThan(5);
    const write = (name: string, suffixOf: (answer: string) => string): string => {
      const lines = single.map(({ image, prompt, answer }) =>
        JSON.stringify({ image: path.basename(image), prefix: prompt, suffix: suffixOf(answer) }),
      );
      writeFileSync(path.join(folder, name), lines.join('\n'));
      return path.join(folder, name);
    };
    // What the model answers is right, so all of it is.
    const same = write('same.jsonl', (answer) => answer);
    // The same boxes with another shape in them.
    const other = write('other.jsonl', (answer) => answer.replace(/<seg\d{3}>/g, '<seg000>'));
    for (const [task, box, mask] of [
      ['segment', 'map@pycocotools', 'map@pycocotools-masks'],
      ['refer', 'boxacc@refcoco-0.75', 'miou@refcoco'],
    ] as const) {
      const right = await judge(same, `${task}-same`, '--task', task);
      expect([figureOf(right.summary, box)?.figure, figureOf(right.summary, mask)?.figure]).toEqual(
        [1, 1],
      );
      const wrong = await judge(other, `${task}-other`, '--task', task);
      expect(figureOf(wrong.summary, box)?.figure).toBe(1);
      expect(figureOf(wrong.summary, mask)?.figure).toBeLessThan(0.9);
      // Texts of another system are not decoded without a model, and boxes alone need none.
      const answers = path.join(folder, `${task}-texts.jsonl`);
      const texts = single.map(({ answer }, id) => JSON.stringify({ id, answer }));
      writeFileSync(answers, texts.join('\n'));
      const run = path.join(folder, `${task}-texts`);
      const args = ['eval', same, '--predictions', answers, '-o', run];
      expect(await paligemma([...args, '--task', task])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('same.jsonl:1 has a mask in seg tokens'),
      });
      const alone = await paligemma([...args, '--task', 'detect', '--json']);
      const { figures } = JSON.parse(alone.stdout) as Summary;
      expect([alone.code, figures[0]]).toMatchObject([0, { id: 'map@pycocotools', figure: 1 }]);
    }
  });

  it('whose picture cannot be read are rows that fail', async () => {
    const file = path.join(folder, 'missing.jsonl');
    writeFileSync(file, JSON.stringify({ image: 'none.png', prefix: 'detect x', suffix: '' }));
    const args = ['eval', file, '-o', path.join(folder, 'missing'), '--task', 'detect', '--json'];
    const { code, stdout } = await paligemma(args);
    expect([code, JSON.parse(stdout)]).toMatchObject([6, { rows: 1, failed: 1 }]);
  });
});

it('several phrasings are asked of each row, with one encoding of its picture', async () => {
  const data = rowsFile('words.jsonl', (one) => {
    const { label, text } = asked(one);
    return { prefix: `detect ${label}`, suffix: text, thing: label };
  });
  const prompts = ['{prefix}', 'find the {thing}', 'segment {thing}'];
  const args = prompts.flatMap((prompt) => ['--prompt', prompt]);
  const { summary, rows } = await judge(
    data,
    'words',
    '--task',
    'detect',
    '--max-tokens',
    '16',
    ...args,
  );
  expect(rows).toHaveLength(3 * COUNT);
  expect(rows.slice(0, 3).map(({ phrasing }) => phrasing)).toEqual(prompts);
  expect(rows.every((row) => !('seconds' in row))).toBe(true);
  expect(summary.rows).toBe(COUNT);
  expect(summary.phrasings?.rows).toBe(COUNT);
  expect(summary.phrasings?.best).not.toContain('find the {thing}');
  const report = await paligemma(['eval', '--report', path.join(folder, 'words')]);
  expect([report.code, report.stdout]).toEqual([0, expect.stringContaining('find the {thing}')]);
  const strange = await paligemma([
    ...['eval', data, '-o', path.join(folder, 'strange-words'), '--task', 'detect'],
    ...['--prompt', 'find {it}'],
  ]);
  expect([strange.code, strange.stderr]).toEqual([
    2,
    expect.stringContaining('which no row has, expected {thing}, {prefix}'),
  ]);
});

it('documents are judged by what is read of them', async () => {
  const data = rowsFile('documents.jsonl', () => ({ prefix: 'x', suffix: '{"a":"1","b":"2"}' }));
  const answers = path.join(folder, 'values.jsonl');
  const lines = scenes.map((_, id) =>
    JSON.stringify({ id, value: { a: '1', b: id % 2 ? '2' : null } }),
  );
  writeFileSync(answers, lines.join('\n'));
  const { summary } = await judge(data, 'documents', '--task', 'extract', '--predictions', answers);
  expect(figureOf(summary, 'anls@star')?.figure).toBe(0.75);
});

it('documents have the same figures however they are judged, and from the rows again', async () => {
  const truths = ['{"a":1}', '{"a":12.0}', '{"a":12345678901234567890}', '{"a":{"b":[1,""]}}'];
  const said = ['{"a":1.0}', '{"a":"12.0"}', '{"a":12345678901234567891}', '{"a":1,"a":2}'];
  const fenced = '```json\n{"a":1}\n```';
  const write = (name: string, line: (i: number) => string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, scenes.map((_, i) => line(i)).join('\n'));
    return file;
  };
  const asTexts = write('written.jsonl', (i) =>
    JSON.stringify({ image: `${i}.png`, prefix: 'x', suffix: truths[i % 4] }),
  );
  const asFields = write(
    'fields.jsonl',
    (i) => `{"image":"${i}.png","fields":${truths[i % 4] as string}}`,
  );
  const answers = write('said.jsonl', (id) =>
    JSON.stringify({ id, answer: id % 8 === 4 ? fenced : said[id % 4] }),
  );
  const args = ['--predictions', answers, '--metric', 'json-f1@vlm-exam'];
  const asked = await judge(asTexts, 'as-texts', '--task', 'ask', ...args);
  const extracted = await judge(asFields, 'as-fields', '--task', 'extract', ...args);
  expect(figureOf(asked.summary, 'json-f1@vlm-exam')?.figure).toBe(1 / 8);
  expect(figureOf(extracted.summary, 'json-f1@vlm-exam')?.figure).toBe(1 / 8);
  const star = ['--metric', 'anls@star'];
  const both = await judge(asFields, 'both', '--task', 'extract', ...args, ...star);
  expect(both.rows.slice(0, 3).map(({ values }) => values)).toEqual([
    { 'json-f1@vlm-exam': 0, 'anls@star': 0 },
    { 'json-f1@vlm-exam': 0, 'anls@star': 1 },
    { 'json-f1@vlm-exam': 0, 'anls@star': 0.95 },
  ]);
  const file = path.join(folder, 'both', 'summary.json');
  const before = readFileSync(file, 'utf8');
  expect((await paligemma(['eval', '--report', path.dirname(file)])).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(before);
});

it('a document is kept with what the model generated for each field', async () => {
  const data = rowsFile('read.jsonl', () => ({ fields: { sides: 4, colour: 'red' } }));
  const { rows } = await judge(data, 'read', '--task', 'extract', '--max-tokens', '8');
  expect(rows).toHaveLength(COUNT);
  const fields = ['sides', 'colour'];
  for (const row of rows) {
    const { value, readings } = row as { value: object; readings: Record<string, object> };
    expect([Object.keys(value), Object.keys(readings)]).toEqual([fields, fields]);
    expect(readings['sides']).toEqual({
      ...{ prompt: expect.stringContaining('sides'), raw: expect.any(String) },
      score: expect.any(Number),
    });
  }
});

it('a task that judges something else is refused with those that do', async () => {
  const data = rowsFile('texts.jsonl', () => ({ prefix: 'ocr', suffix: 'no boxes' }));
  const args = ['eval', data, '-o', path.join(folder, 'refused'), '--task', 'detect'];
  const { code, stderr } = await paligemma(args);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('texts.jsonl:1 expects a text, not objects'),
  ]);
  expect(stderr).toContain('ocr, ask, caption, count');
});

describe('phrasings of drawn sets', () => {
  const run = (...args: string[]) =>
    paligemma(['prompt-benchmark', '-o', path.join(folder, 'prompts'), '--count', '4', ...args]);

  it('have a line for each question, and the same command continues', async () => {
    const sets = ['--set', 'coins', '--set', 'plurals', '--max-tokens', '8'];
    const first = await run(...sets, '--json');
    const report = JSON.parse(first.stdout) as PromptBenchmark;
    expect([first.code, report.questions.map(({ set, kind }) => `${set} ${kind}`)]).toEqual([
      ...[0, ['coins count', 'coins total', 'plurals find']],
    ]);
    const [count, total] = report.questions as [PromptQuestion, PromptQuestion];
    expect(count).toMatchObject({ failed: 0, run: 'coins/count' });
    expect(count.phrasings).toMatchObject({ metric: 'count@tallyqa', rows: 4 });
    expect(count.phrasings.phrasings.map(({ phrasing }) => phrasing)).toContain('count the coins');
    expect(first.stderr).not.toContain('may do better');
    const rows = readFileSync(path.join(folder, 'prompts', count.run, 'rows.jsonl'), 'utf8');
    const sums = readFileSync(path.join(folder, 'prompts', total.run, 'rows.jsonl'), 'utf8');
    for (const line of sums.trim().split('\n').slice(1)) {
      const [amount = '', ...forms] = (JSON.parse(line) as { truths: string[] }).truths;
      expect(amount).toMatch(/^\d+\.\d\d$/);
      expect(forms).toEqual(expect.arrayContaining([`€${amount}`, `${amount}euros`]));
    }
    const again = await run(...sets, '--json');
    expect(JSON.parse(again.stdout)).toEqual(report);
    expect(readFileSync(path.join(folder, 'prompts', count.run, 'rows.jsonl'), 'utf8')).toBe(rows);
    const table = await run(...sets);
    expect(table.stdout).toMatch(/plurals +find +f1@iou-0\.5/);
    // The last sentence of the console is the first of the page.
    const verdict = table.stdout.trim().split('\n').at(-1) as string;
    const page = readFileSync(path.join(folder, 'prompts', 'report.html'), 'utf8');
    expect(page).toContain(`</strong> ${verdict}</p>`);
    const [, link = ''] = /href="([^#"][^"]*)"/.exec(page) ?? [];
    expect(link).toBe('coins/count/report.html');
    expect(existsSync(path.join(folder, 'prompts', link))).toBe(true);
    expect(report.settings).toMatchObject({ maxTokens: 8, count: 4, version: expect.any(String) });
  });

  it('of an unknown set are refused with those that there are', async () => {
    const { code, stderr } = await run('--set', 'bills');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('option set has "bills", expected'),
    ]);
    expect(stderr).toContain('receipts');
  });
});

describe('number types of a checkpoint', needsReference(checkpointFolder('shapes-mix-224')), () => {
  it('are converted, asked, and compared with the first; the same command continues', async () => {
    const data = rowsFile('types.jsonl', (one) => {
      const { label, text } = asked(one);
      return { prefix: `detect ${label}`, suffix: text };
    });
    const output = path.join(folder, 'types');
    const args = [
      'compare-types',
      checkpointFolder('shapes-mix-224'),
      data,
      '-o',
      output,
      '--json',
    ];
    const options = ['--task', 'detect', '--metric', 'f1@iou-0.5', '--types', 'F32, q4_0'];
    const first = await paligemma([...args, ...options]);
    const report = JSON.parse(first.stdout) as TypesReport;
    expect([first.code, report.types.map(({ type }) => type)]).toEqual([0, ['f32', 'q4_0']]);
    const [f32, q4] = report.types as [TypeFigures, TypeFigures];
    expect(q4.bytes).toBeLessThan(f32.bytes / 3);
    expect(q4.memoryBytes).toBeLessThan(f32.memoryBytes);
    expect([f32.rows, f32.agreement, q4.agreement?.figure]).toEqual([
      ...[COUNT, undefined, expect.any(Number)],
    ]);
    expect(q4.differences?.[0]).toMatchObject({ id: 'f1@iou-0.5', verdict: expect.any(String) });
    // Model files are gone, runs are there.
    expect(readdirSync(output).sort()).toEqual([
      ...['f32', 'q4_0', 'report.html', 'report.md', 'run.json', 'types.json'],
    ]);
    expect(report.settings).toMatchObject({ task: 'detect', machine: expect.any(String) });
    const page = readFileSync(path.join(output, 'report.html'), 'utf8');
    expect(page).toContain('<a href="q4_0/report.html">q4_0</a>');
    expect(page).toContain('By f1@iou-0.5, ');
    // Nothing is asked again.
    const again = await paligemma([...args, ...options]);
    expect(JSON.parse(again.stdout)).toEqual(report);
    // Pictures that are kept are not in the memory of a type.
    const without = [...args, ...options, '-o', `${output}-without`];
    const { stdout } = await paligemma([...without, '--feature-cache-mb', '0']);
    const memoryOf = ({ types }: TypesReport) => types.map(({ memoryBytes }) => memoryBytes);
    expect(memoryOf(JSON.parse(stdout) as TypesReport)).toEqual(memoryOf(report));
  });

  it.each([
    [['--types', 'f32', '--types', 'q9'], 'option types has "q9", expected f32'],
    [['--types', 'f32', '--types', 'f32'], 'each type once'],
    [['--types', 'f32'], 'option types has f32, expected two or more'],
    [['--types', 'f32,q9'], 'option types has "q9", expected f32'],
  ])('%j is refused', async (options, words) => {
    const data = rowsFile('few.jsonl', () => ({ prefix: 'ocr', suffix: 'x' }));
    const args = ['compare-types', checkpointFolder('shapes-mix-224'), data];
    const { code, stderr } = await paligemma([...args, '-o', path.join(folder, 'no'), ...options]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
