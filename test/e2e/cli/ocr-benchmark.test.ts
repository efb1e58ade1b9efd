/** `paligemma ocr-benchmark`: our model, programs, an API and recorded answers read the same crops; kills and failures. */
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { folderWith } from '../../support/folder.js';
import { DEMO_MODEL } from '../../support/models.js';
import { needsTool, STOPPED_PROCESSES } from '../../support/needs.js';
import { RandomNumbers } from '../../support/random.js';
import { startServer } from '../../support/server.js';
import { finish, jsonLines, paligemma, start } from './command.js';

interface Bounds {
  readonly figure: number | null;
  readonly low: number | null;
}

interface Summary {
  readonly crops: object;
  readonly systems: readonly {
    readonly name: string;
    readonly failed: number;
    readonly rows: number;
    readonly accuracies: Readonly<Record<string, Bounds>>;
    readonly costEfficiency: Bounds | null;
  }[];
}

/** A data set of printed words. */
async function words(...texts: string[]): Promise<string> {
  const folder = folderWith({});
  for (const [i, text] of texts.entries()) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="360" height="90"><rect width="360" height="90" fill="white"/><text x="20" y="60" font-family="DejaVu Sans" font-size="40">${text}</text></svg>`;
    await sharp(Buffer.from(svg))
      .png()
      .toFile(path.join(folder, `${i}.png`));
  }
  const lines = texts.map((text, i) => JSON.stringify({ image: `${i}.png`, text }));
  writeFileSync(path.join(folder, 'words.jsonl'), lines.join('\n'));
  return path.join(folder, 'words.jsonl');
}

const TEXTS = ['HELLO', 'PLATE', 'KITTEN', 'NUMBER', 'READER', 'WINDOW', 'GARDEN', 'SILVER'];

async function benchmark(data: string, run: string, ...args: string[]) {
  const folder = path.join(path.dirname(data), run);
  const { code, stdout, stderr } = await paligemma([
    ...['ocr-benchmark', '--data', data, '-o', folder, '--threads', '1', '--json', ...args],
  ]);
  const summary = code === 0 || code === 6 ? (JSON.parse(stdout) as Summary) : undefined;
  return { code, stderr, folder, summary, rows: path.join(folder, 'rows.jsonl') };
}

const rowsOf = (file: string) =>
  jsonLines(readFileSync(file, 'utf8')) as readonly Readonly<Record<string, unknown>>[];

it(
  'our model and ocrad read the same crops; figures, charts and reports are in the folder',
  needsTool('ocrad'),
  async () => {
    const data = await words(...TEXTS);
    const args = [
      '--system',
      `ours:${DEMO_MODEL}`,
      '--system',
      'ocrad',
      '--price',
      'machine=0.4/h',
    ];
    const { code, summary, folder, rows } = await benchmark(data, 'run', ...args);
    expect(code).toBe(0);
    // Three passes over those whose time is measured. Neither has page modes, so none is kept to choose them.
    expect(summary?.crops).toEqual({ scored: 8, tuning: 0, timed: 8 });
    expect(summary?.systems.map(({ name, rows: n, failed }) => [name, n, failed])).toEqual([
      [path.basename(DEMO_MODEL), 24, 0],
      ['ocrad', 24, 0],
    ]);
    // Large black capitals are what it is made for.
    expect(summary?.systems[1]?.accuracies['levenshtein']?.figure).toBeGreaterThan(0.8);
    expect(summary?.systems[1]?.costEfficiency?.figure).toBeGreaterThan(0);
    expect(rowsOf(rows)).toHaveLength(48);
    expect(rowsOf(rows)[0]).toMatchObject({ crop: 'words/words.jsonl:1', truth: 'HELLO', pass: 1 });
    const files = ['accuracy.svg', 'report.html', 'report.md', 'run.json', 'summary.json'];
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(files));
    const report = readFileSync(path.join(folder, 'report.md'), 'utf8');
    expect(report).toContain('| ocrad |');
    expect(readFileSync(path.join(folder, 'report.html'), 'utf8')).toContain(
      '<th scope="row">ocrad',
    );
  },
);

it(
  'Tesseract reads with its default and with the page modes that tuning chose',
  needsTool('tesseract'),
  async () => {
    const data = await words(...TEXTS, 'COPPER', 'ORANGE');
    const { summary, rows } = await benchmark(
      data,
      'run',
      '--system',
      'tesseract',
      '--repeats',
      '1',
    );
    expect(summary?.systems).toMatchObject([
      { name: 'tesseract', rows: 8 },
      {
        name: 'tesseract (tuned)',
        rows: 8,
        modes: { words: expect.stringMatching(/^(\d+|default)$/) },
      },
    ]);
    const tuning = rowsOf(rows).filter(({ split }) => split === 'tuning');
    expect(new Set(tuning.map(({ truth }) => truth))).toEqual(new Set(['READER', 'ORANGE']));
    expect(rowsOf(rows).filter(({ system }) => system === 'tesseract')).toHaveLength(8);
  },
);

it(
  'recorded answers have the figures of the run that recorded them',
  needsTool('ocrad'),
  async () => {
    const data = await words(...TEXTS);
    const recorded = await benchmark(data, 'recorded', '--system', 'ocrad');
    const again = await benchmark(data, 'again', '--system', `replay:${recorded.rows}`);
    const [first, second] = [recorded, again].map(({ summary }) => summary?.systems[0]);
    expect(second).toEqual({ ...first, recordedOn: expect.stringContaining('processors') });
    const both = ['--system', 'ocrad', '--system', `replay:${recorded.rows}`];
    const { summary } = await benchmark(data, 'both', ...both);
    const names = summary?.systems.map(({ name, rows }) => [name, rows]);
    expect(names).toEqual([
      ['ocrad', 24],
      ['ocrad (2)', 24],
    ]);
    // The answer to another picture is none.
    const others = await words('OTHER', ...TEXTS.slice(1));
    const failed = await benchmark(others, 'run', '--system', `replay:${recorded.rows}`);
    expect([failed.code, failed.summary?.systems[0]?.failed]).toEqual([6, 3]);
    expect(rowsOf(failed.rows)[0]).toMatchObject({
      error: { code: 'ERR_DATASET', message: expect.stringContaining('one to another picture') },
    });
    writeFileSync(recorded.rows, '{"answer":"x"}\n');
    expect(await benchmark(data, 'none', '--system', `replay:${recorded.rows}`)).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('rows.jsonl:1 is no reading') },
    });
  },
);

it('a server with the API of OpenAI reads, and its tokens have their price', async () => {
  const { url } = await startServer();
  const data = await words(...TEXTS);
  const system = ['--system', `openai:${url}/v1#paligemma`, '--prompt', 'ocr', '--repeats', '1'];
  const { code, summary, rows } = await benchmark(
    ...([data, 'run', ...system] as const),
    ...['--price', 'paligemma=1,10/Mtok@2024-11-01', '--price', 'machine=5/h'],
  );
  expect(code).toBe(0);
  const [row] = rowsOf(rows) as [{ readonly tokens: { input: number; output: number } }];
  expect(row.tokens).toEqual({ input: expect.any(Number), output: expect.any(Number) });
  const ours = await benchmark(data, 'ours', '--system', `ours:${DEMO_MODEL}`, '--repeats', '1');
  expect(rowsOf(rows).map(({ text }) => text)).toEqual(rowsOf(ours.rows).map(({ text }) => text));
  const cents = (row.tokens.input + row.tokens.output * 10) / 1e4;
  expect(cents).toBeGreaterThan(0);
  expect(summary?.systems[0]?.costEfficiency).not.toBeNull();
  const gone = await benchmark(data, 'gone', '--system', 'openai:http://127.0.0.1:9/v1#none');
  expect([gone.code, rowsOf(gone.rows)[0]?.['error']]).toEqual([
    6,
    { code: 'ERR_SYSTEM', message: expect.stringContaining('none cannot be reached') },
  ]);
});

