/** `paligemma eval`: a model and a file of answers judged, rows that fail, limits, and runs that were killed. */
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../../support/folder.js';
import { imagePath, ROOT } from '../../support/models.js';
import { RandomNumbers } from '../../support/random.js';
import { jsonLines, paligemma, start } from './command.js';

const SCENE = imagePath('scene1.png');
const CAPTION = 'a black circle, a black triangle and a black triangle';

interface Summary {
  readonly rows: number;
  readonly failed: number;
  readonly figures: readonly { readonly id: string; readonly figure: number }[];
}

function dataset(rows: readonly object[], name = 'rows.jsonl'): string {
  const folder = folderWith({});
  const file = path.join(folder, name);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

const read = <T>(...names: string[]): T =>
  JSON.parse(readFileSync(path.join(...names), 'utf8')) as T;

const judge = (data: string, folder: string, ...args: string[]) =>
  paligemma(['eval', data, '-o', folder, ...args]);

const ROWS = [
  { image: SCENE, prefix: 'caption en', suffix: CAPTION },
  { image: SCENE, caption: 'a black circle' },
  { image: SCENE, question: 'what color is the circle?', answer: 'Black' },
];

it('asks a model, writes each row, and sums up', async () => {
  const data = dataset(ROWS);
  const folder = path.join(path.dirname(data), 'run');
  const { code, stdout } = await judge(
    data,
    folder,
    '--metric',
    'exact@strict',
    '--metric',
    'exact@lower',
  );
  expect([code, stdout]).toEqual([0, expect.stringMatching(/exact@strict +0\.3333 /)]);
  const rows = jsonLines(readFileSync(path.join(folder, 'rows.jsonl'), 'utf8'));
  expect(rows).toMatchObject([
    { id: 'rows.jsonl:1', prompt: 'caption en', answer: CAPTION, truths: [CAPTION] },
    { id: 'rows.jsonl:2', prompt: 'caption en', answer: CAPTION },
    { id: 'rows.jsonl:3', answer: 'black', tokens: 1, seconds: expect.any(Number) },
  ]);
  expect(read<Summary>(folder, 'summary.json')).toMatchObject({
    rows: 3,
    failed: 0,
    figures: [
      { id: 'exact@strict', figure: 1 / 3 },
      { id: 'exact@lower', figure: 2 / 3 },
    ],
  });
  // Pictures are found from the folder of the run.
  expect(path.resolve(folder, (rows[0] as { readonly image: string }).image)).toBe(SCENE);
  const page = readFileSync(path.join(folder, 'report.html'), 'utf8');
  expect(page).toContain('data:image/webp;base64,');
  expect(page).toContain('exact match');
  expect(read(folder, 'run.json')).toMatchObject({
    ended: expect.any(String),
    task: 'ask',
    format: 'jsonl',
    data: expect.stringMatching(/^[0-9a-f]{64}$/),
    metrics: ['exact@strict', 'exact@lower'],
  });
});

it('counts rows that fail, tries them again with --resume, and withholds what limits ask', async () => {
  const image = path.join(folderWith({}), 'late.png');
  const data = dataset([...ROWS, { image, prefix: 'caption en', suffix: CAPTION }]);
  const folder = path.join(path.dirname(data), 'run');
  const first = await judge(data, folder, '--json', '--fail-under', 'exact>=0.1');
  expect([first.code, JSON.parse(first.stdout)]).toMatchObject([
    ...[7, { rows: 4, failed: 1, coverage: 0.75, limits: [{ isMet: false }] }],
  ]);
  expect((await judge(data, folder, '--resume')).code).toBe(6);
  writeFileSync(image, readFileSync(SCENE));
  const again = await judge(data, folder, '--resume', '--json', '--fail-under', 'exact>=0.1');
  expect([again.code, JSON.parse(again.stdout)]).toMatchObject([
    ...[0, { rows: 4, failed: 0, limits: [{ figure: 0.75, isMet: true }] }],
  ]);
  const rows = jsonLines(readFileSync(path.join(folder, 'rows.jsonl'), 'utf8'));
  expect(rows).toHaveLength(4);
});

it('judges the answers of any system without a model', async () => {
  const data = dataset(ROWS);
  const folder = path.dirname(data);
  const answers = path.join(folder, 'answers.jsonl');
  writeFileSync(
    answers,
    `\ufeff{"id":"rows.jsonl:1","answer":"${CAPTION}","seconds":0.5}\r\n{"id":1,"answer":"a black circl"}\r\n{"id":"2","answer":"black"}\r\n`,
  );
  const args = ['--predictions', answers, '--task', 'ocr', '--fail-under', 'cer<=5%', '--json'];
  const { code, stdout, stderr } = await judge(data, path.join(folder, 'run'), ...args);
  const { figures } = JSON.parse(stdout) as Summary;
  // Two edits in the characters of all truths.
  const length = CAPTION.length + 'a black circle'.length + 'Black'.length;
  expect(figures[0]).toMatchObject({ id: 'cer@jiwer', figure: 2 / length });
  expect([code, stderr]).toEqual([0, '']);
});

it('answers that fit no row, or one row twice, are refused before anything is written', async () => {
  const data = dataset(ROWS);
  const folder = path.dirname(data);
  const answers = path.join(folder, 'answers.txt');
  const judged = async (lines: readonly object[], ...args: string[]) => {
    writeFileSync(answers, lines.map((line) => JSON.stringify(line)).join('\n'));
    const run = path.join(folder, `run-${args.length}`);
    const { code, stderr } = await judge(data, run, '--predictions', answers, ...args);
    return [code, stderr, existsSync(run)];
  };
  const own = ROWS.map((_, id) => ({ id, answer: 'black' }));
  expect(await judged([...own, { id: 3, answer: 'black' }])).toEqual([
    ...[1, expect.stringContaining(`${answers}:4 is an answer to "3", which is no row of`), false],
  ]);
  expect(await judged([...own, { id: 'rows.jsonl:2', answer: 'black' }])).toEqual([
    ...[1, expect.stringContaining(`${answers}:4 is a second answer to one row`), false],
  ]);
  expect(await judged(own, '--limit', '1')).toEqual([0, expect.anything(), true]);
});

it('of answers that a limit of tokens has cut off, whole boxes count', async () => {
  const loc = '<loc0000><loc0000><loc0100><loc0100>';
  const prefix = 'detect black circle ; black triangle';
  const data = dataset([{ image: SCENE, prefix, suffix: `${loc} black circle` }]);
  const folder = path.join(path.dirname(data), 'run');
  // The first token of the second box; and its whole box with half of a label.
  for (const [maxTokens, rest] of [
    ['9', /^<loc\d{4}>$/],
    ['13', /^(<loc\d{4}>){4} black$/],
  ] as const) {
    const run = `${folder}-${maxTokens}`;
    expect((await judge(data, run, '--task', 'refer', '--max-tokens', maxTokens)).code).toBe(0);
    expect(jsonLines(readFileSync(path.join(run, 'rows.jsonl'), 'utf8'))).toMatchObject([
      { found: [{ label: 'black circle' }], dropped: [expect.stringMatching(rest)] },
    ]);
  }
});

it.each([
  ['an unknown metric', ['--metric', 'bleu'], 2, 'expected one of cer@jiwer'],
  ['a limit that is none', ['--fail-under', 'good'], 2, '--fail-under is "good"'],
  ['a limit of another metric', ['--fail-under', 'cer<=1'], 2, 'a metric of this run (exact@lower'],
  ['no folder', [], 2, 'eval takes a data set and --output'],
  ['one run to compare', ['--compare', 'x'], 2, '--compare takes two folders of runs'],
])('%s is refused', async (_, args, code, words) => {
  const data = dataset(ROWS);
  const folder = path.join(path.dirname(data), 'run');
  const output = args.length === 0 ? [] : ['-o', folder];
  const ended = await paligemma(['eval', data, ...output, ...args]);
  expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(words)]);
  expect(existsSync(folder)).toBe(false);
});

