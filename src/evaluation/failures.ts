/** Why rows have no answer: the same reason once, with the rows that have it. */
import { jsonText } from '../wire/json.js';
import { type EvaluatedRow, isAnswered } from './rows.js';

export interface Failures {
  readonly code: string;
  /** Of the first of the rows. */
  readonly message: string;
  readonly rows: readonly EvaluatedRow[];
}

/** What is written down of one. */
export interface FailureReason {
  readonly code: string;
  readonly message: string;
  readonly rows: number;
  /** The id of the first of them. */
  readonly first: string;
}

const MOST_REASONS = 5;

export const reasonsOf = (rows: readonly EvaluatedRow[]): FailureReason[] =>
  failuresIn(rows)
    .slice(0, MOST_REASONS)
    .map(({ code, message, rows: own }) => ({
      ...{ code, message, rows: own.length },
      first: own[0]?.id ?? '',
    }));

/** The most frequent first. */
export function failuresIn(rows: readonly EvaluatedRow[]): Failures[] {
  const reasons = new Map<string, { code: string; message: string; rows: EvaluatedRow[] }>();
  for (const row of rows) {
    if (isAnswered(row)) continue;
    const { code, message } = reasonOf(row.error);
    // The same fault of several pictures.
    const key = `${code} ${message.replaceAll(row.image, '…').replaceAll(row.id, '…')}`;
    const known = reasons.get(key);
    if (known === undefined) reasons.set(key, { code, message, rows: [row] });
    else known.rows.push(row);
  }
  return [...reasons.values()].sort((a, b) => b.rows.length - a.rows.length);
}

/** As errors are written down: `{ code, message }`, or anything else. */
function reasonOf(error: unknown): { readonly code: string; readonly message: string } {
  const inner = isRecord(error) && isRecord(error['error']) ? error['error'] : error;
  if (!isRecord(inner)) return { code: '', message: String(error) };
  const { code, message } = inner;
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : jsonText(inner),
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