it('a command that dies has its pictures failed, and is counted', async () => {
  const data = await words(...TEXTS);
  const program = path.join(path.dirname(data), 'reader.cjs');
  writeFileSync(
    program,
    `console.log('{"ready":true,"name":"reader","version":"2"}');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, path } = JSON.parse(line);
      if (path.endsWith('2.png') || path.endsWith('5.png')) process.exit(9);
      console.log(JSON.stringify({ id, text: 'HELLO' }));
    });`,
  );
  const system = ['--system', `cmd:"${process.execPath}" "${program}"`, '--repeats', '1'];
  const { code, summary, rows, stderr } = await benchmark(data, 'run', ...system);
  expect(stderr).toMatch(
    /note: reader: 4 of 8 readings failed: .*(exit code 9|died twice).* \(2\); .* \(2\)\n/,
  );
  expect([code, summary?.systems[0]]).toMatchObject([6, { name: 'reader', rows: 8, failed: 4 }]);
  expect(
    rowsOf(rows).map(({ error }) => (error as { message?: string } | undefined)?.message),
  ).toEqual([
    ...[undefined, undefined, expect.stringContaining('ended with exit code 9'), undefined],
    ...[
      undefined,
      expect.stringContaining('exit code 9'),
      ...Array(2).fill('reader has died twice'),
    ],
  ]);
  // What failed is tried again.
  writeFileSync(program, readFileSync(program, 'utf8').replace('process.exit(9)', '{}'));
  const again = await benchmark(data, 'run', ...system, '--resume');
  expect([again.code, rowsOf(again.rows).length]).toEqual([0, 8]);
});

