/** Options of `paligemma eval`. What they do is in src/evaluation. */
import { TEXT_PROFILES, WEIGHT_TYPES } from './closed-sets.js';
import { CONVERT_OPTIONS } from './convert.js';
import { DRAW_SET_OPTIONS, outputFolder } from './draw-set.js';
import { boolean, integer, list, oneOf, string } from './option.js';

/** What is judged: how the rows are asked, and by which metrics they are judged when none is named. */
const EVALUATED_TASKS = [
  'ocr',
  'ask',
  'caption',
  'count',
  'detect',
  'segment',
  'refer',
  'classify',
  'extract',
] as const;
export type EvaluatedTask = (typeof EVALUATED_TASKS)[number];

export const EVALUATION_OPTIONS = {
  task: oneOf(EVALUATED_TASKS, {
    default: 'ask',
    doc: 'what the rows ask for; it chooses the metrics, unless they are named',
  }),
  metric: list({
    default: undefined,
    of: 'id',
    minLength: 1,
    maxLength: 64,
    minCount: 1,
    maxCount: 30,
    doc: 'judge by this metric instead; can be given several times, the headline first',
  }),
  profile: oneOf(TEXT_PROFILES, {
    default: undefined,
    doc: 'what of texts counts, beside the rules of each metric: `roboflow-2024` all but white space at the ends, `strict` every byte, `loose` neither case nor the kind of white space and marks',
  }),
  prompt: list({
    default: undefined,
    of: 'prompt',
    minLength: 1,
    maxLength: 4096,
    minCount: 1,
    maxCount: 100,
    doc: 'ask every row with this instead of its own prompt, `{question}`, `{labels}` or `{FIELD}` standing for what it has; can be given several times, to compare phrasings',
  }),
  predictions: string<string, undefined>({
    default: undefined,
    minLength: 1,
    maxLength: 4096,
    placeholder: 'file',
    doc: 'judge the answers in a file of JSON lines, `{"id", "answer"}`, or of results as COCO writes them, of whatever system; no model is loaded',
  }),
  limit: integer({
    default: undefined,
    min: 1,
    max: 100_000_000,
    doc: 'judge so many rows, the first ones',
  }),
  split: oneOf(['train', 'valid', 'test'] as const, {
    default: undefined,
    doc: 'judge this part of the data set alone',
  }),
  seed: integer({
    default: undefined,
    min: 0,
    max: 4_294_967_295,
    doc: 'with a limit: judge rows that are drawn by this number in place of the first ones',
  }),
  maxTokens: integer({
    default: undefined,
    min: 1,
    max: 1_048_576,
    unit: 'tokens',
    doc: 'longest answer; left out, what the task has',
  }),
  constrained: boolean({
    default: true,
    doc: 'keep answers of objects to their form; published figures are of answers that were not',
  }),
  concurrency: integer({
    default: 1,
    min: 1,
    max: 64,
    unit: 'rows',
    doc: 'ask about so many rows at once; from two on, rows have no seconds, which would not be their own',
  }),
  groupBy: string<string, undefined>({
    default: undefined,
    minLength: 1,
    maxLength: 256,
    placeholder: 'field',
    doc: 'also print the headline figure of the rows with each value of this field',
  }),
  benchmark: string<string, undefined>({
    default: undefined,
    minLength: 3,
    maxLength: 128,
    placeholder: 'name/split',
    doc: 'what the data set is, such as `TextVQA/val`: published figures of PaliGemma by the same metric are shown beside yours',
  }),
  resume: boolean({ default: false, doc: 'continue the run that is in the folder' }),
  failUnder: list({
    default: undefined,
    of: 'limit',
    minLength: 1,
    maxLength: 128,
    minCount: 1,
    maxCount: 25,
    doc: 'end with exit code 7 when a figure misses this, such as `cer<=0.05`; can be given several times',
  }),
  failOn: oneOf(['figure', 'interval'] as const, {
    default: 'figure',
    doc: 'what must meet a limit: the figure, or both ends of its interval',
  }),
};

const { task, metric, limit, maxTokens, constrained } = EVALUATION_OPTIONS;

/** Options of `paligemma compare-types`. */
export const TYPES_OPTIONS = {
  output: outputFolder('where the runs of all types go'),
  task,
  metric,
  types: list({
    default: WEIGHT_TYPES,
    of: 'type',
    minLength: 1,
    maxLength: 64,
    minCount: 1,
    maxCount: WEIGHT_TYPES.length,
    doc: 'number types, several at once with commas; the first is what the others are compared with',
  }),
  limit,
  maxTokens,
  constrained,
  maskCodec: CONVERT_OPTIONS.maskCodec,
};

/** Options of `paligemma prompt-benchmark`. */
export const PROMPTS_OPTIONS = {
  output: outputFolder('where pictures, rows and reports go'),
  set: list({
    default: ['receipts', 'menus', 'coins', 'plurals', 'serial-plate'],
    of: 'name',
    minLength: 1,
    maxLength: 64,
    minCount: 1,
    maxCount: 20,
    doc: 'drawn sets; can be given several times',
  }),
  count: DRAW_SET_OPTIONS.count,
  seed: DRAW_SET_OPTIONS.seed,
  maxTokens: integer({
    default: 48,
    min: 1,
    max: 1_048_576,
    unit: 'tokens',
    doc: 'longest answer',
  }),
};