it('compares two runs row by row, and says when nothing is shown', async () => {
  const images = Array.from({ length: 60 }, (_, i) => `${i}.png`);
  const data = dataset(images.map((image) => ({ image, question: 'q', answer: 'yes' })));
  const folder = path.dirname(data);
  const runs: string[] = [];
  // One in three wrong, one in ten, and one in ten of others.
  for (const [name, isWrong] of [
    ['a', (i: number) => i % 3 === 0],
    ['b', (i: number) => i % 10 === 0],
    ['c', (i: number) => i % 10 === 5],
  ] as const) {
    const answers = path.join(folder, `${name}.jsonl.answers`);
    const lines = images.map((_, id) => JSON.stringify({ id, answer: isWrong(id) ? 'no' : 'yes' }));
    writeFileSync(answers, lines.join('\n'));
    runs.push(path.join(folder, name));
    const args = ['--predictions', answers, '--metric', 'exact@lower'];
    expect((await judge(data, path.join(folder, name), ...args)).code).toBe(0);
  }
  const [a, b, c] = runs as [string, string, string];
  const compare = async (...args: string[]) => {
    const { code, stdout, stderr } = await paligemma(['eval', '--compare', ...args, '--json']);
    return code === 0 ? (JSON.parse(stdout) as unknown) : [code, stderr];
  };
  expect(await compare(a, b)).toMatchObject({
    models: ['a.jsonl.answers', 'b.jsonl.answers'],
    ...{ rows: 60, leftOut: 0 },
    differences: [{ id: 'exact@lower', first: 2 / 3, second: 0.9, verdict: 'better' }],
  });
  const compared = path.join(folder, 'compared');
  expect(await compare(b, a, '-o', compared)).toMatchObject({
    differences: [{ verdict: 'worse' }],
  });
  expect(read(compared, 'comparison.json')).toMatchObject({ differences: [{ verdict: 'worse' }] });
  expect(readFileSync(path.join(compared, 'comparison.html'), 'utf8')).toContain('McNemar');
  const alike = await compare(b, c);
  expect(alike).toMatchObject({
    differences: [
      { verdict: 'not shown', difference: { figure: 0 }, smallest: expect.any(Number) },
    ],
  });
  const others = path.join(folder, 'others');
  writeFileSync(path.join(folder, 'other.jsonl'), JSON.stringify(ROWS[0]));
  await judge(path.join(folder, 'other.jsonl'), others, '--metric', 'exact@lower');
  expect(await compare(a, others)).toEqual([1, expect.stringContaining('other data')]);
  // What a kill leaves of a line is no row; what another program wrote is an error.
  const file = path.join(c, 'rows.jsonl');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.slice(0, -20));
  expect(await compare(b, c)).toMatchObject({ rows: 59, leftOut: 1 });
  writeFileSync(file, `${text}{}\n`);
  expect(await compare(b, c)).toEqual([1, expect.stringContaining(`${file}:61 is no row`)]);
  const [head = '', row = ''] = text.split('\n');
  writeFileSync(file, `${head}\n${JSON.stringify({ ...JSON.parse(row), answer: 5 })}\n`);
  expect(await compare(b, c)).toEqual([1, expect.stringContaining(`${file}:2 is no row`)]);
  for (const none of [folder, file, path.join(folder, 'nowhere')]) {
    const message = `${none} is not the folder of an evaluation: it has no run.json`;
    expect(await compare(a, none)).toEqual([1, expect.stringContaining(message)]);
  }
});