it('Ctrl-C ends it at once, with the system that reads', STOPPED_PROCESSES, async () => {
  const data = await words(...TEXTS);
  const program = path.join(path.dirname(data), 'reader.cjs');
  const started = path.join(path.dirname(data), 'pid');
  writeFileSync(
    program,
    `console.log('{"ready":true,"name":"reader","version":"2"}');
    process.stdin.resume();
    process.stdin.on('data', () => require('node:fs').writeFileSync(${JSON.stringify(started)}, String(process.pid)));
    process.stdin.on('end', () => {});
    setInterval(() => {}, 1000);`,
  );
  const system = ['--system', `cmd:exec "${process.execPath}" "${program}"`];
  const run = ['-o', path.join(path.dirname(data), 'run')];
  const child = start(['ocr-benchmark', '--data', data, ...run, ...system]);
  const ended = finish(child);
  await expect.poll(() => existsSync(started), { timeout: 30_000 }).toBe(true);
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  const kept = `interrupted: 0 readings are in ${run[1]}, which --resume continues`;
  expect([code, stderr]).toEqual([130, expect.stringContaining(kept)]);
  expect(() => process.kill(Number(readFileSync(started, 'utf8')), 0)).toThrow('ESRCH');
});

it('a run is continued with its own settings only, and the others are named', {
  ...needsTool('ocrad'),
  timeout: 60_000,
}, async () => {
  const data = await words('HELLO', 'PLATE');
  const both = ['--data', 'drawn', '--per-domain', '1', '--system', 'ocrad'];
  const first = await benchmark(data, 'run', ...both, '--repeats', '3');
  expect(first.code).toBe(0);
  for (const [change, words] of [
    [['--repeats', '5'], 'repeats 3, this run 5'],
    [['--repeats', '3', '--seed', '2'], 'seed 1, this run 2'],
    [['--repeats', '3', '--profile', 'loose'], 'profile "roboflow-2024", this run "loose"'],
  ] as const) {
    const again = await benchmark(data, 'run', ...both, ...change, '--resume');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(words)]);
  }
  const same = await benchmark(data, 'run', ...both, '--repeats', '3', '--resume');
  expect([same.code, same.summary?.systems[0]]).toEqual([0, first.summary?.systems[0]]);
});

it('recorded answers are those that there are, however often others read', {
  ...needsTool('ocrad'),
}, async () => {
  const data = await words(...TEXTS);
  const recorded = await benchmark(data, 'recorded', '--system', 'ocrad', '--repeats', '2');
  const both = ['--system', 'ocrad', '--system', `replay:${recorded.rows}`, '--repeats', '4'];
  const { code, summary, folder } = await benchmark(data, 'both', ...both);
  expect([code, summary?.systems.map(({ rows, failed }) => [rows, failed])]).toEqual([
    0,
    [
      [32, 0],
      [16, 0],
    ],
  ]);
  expect(readFileSync(path.join(folder, 'report.md'), 'utf8')).toContain(
    'each the median of its readings: 4 by ocrad, 2 by ocrad (2).',
  );
});

