/** Results of every task as rows of a table, as lines of text, CSV and terminals show them. */
import type {
  ClassifyResult,
  Detection,
  ExtractResult,
  ExtractSchema,
  Segment,
  SweepResult,
} from '../index.js';
import type { AnswerKind } from '../tasks/registry.js';
import { jsonText } from './json.js';

/** A number keeps all its digits until it is written. */
export type Cell = string | number | undefined;

interface Column {
  readonly name: string;
  /** Decimals for people; left out for text. */
  readonly digits?: number;
  /** Where rows are meant for programs only: too long for people, or of no interest to them. */
  readonly isForPrograms?: true;
}

/** Columns and rows of one task's results. `Result` is what the task returns. */
interface Table<Result> {
  readonly columns: readonly Column[];
  readonly rows: (result: Result) => readonly (readonly Cell[])[];
}

/** What each kind of answer is read from. */
interface Results {
  readonly text: { readonly text: string; readonly score?: number };
  readonly detections: { readonly detections: readonly Detection[] };
  readonly segments: { readonly segments: readonly Segment[] };
  readonly labels: Pick<ClassifyResult, 'distribution'>;
  readonly fields: Pick<ExtractResult<ExtractSchema>, 'fields'>;
  readonly phrasings: SweepResult;
}

const OBJECT: readonly Column[] = [
  { name: 'label' },
  { name: 'score', digits: 3 },
  { name: 'xmin', digits: 1 },
  { name: 'ymin', digits: 1 },
  { name: 'xmax', digits: 1 },
  { name: 'ymax', digits: 1 },
];

const TABLES: { readonly [K in AnswerKind]: Table<Results[K]> } = {
  text: {
    columns: [{ name: 'text' }, { name: 'score', digits: 3, isForPrograms: true }],
    rows: ({ text, score }) => [[text, score]],
  },
  detections: {
    columns: OBJECT,
    rows: ({ detections }) => detections.map(objectCells),
  },
  segments: {
    columns: [...OBJECT, { name: 'mask', isForPrograms: true }],
    rows: ({ segments }) =>
      segments.map((segment) => [...objectCells(segment), jsonText(segment.mask.toRle())]),
  },
  labels: {
    columns: [{ name: 'label' }, { name: 'probability', digits: 3 }],
    rows: ({ distribution }) => distribution.map((one) => [one.label, one.probability]),
  },
  fields: {
    columns: [
      { name: 'field' },
      { name: 'value' },
      { name: 'raw', isForPrograms: true },
      { name: 'score', digits: 3, isForPrograms: true },
    ],
    rows: ({ fields }) =>
      Object.entries(fields).map(([name, { value, raw, score }]) => [
        name,
        fieldText(value),
        raw,
        score,
      ]),
  },
  phrasings: {
    columns: [{ name: 'prompt' }, { name: 'text' }, { name: 'score', digits: 3 }],
    rows: (result) =>
      result.kind === 'text'
        ? result.phrasings.map(({ prompt, text, score }) => [prompt, text, score])
        : result.phrasings.map(({ prompt, raw, score }) => [prompt, raw, score]),
  },
};

function objectCells({ label, score, box }: Detection): readonly Cell[] {
  return [label, score, box.xmin, box.ymin, box.xmax, box.ymax];
}

/** undefined for what could not be read. */
function fieldText(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object') return String(value);
  const { amount, currency } = value as { amount: number; currency: string | null };
  return currency === null ? String(amount) : `${amount} ${currency}`;
}

/** The names of all columns, in the order of rowsOf. */
export function columnsOf(kind: AnswerKind): readonly string[] {
  return TABLES[kind].columns.map(({ name }) => name);
}

/** The columns of readableRows; some rows of a sweep end after the first one. */
export function readableColumns(kind: AnswerKind): readonly Column[] {
  if (kind === 'phrasings') return OBJECT;
  return TABLES[kind].columns.filter(({ isForPrograms }) => !isForPrograms);
}

/** All cells of all rows. `result` is one of a task of this kind: the registry says which. */
export function rowsOf(kind: AnswerKind, result: object): readonly (readonly Cell[])[] {
  return (TABLES[kind] as Table<object>).rows(result);
}

/**
 * Rows as people read them: a few decimals, `-` for what is missing, without what is for programs only. Of a sweep, what
 * the phrasings agree on.
 */
export function readableRows(kind: AnswerKind, result: object): readonly (readonly string[])[] {
  if (kind === 'phrasings') {
    const { consensus } = result as SweepResult;
    if (typeof consensus === 'string') return [[consensus]];
    return readableRows('detections', { detections: consensus });
  }
  const { columns } = TABLES[kind];
  return rowsOf(kind, result).map((cells) =>
    cells.flatMap((cell, i) => {
      const column = columns[i];
      if (column === undefined || column.isForPrograms) return [];
      if (cell === undefined) return ['-'];
      return [typeof cell === 'number' ? cell.toFixed(column.digits) : cell];
    }),
  );
}

/** The answer, where rows are nothing but one text. */
export function textAlone(rows: readonly (readonly string[])[]): string | undefined {
  const [row] = rows;
  return rows.length === 1 && row?.length === 1 ? row[0] : undefined;
}
