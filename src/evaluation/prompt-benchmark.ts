/** How much the wording of a prompt decides, on drawn sets whose truth is exact: one run for each question of each set. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { type Dataset, openDataset } from '../datasets/open.js';
import type { Expected } from '../datasets/rows.js';
import { promptsOf } from '../drawn-sets/prompts.js';
import type { DrawnSetName } from '../drawn-sets/sets.js';
import { writeDrawnSet } from '../drawn-sets/write.js';
import type { PaliGemma } from '../index.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import { openRunFolder } from '../runs/run-folder.js';
import { modelAnswerer } from './answering.js';
import { promptsMarkdown } from './benchmark-markdown.js';
import { type Evaluation, evaluate } from './evaluate.js';
import type { PromptBenchmark, PromptQuestion } from './prompt-findings.js';
import { htmlPrompts } from './report/prompts-report.js';
import { commonSettings, writeReports } from './several-runs.js';
import { metricsFor } from './tasks.js';

export interface PromptBenchmarkOptions {
  readonly sets: readonly DrawnSetName[];
  /** Pictures of each set. */
  readonly count: number;
  readonly seed: number;
  readonly model: PaliGemma;
  readonly answeredBy: Evaluation['answeredBy'];
  readonly maxTokens: number;
  readonly folder: string;
  readonly words: Evaluation['words'];
  readonly signal: AbortSignal;
  readonly onPicture: (set: DrawnSetName, done: number) => void;
  readonly onProgress: (run: string, progress: Parameters<Evaluation['onProgress']>[0]) => void;
}

/** How a question is judged: kinds of answers that are not named here are texts that are right or not. */
const JUDGED: Readonly<Record<string, { readonly task: EvaluatedTask; readonly metric: string }>> =
  {
    find: { task: 'detect', metric: 'f1@iou-0.5' },
    count: { task: 'count', metric: 'count@tallyqa' },
    text: { task: 'ocr', metric: 'similarity@levenshtein' },
  };
// Amounts of money are right to the cent: ChartQA's rule would take 2.00 for 2.10.
const OTHERS = { task: 'ask', metric: 'exact@vlm-exam' } as const;

/** Kinds of answers that are amounts of money, and what may stand before or after one: pictures and questions name no currency. */
const AMOUNTS: ReadonlySet<string> = new Set(['tax', 'price', 'total']);
const CURRENCIES = ['€', '$', '£', 'EUR', 'euros', 'dollars', 'pounds'];

/**
 * Draws the sets that are not there yet, and asks every picture with every phrasing of every question. A run that was cut off
 * is continued. Writes `prompts.json`, `report.md` and `report.html`.
 */
export async function judgePrompts(options: PromptBenchmarkOptions): Promise<PromptBenchmark> {
  const { sets, count, seed, folder, answeredBy, signal } = options;
  await openRunFolder(folder, 'prompt-benchmark');
  const questions: PromptQuestion[] = [];
  for (const set of sets) {
    const drawn = path.join(folder, 'sets', `${set}-${count}-${seed}`);
    if (!(await isThere(path.join(drawn, 'prompts.json')))) {
      const onPicture = (done: number): void => options.onPicture(set, done);
      await writeDrawnSet(drawn, set, { count, seed, overwrite: true, signal, onPicture });
    }
    for (const { kind, phrasings } of promptsOf(set).prompts) {
      questions.push(await judgeQuestion(options, { set, kind, phrasings, drawn }));
    }
  }
  const runs = questions.map(({ run }) => path.join(folder, run));
  const settings = await commonSettings(runs);
  const report = { model: answeredBy.model, count, seed, settings, questions };
  await writeReports(folder, 'prompts.json', report, promptsMarkdown, htmlPrompts);
  return report;
}

async function judgeQuestion(
  options: PromptBenchmarkOptions,
  {
    set,
    kind,
    phrasings,
    drawn,
  }: Pick<PromptQuestion, 'set' | 'kind'> & {
    readonly phrasings: readonly string[];
    readonly drawn: string;
  },
): Promise<PromptQuestion> {
  const { model, answeredBy, maxTokens, folder, words, signal, seed, count } = options;
  const { task, metric } = JUDGED[kind] ?? OTHERS;
  const run = path.posix.join(set, kind);
  const rows = kind === 'find' ? path.join('by-label', 'rows.jsonl') : 'rows.jsonl';
  const asking = { task, maxTokens, constrained: true, keepsPictures: true };
  const { failed, phrasings: compared } = await evaluate({
    dataset: rowsOfKind(await openDataset(path.join(drawn, rows)), kind),
    ...{ task, metrics: metricsFor(task, [metric]), limits: [], phrasings, answeredBy },
    answerer: modelAnswerer(model, asking),
    // Not `kind`, which run.json says of its folder.
    settings: { set, question: kind, seed, count, maxTokens },
    ...{ limit: undefined, concurrency: 1, folder: path.join(folder, run), words, signal },
    resume: await isThere(path.join(folder, run, 'rows.jsonl')),
    onProgress: (progress) => options.onProgress(run, progress),
  });
  if (compared === undefined) throw new TypeError(`${run} has one phrasing`);
  return { set, kind, failed, run, phrasings: compared };
}

/** Rows of boxes have no kind. */
function rowsOfKind(dataset: Dataset, kind: string): Dataset {
  return {
    ...dataset,
    async *rows(options) {
      for await (const row of dataset.rows(options)) {
        if ((row.fields['kind'] ?? kind) !== kind) continue;
        const { expected } = row;
        const isAmount = AMOUNTS.has(kind) && expected.kind === 'text';
        yield isAmount ? { ...row, expected: withCurrencies(expected) } : row;
      }
    },
  };
}

/** `2.10` is right as `€2.10` and as `2.10 euros` too; the metric leaves white space out. */
function withCurrencies({ kind, answers }: Extract<Expected, { kind: 'text' }>): Expected {
  const [amount] = answers;
  const more = CURRENCIES.flatMap((one) => [`${one}${amount}`, `${amount}${one}`]);
  return { kind, answers: [...answers, ...more] };
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
