/** Answers of an earlier run: the same figures without the system, or those of a system that is not here. */
import { makeError } from '../../../errors.js';
import { showPath } from '../../../options/show.js';
import { readingsIn, type StoredRow } from '../rows.js';
import type { Question, Reading, System, SystemSource } from '../system.js';

/** `file`: `rows.jsonl` of a run. */
export function replaySource(spec: string, file: string): SystemSource {
  return {
    spec,
    check: async () => {
      const rows = await readingsIn(file);
      const names = new Set(rows.map(({ system }) => system));
      return { names: [...names], isTuned: rows.some(({ isTuned }) => isTuned) };
    },
    open: async () => {
      const scored = (await readingsIn(file)).filter(({ split }) => split === 'scored');
      const names = new Set(scored.map(keyOf));
      return [...names].map((name) =>
        recorded(
          file,
          scored.filter((row) => keyOf(row) === name),
        ),
      );
    },
  };
}

const keyOf = ({ system, version }: StoredRow): string => JSON.stringify([system, version]);

function recorded(file: string, rows: readonly StoredRow[]): System {
  const [first] = rows as [StoredRow];
  const { system, version, threads, startSeconds } = first;
  const machine = first.recordedOn ?? first.run['machine'];
  const byQuestion = new Map(rows.map((row) => [`${row.pass} ${row.crop}`, row]));
  return {
    ...{ name: system, version, threads, startSeconds, modes: [] },
    passes: Math.max(...rows.map(({ pass }) => pass)),
    recordedOn: typeof machine === 'string' ? machine : 'another machine',
    read: async (question) => answerOf(file, byQuestion, question),
    close: async () => {},
  };
}

function answerOf(
  file: string,
  rows: ReadonlyMap<string, StoredRow>,
  { crop, pass }: Question,
): Reading {
  const row = rows.get(`${pass} ${crop.id}`);
  const isSame = row?.picture === crop.digest;
  if (row?.text === undefined || !isSame) {
    const found = row === undefined ? 'no answer' : isSame ? 'a failure' : 'one to another picture';
    const name = showPath(file);
    throw makeError('ERR_DATASET', `${name} has ${found} for ${crop.id}, pass ${pass}`, {
      ...{ name, found, expected: 'a recorded answer' },
    });
  }
  const { text, seconds, ownSeconds, usd, tokens } = row;
  return {
    text,
    ...(seconds !== undefined && { recordedSeconds: seconds }),
    ...(ownSeconds !== undefined && { ownSeconds }),
    ...(usd !== undefined && { usd }),
    ...(tokens && { tokens }),
  };
}
