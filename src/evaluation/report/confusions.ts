/** Which characters are taken for which: rows of texts that were read, aligned with what is there. */
import { setImmediate } from 'node:timers/promises';
import { heatMap } from '../../report/heat-map.js';
import { charts, type Html, paragraph, section, table } from '../../report/html.js';
import type { EvaluatedRow } from '../rows.js';
import { nearestTruth } from './loss.js';
import { sideBySide } from './page.js';
import { count, percent, plainText, rowsText } from './shown-text.js';
import { align } from './text-diff.js';

export interface Confusion {
  /** The character that is there; undefined where one was added. */
  readonly there: string | undefined;
  /** What it was read as; undefined where it was left out. */
  readonly read: string | undefined;
  readonly times: number;
}

export interface Confusions {
  /** The most frequent first. */
  readonly all: readonly Confusion[];
  /** How often each character is there. */
  readonly characters: ReadonlyMap<string, number>;
  /** Rows that are too long to be aligned. */
  readonly leftOut: number;
}

/** Of truth times answer. */
const MOST_CELLS = 1_000_000;

export async function confusionsOf(
  rows: readonly EvaluatedRow[],
  signal?: AbortSignal,
): Promise<Confusions> {
  const times = new Map<string, Confusion>();
  const characters = new Map<string, number>();
  let [leftOut, cells] = [0, 0];
  for (const { answer = '', truths = [] } of rows) {
    // Longer ones have more characters than code units of half of the limit.
    if (
      answer.length > MOST_CELLS ||
      truths.some((truth) => truth.length * answer.length > MOST_CELLS)
    ) {
      leftOut++;
      continue;
    }
    const [there, read] = [[...nearestTruth(answer, truths)], [...answer]];
    cells += there.length * read.length;
    if (cells > MOST_CELLS) {
      cells = 0;
      await setImmediate();
      signal?.throwIfAborted();
    }
    for (const one of there) characters.set(one, (characters.get(one) ?? 0) + 1);
    for (const [from, to] of align(there, read)) {
      if (from === to) continue;
      const key = JSON.stringify([from ?? null, to ?? null]);
      times.set(key, { there: from, read: to, times: (times.get(key)?.times ?? 0) + 1 });
    }
  }
  const all = [...times.values()].sort((a, b) => b.times - a.times);
  return { all, characters, leftOut };
}

/** Characters along each side of the grid, and lines of the table. */
const MOST_SIDE = 12;
const MOST_LINES = 20;

/** Undefined where nothing was read otherwise than it is. */
export async function confusionsSection(
  rows: readonly EvaluatedRow[],
  signal?: AbortSignal,
): Promise<Html | undefined> {
  const answered = rows.filter(({ answer }) => answer !== undefined);
  const { all, characters, leftOut } = await confusionsOf(answered, signal);
  if (all.length === 0) return undefined;
  const sum = (some: readonly Confusion[]): number =>
    some.reduce((total, { times }) => total + times, 0);
  const swapped = all.filter(({ there, read }) => there !== undefined && read !== undefined);
  const lost = sum(all.filter(({ read }) => read === undefined));
  const added = sum(all.filter(({ there }) => there === undefined));
  const there = [...characters.values()].reduce((total, n) => total + n, 0);
  const lines = all
    .slice(0, MOST_LINES)
    .map((one) => [
      ...[one.there === undefined ? 'nothing' : characterName(one.there)],
      ...[one.read === undefined ? 'nothing' : characterName(one.read), one.times],
      one.there === undefined ? '' : percent(one.times / (characters.get(one.there) ?? 1)),
    ]);
  return section(
    'Confused characters',
    [
      paragraph(
        `Of ${count(there)} characters ${count(sum(swapped))} were read as another one and ${count(lost)} left out; ${count(added)} were added.` +
          (leftOut > 0 ? ` ${rowsText(leftOut)} are too long to be aligned and not counted.` : ''),
      ),
      sideBySide(
        ...(swapped.length > 0 ? [grid(swapped)] : []),
        table(
          ['There is', 'Read as', 'Times', 'Of all of these'],
          lines,
          `The ${lines.length} most frequent of ${count(all.length)}`,
        ),
      ),
    ],
    'confusions',
  );
}

function grid(swapped: readonly Confusion[]): Html {
  const columns = new Set<string>();
  const rows = new Set<string>();
  for (const { there, read } of swapped as readonly Required<Confusion>[]) {
    const [isRow, isColumn] = [rows.has(there as string), columns.has(read as string)];
    if ((!isRow && rows.size === MOST_SIDE) || (!isColumn && columns.size === MOST_SIDE)) continue;
    rows.add(there as string);
    columns.add(read as string);
  }
  const [sortedRows, sortedColumns] = [[...rows].sort(), [...columns].sort()];
  const times = new Map(swapped.map((one) => [JSON.stringify([one.there, one.read]), one.times]));
  const panel = heatMap({
    title: 'Taken for another character',
    subtitle: 'how often',
    ...{ xLabel: 'read as', yLabel: 'there is' },
    columns: sortedColumns.map((one) => SIGNS[one] ?? characterName(one)),
    rows: sortedRows.map((there) => ({
      name: characterName(there),
      values: sortedColumns.map((read) => times.get(JSON.stringify([there, read])) ?? 0),
    })),
  });
  return charts([panel], 'A grid of characters that are there and what they were read as');
}

/** Where there is no room for a name. */
const SIGNS: Readonly<Record<string, string>> = { ' ': '␣', '\n': '↵' };

/** Blanks by name, what cannot be seen by number. */
function characterName(character: string): string {
  if (character === ' ') return 'space';
  if (character === '\n') return 'line break';
  if (/^\s$|^\p{M}$/u.test(character)) {
    return `U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return plainText(character);
}
