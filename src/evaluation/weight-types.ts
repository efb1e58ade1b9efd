/** What the number type of a model's weights costs and saves: the same questions to the same model in several types. */
import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset } from '../datasets/open.js';
import { makeError } from '../errors.js';
import { type ConvertProgress, convert, PaliGemma, type WeightType } from '../index.js';
import type { EvaluatedTask } from '../options/evaluation.js';
import type { LoadOptions } from '../options/types.js';
import { fingerprint } from '../runs/fingerprint.js';
import { openRunFolder, writeRunFile } from '../runs/run-folder.js';
import { maskDecoder, modelAnswerer } from './answering.js';
import { typesMarkdown } from './benchmark-markdown.js';
import { readRun, type StoredRun } from './compare.js';
import { type Evaluation, evaluate } from './evaluate.js';
import type { Metric } from './metrics/registry.js';
import { htmlTypes } from './report/types-report.js';
import type { EvaluatedRow } from './rows.js';
import { commonSettings, writeReports } from './several-runs.js';
import { typeDifferences } from './type-differences.js';
import type { TypeFigures, TypesReport } from './type-findings.js';

export interface TypesOptions {
  /** A folder of safetensors or an .npz file, as `convert` takes it. */
  readonly checkpoint: string;
  /** The first is what the others are compared with. */
  readonly types: readonly WeightType[];
  readonly dataset: Dataset;
  readonly task: EvaluatedTask;
  readonly metrics: readonly Metric[];
  readonly limit: number | undefined;
  readonly maxTokens: number | undefined;
  readonly constrained: boolean;
  /** As `convert` takes it: for outlines. */
  readonly maskCodec?: string | undefined;
  readonly load: LoadOptions;
  readonly folder: string;
  readonly words: Evaluation['words'];
  readonly signal: AbortSignal;
  readonly onConvert: (type: WeightType, progress: ConvertProgress) => void;
  readonly onProgress: (
    type: WeightType,
    progress: Parameters<Evaluation['onProgress']>[0],
  ) => void;
}

/**
 * Converts, loads and judges one type after the other, each in a folder of its own in `folder`, where a run that was cut off is
 * continued. Model files are removed when they have answered. Writes `types.json`,
 * `report.md` and `report.html`.
 */
export async function judgeTypes(options: TypesOptions): Promise<TypesReport> {
  const { folder, types, checkpoint, dataset, task, metrics, signal } = options;
  if (new Set(types).size < types.length) throw twice(types);
  await openRunFolder(folder, 'compare-types');
  const judged: TypeFigures[] = [];
  const runs: StoredRun[] = [];
  for (const type of types) {
    judged.push(await judgeType(options, type));
    runs.push(await readRun(path.join(folder, type)));
  }
  const [first = [], ...rows] = runs.map((run) => run.rows);
  const { compared, others } = await typeDifferences(first, rows, metrics, signal);
  const settings = { ...(await commonSettings(runs.map((run) => run.folder))), ...options.load };
  const report = {
    ...{ checkpoint, dataset: dataset.path, task, compared, settings },
    types: judged.map((one, i) => ({ ...one, ...others[i - 1] })),
  };
  await writeReports(folder, 'types.json', report, typesMarkdown, htmlTypes);
  return report;
}

async function judgeType(options: TypesOptions, type: WeightType): Promise<TypeFigures> {
  const { checkpoint, maskCodec, dataset, task, metrics, signal } = options;
  const { limit, maxTokens, constrained } = options;
  const output = path.join(options.folder, `${type}.gguf`);
  const { bytes } = await convert({
    ...{ source: checkpoint, output, type, overwrite: true, signal },
    ...(maskCodec !== undefined && { maskCodec }),
    onProgress: (progress) => options.onConvert(type, progress),
  });
  try {
    const model = await PaliGemma.load(output, { ...options.load, signal });
    try {
      const settings = { task, maxTokens, constrained, keepsPictures: false };
      const folder = path.join(options.folder, type);
      const summary = await evaluate({
        ...{ dataset, task, metrics, limits: [], phrasings: [], limit, folder, signal },
        ...{ answerer: modelAnswerer(model, settings), decodeMasks: maskDecoder(model) },
        answeredBy: { model: `${type}.gguf`, fingerprint: await fingerprint([output]) },
        settings: {
          ...{ limit: limit ?? null, maxTokens: maxTokens ?? null },
          ...(!constrained && { constrained: false }),
        },
        ...{ concurrency: 1, resume: await isThere(folder), words: options.words },
        onProgress: (progress) => options.onProgress(type, progress),
      });
      const memory = await memoryOf(model, folder);
      const { rows } = await readRun(folder);
      const { rows: count, failed, figures } = summary;
      return {
        ...{ type, bytes, memoryBytes: memory, seconds: medianSeconds(rows) },
        ...{ rows: count, failed, figures },
      };
    } finally {
      await model.dispose();
    }
  } finally {
    await rm(output, { force: true });
  }
}

/** In the folder of a type's run. */
const MEMORY = 'memory.json';

/** Of the model when it has answered; where all its answers were there already, as that run has kept it. */
async function memoryOf({ info }: PaliGemma, folder: string): Promise<number> {
  const before = await readFile(path.join(folder, MEMORY), 'utf8')
    .then((text) => (JSON.parse(text) as { readonly bytes: number }).bytes)
    .catch(() => 0);
  // Pictures that are kept are of the rows, not of the type.
  const { weightsBytes, kvCacheBytes, computeBytes } = info.memory;
  const bytes = weightsBytes + kvCacheBytes + computeBytes;
  const most = Math.max(before, bytes);
  await writeRunFile(folder, MEMORY, { bytes: most });
  return most;
}

const isThere = (folder: string): Promise<boolean> =>
  stat(path.join(folder, 'rows.jsonl')).then(
    () => true,
    () => false,
  );

function medianSeconds(rows: readonly EvaluatedRow[]): number | null {
  const seconds = rows.flatMap((row) => row.seconds ?? []).sort((a, b) => a - b);
  const middle = Math.floor(seconds.length / 2);
  if (seconds.length === 0) return null;
  const upper = seconds[middle] as number;
  return seconds.length % 2 === 1 ? upper : ((seconds[middle - 1] as number) + upper) / 2;
}

function twice(types: readonly WeightType[]): Error {
  const found = types.join(', ');
  const message = `option types is ${found}, expected each type once`;
  return makeError('ERR_OPTION_RANGE', message, {
    name: 'types',
    found,
    expected: 'each type once',
  });
}