it('a run of other data or settings is not continued', async () => {
  const data = dataset(ROWS);
  const folder = path.join(path.dirname(data), 'run');
  await judge(data, folder);
  expect((await judge(data, folder)).stderr).toContain('continue it with --resume');
  expect((await judge(data, folder, '--resume', '--task', 'ocr')).stderr).toContain(
    'task "ask", this run "ocr"',
  );
  writeFileSync(data, readFileSync(data, 'utf8').replace('Black', 'blue'));
  expect((await judge(data, folder, '--resume')).stderr).toContain('the data set');
});

it('killed at fifty moments and continued, it has every row once and the same summary', async () => {
  const data = dataset(Array.from({ length: 1000 }, (_, i) => ROWS[i % ROWS.length] as object));
  const [whole, killed] = ['whole', 'killed'].map((name) =>
    path.join(path.dirname(data), name),
  ) as [string, string];
  expect((await judge(data, whole)).code).toBe(0);
  const random = new RandomNumbers(19);
  const size = (): number =>
    statSync(path.join(killed, 'rows.jsonl'), { throwIfNoEntry: false })?.size ?? 0;
  for (let i = 0; i < 50; i++) {
    const child = start(['eval', data, '-o', killed, '--resume']);
    const closed = once(child, 'close');
    // While it starts, or after some rows, at whatever byte.
    const [before, rows] = [size(), i % 5 === 0 ? 0 : 1 + random.below(15)];
    while (size() < before + rows * 300 && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await new Promise((resolve) => setTimeout(resolve, random.below(rows === 0 ? 200 : 20)));
    child.kill('SIGKILL');
    await closed;
  }
  // The kills have come in the middle of the work.
  const written = readFileSync(path.join(killed, 'rows.jsonl'), 'utf8').split('\n').length;
  expect(written).toBeLessThan(1000);
  expect((await judge(data, killed, '--resume')).code).toBe(0);
  const ids = (folder: string) =>
    jsonLines(readFileSync(path.join(folder, 'rows.jsonl'), 'utf8')).map(
      (row) => (row as { readonly id: string }).id,
    );
  expect(ids(killed)).toEqual(ids(whole));
  expect(readFileSync(path.join(killed, 'summary.json'), 'utf8')).toBe(
    readFileSync(path.join(whole, 'summary.json'), 'utf8'),
  );
}, 300_000);

it('asks about the pictures inside of Parquet, and keeps them for a report', async () => {
  const folder = path.join(folderWith({}), 'run');
  const data = path.join(ROOT, 'test/fixtures/datasets/parquet/answers');
  expect((await judge(data, folder, '--task', 'ask')).code).toBe(0);
  const rows = jsonLines(readFileSync(path.join(folder, 'rows.jsonl'), 'utf8')) as {
    readonly id: string;
    readonly image: string;
  }[];
  expect(rows.map(({ id }) => id.replace(/^.*parquet: /, ''))).toEqual([
    'rows[0]',
    'rows[1]',
    'rows[2]',
    'rows[3]',
  ]);
  const [first, , third] = rows.map(({ image }) => image);
  expect(third).toBe(first);
  // Relative to the run, which may be moved.
  expect(path.resolve(folder, String(first), '..')).toBe(path.join(folder, 'pictures'));
  expect(rows.every(({ image }) => existsSync(path.resolve(folder, image)))).toBe(true);
});

it('judges a folder for each class', async () => {
  const files = ['circle', 'square'].map((label) => `data/${label}/1.png`);
  const folder = folderWith(files);
  for (const file of files) writeFileSync(path.join(folder, file), readFileSync(SCENE));
  const run = path.join(folder, 'run');
  expect((await judge(path.join(folder, 'data'), run, '--task', 'classify')).code).toBe(0);
  expect(read<Summary>(run, 'summary.json')).toMatchObject({ rows: 2, failed: 0 });
});

it('draws the rows of a limit by a seed, and continues the same ones', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({
    image: SCENE,
    question: 'q',
    answer: `${i}`,
  }));
  const data = dataset(rows);
  const folder = path.dirname(data);
  const answers = path.join(folder, 'answers.jsonl');
  writeFileSync(
    answers,
    rows.map(({ answer }, id) => `${JSON.stringify({ id, answer })}\n`).join(''),
  );
  const run = async (name: string, ...args: string[]) => {
    const at = path.join(folder, name);
    const options = ['--predictions', answers, '--limit', '20', ...args];
    const { code, stderr } = await judge(data, at, ...options);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    return jsonLines(readFileSync(path.join(at, 'rows.jsonl'), 'utf8')).map(
      (row) => (row as { readonly index: number }).index,
    );
  };
  const one = await run('one', '--seed', '1');
  expect(await run('first')).toEqual(Array.from({ length: 20 }, (_, i) => i));
  // Spread over the data set, in its order.
  expect(one).toHaveLength(20);
  expect(one).toEqual([...new Set(one)].sort((a, b) => a - b));
  expect(Math.max(...one)).toBeGreaterThan(100);
  expect(await run('again', '--seed', '1')).toEqual(one);
  expect(await run('two', '--seed', '2')).not.toEqual(one);
  expect(await run('one', '--seed', '1', '--resume')).toEqual(one);
  const other = await judge(
    data,
    path.join(folder, 'one'),
    '--predictions',
    answers,
    '--limit',
    '20',
    '--resume',
  );
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('seed')]);
  const alone = await judge(data, path.join(folder, 'none'), '--seed', '1');
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--limit')]);
});