it('the price of a system that is not asked is refused before any reads', async () => {
  const data = await words('HELLO');
  const folder = path.join(path.dirname(data), 'run');
  const system = ['--system', 'openai:http://127.0.0.1:9/v1#gpt'];
  const price = ['--price', 'gtp=1/call@2024-11-01'];
  const ended = await paligemma([
    'ocr-benchmark',
    '--data',
    data,
    '-o',
    folder,
    ...system,
    ...price,
  ]);
  expect([ended.code, ended.stderr]).toEqual([
    2,
    expect.stringContaining('option price is the price of "gtp", expected one of gpt, or machine'),
  ]);
  expect(existsSync(folder)).toBe(false);
});

it.each([
  ['no system', [], 'ocr-benchmark takes at least one --system'],
  ['an unknown one', ['--system', 'eyes'], 'option system is "eyes", expected tesseract, ocrad'],
  ['an API without a model', ['--system', 'openai:http://x/v1'], 'openai:URL#MODEL'],
  [
    'a price without a date',
    ['--system', 'ocrad', '--price', 'a=1/call'],
    'option price is "a=1/call"',
  ],
])('%s is refused', async (_, args, message) => {
  const data = await words('HELLO');
  const folder = path.join(path.dirname(data), 'run');
  const ended = await paligemma(['ocr-benchmark', '--data', data, '-o', folder, ...args]);
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(existsSync(folder)).toBe(false);
});

it('answers to questions are not taken for printed text', async () => {
  const rows = await words('EXIT');
  for (const row of [{ question: 'how many?', answer: '3' }, { caption: 'a sign' }]) {
    writeFileSync(rows, JSON.stringify({ image: '0.png', ...row }));
    const args = ['ocr-benchmark', '--data', rows, '--system', `ours:${DEMO_MODEL}`];
    const { code, stderr } = await paligemma([...args, '-o', path.join(path.dirname(rows), 'run')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('not the text that is printed')]);
  }
});

it('what is not installed is named with the command that installs it, before anything is read', async () => {
  const data = await words('HELLO');
  const run = (system: string, env = {}) =>
    paligemma(
      [
        'ocr-benchmark',
        '--data',
        data,
        '-o',
        path.join(path.dirname(data), 'run'),
        '--system',
        system,
      ],
      { env },
    );
  const nowhere = { PATH: '/nowhere' };
  expect((await run('gocr', nowhere)).stderr).toContain('apt-get install gocr');
  expect((await run('rapidocr', nowhere)).stderr).toContain('pip install rapidocr onnxruntime');
  expect((await run('gutenye')).stderr).toContain('npm install --ignore-scripts @gutenye/ocr-node');
  expect(existsSync(path.join(path.dirname(data), 'run'))).toBe(false);
});

it('killed at ten moments and continued, it has every reading once', {
  ...needsTool('ocrad'),
  timeout: 120_000,
}, async () => {
  const data = await words(...TEXTS, ...TEXTS.map((text) => `${text}S`));
  const folder = path.join(path.dirname(data), 'run');
  const args = ['--data', data, '-o', folder, '--resume', '--system', 'ocrad', '--repeats', '30'];
  const random = new RandomNumbers(7);
  for (let i = 0; i < 10; i++) {
    const child = start(['ocr-benchmark', ...args]);
    const closed = once(child, 'close');
    await new Promise((resolve) => setTimeout(resolve, 300 + random.below(500)));
    child.kill('SIGKILL');
    await closed;
  }
  const { code } = await paligemma(['ocr-benchmark', ...args]);
  const rows = rowsOf(path.join(folder, 'rows.jsonl'));
  expect([code, rows.length, new Set(rows.map(({ id }) => id)).size]).toEqual([0, 480, 480]);
  const whole = await benchmark(data, 'whole', '--system', 'ocrad', '--repeats', '1');
  const { systems } = JSON.parse(
    readFileSync(path.join(folder, 'summary.json'), 'utf8'),
  ) as Summary;
  expect(systems[0]?.accuracies).toEqual(whole.summary?.systems[0]?.accuracies);
});
