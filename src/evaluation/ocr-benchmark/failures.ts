/** Why crops were not read: the most frequent reasons of a system, each once. */
import { oneLine } from '../../options/show.js';
import type { ReadingRow } from './rows.js';

export interface Failure {
  readonly reason: string;
  readonly count: number;
}

/** Of one system. */
const MOST = 5;
const LONGEST = 300;

export function failuresOf(rows: readonly ReadingRow[]): Failure[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    if (row.text !== undefined) continue;
    const reason = reasonOf(row);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST);
}

/** The same fault of several crops is one reason. */
function reasonOf({ error, crop }: ReadingRow): string {
  const { message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof message !== 'string' || message.trim() === '') return 'no reason given';
  const general = message
    .replaceAll(crop, '…')
    .replace(/[^\s"']*crops[\\/]\d+\.png/g, '…')
    .replace(/, pass \d+$/, '');
  const line = oneLine(general);
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

/** `2 of 3 readings failed: boom (2)` */
export function failuresText(failed: number, rows: number, failures: readonly Failure[]): string {
  const known = failures.reduce((sum, { count }) => sum + count, 0);
  const parts = failures.map(({ reason, count }) => `${reason} (${count})`);
  const others = failed > known ? [`other reasons (${failed - known})`] : [];
  return `${failed} of ${rows} ${rows === 1 ? 'reading' : 'readings'} failed: ${[...parts, ...others].join('; ')}`;
}