it('judges texts as a profile leaves them, and says so in the name of the figure', async () => {
  const data = dataset(ROWS);
  const folder = path.join(path.dirname(data), 'run');
  const { code, stdout } = await judge(
    data,
    folder,
    '--profile',
    'loose',
    '--json',
    '--fail-under',
    'exact@strict+loose>=0.6',
    '--metric',
    'exact@strict',
  );
  expect([code, JSON.parse(stdout)]).toMatchObject([
    ...[0, { figures: [{ id: 'exact@strict+loose', figure: 2 / 3 }], limits: [{ isMet: true }] }],
  ]);
  const again = await paligemma(['eval', '--report', folder, '--json']);
  expect(JSON.parse(again.stdout)).toMatchObject({ figures: [{ id: 'exact@strict+loose' }] });
  const page = readFileSync(path.join(folder, 'report.html'), 'utf8');
  expect(page).toContain('of texts as the profile loose leaves them');
  const other = await paligemma(['eval', '--report', folder, '--profile', 'strict', '--json']);
  expect(JSON.parse(other.stdout)).toMatchObject({ figures: [{ id: 'exact@strict+strict' }] });
  const named = ['--metric', 'cer@jiwer+loose', '--profile', 'strict'];
  const refused = await paligemma(['eval', '--report', folder, ...named]);
  expect([refused.code, refused.stderr]).toEqual([
    ...[2, expect.stringContaining('all metrics of this run have one: cer@jiwer+loose')],
  ]);
  const boxes = await judge(
    data,
    path.join(path.dirname(data), 'boxes'),
    '--task',
    'detect',
    '--profile',
    'loose',
  );
  expect([boxes.code, boxes.stderr]).toEqual([
    2,
    expect.stringContaining('no metric of this run compares texts: map@pycocotools'),
  ]);
});

it('a data set without rows is no evidence of anything', async () => {
  const data = dataset([]);
  const folder = path.join(path.dirname(data), 'run');
  const { code, stderr } = await judge(data, folder, '--task', 'ocr');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/rows\.jsonl has no rows, expected /)]);
  expect(existsSync(folder)).toBe(false);
});

it('options that would change nothing are refused', async () => {
  const data = dataset(ROWS);
  const folder = path.join(path.dirname(data), 'run');
  expect((await judge(data, folder, '--metric', 'exact@strict')).code).toBe(0);
  const answers = path.join(path.dirname(data), 'answers.jsonl');
  writeFileSync(answers, [0, 1, 2].map((id) => JSON.stringify({ id, answer: 'x' })).join('\n'));
  const other = path.join(path.dirname(data), 'other');
  for (const [args, words] of [
    [['--compare', folder, folder, '--fail-under', 'exact>=1'], '--compare takes no --fail-under'],
    [['--report', folder, '--limit', '1', '--model', 'x'], '--report takes no --limit, --model'],
    [
      [data, '-o', other, '--predictions', answers, '--prompt', 'x'],
      '--predictions takes no --prompt',
    ],
    [[data, '-o', other, '--prompt', 'x', '--prompt', 'x'], 'option prompt has "x" twice'],
    [[data, '-o', other, '--fail-under', 'exact@lower>=80'], 'at most 1, or 100%'],
  ] as const) {
    const { code, stderr } = await paligemma(['eval', ...args]);
    expect([code, stderr], args.join(' ')).toEqual([2, expect.stringContaining(words)]);
  }
  expect(existsSync(other)).toBe(false);
});

it('a run that was cut off is reported as one', async () => {
  const data = dataset(ROWS);
  const folder = path.join(path.dirname(data), 'run');
  await judge(data, folder, '--metric', 'exact@strict');
  const rows = path.join(folder, 'rows.jsonl');
  const lines = readFileSync(rows, 'utf8').split('\n');
  expect(JSON.parse(lines[0] as string)).toMatchObject({ values: { 'exact@strict': 1 } });
  writeFileSync(rows, `${lines[0]}\n${lines[1]?.slice(0, 20)}`);
  const { code, stdout } = await paligemma([
    ...['eval', '--report', folder, '--fail-under', 'exact@strict>=0'],
  ]);
  expect([code, stdout]).toEqual([7, expect.stringContaining('2 rows have not been asked about')]);
});

it('judges one part of a data set, and says when several are judged together', async () => {
  const folder = folderWith({});
  for (const [name, row] of [
    ['train.jsonl', ROWS[0]],
    ['test.jsonl', ROWS[2]],
  ] as const) {
    writeFileSync(path.join(folder, name), `${JSON.stringify(row)}\n`);
  }
  const both = await judge(folder, path.join(folder, 'both'));
  expect([both.code, both.stdout]).toEqual([
    0,
    expect.stringMatching(/judged together; the option split/),
  ]);
  const one = await judge(folder, path.join(folder, 'one'), '--split', 'test', '--json');
  expect(JSON.parse(one.stdout)).toMatchObject({
    rows: 1,
    figures: [{ id: 'exact@lower', figure: 1 }, {}, {}],
  });
  const none = await judge(folder, path.join(folder, 'none'), '--split', 'valid');
  expect([none.code, none.stderr]).toEqual([
    1,
    expect.stringContaining('no rows of the split valid'),
  ]);
});

it('runs that were asked in other words, or whose data had another path, are compared row by row', async () => {
  const data = dataset(ROWS);
  const folder = path.dirname(data);
  const at = (name: string): string => path.join(folder, name);
  await judge(data, at('own'));
  await judge(data, at('words'), '--prompt', 'caption en');
  await judge(data, at('many'), '--prompt', 'caption en', '--prompt', 'describe en');
  await judge(folder, at('folder'));
  for (const other of ['words', 'many', 'folder']) {
    const args = ['eval', '--compare', at('own'), at(other), '--json'];
    const { code, stdout } = await paligemma(args);
    expect([code, JSON.parse(stdout)], other).toMatchObject([0, { rows: 3, leftOut: 0 }]);
  }
});
