/** What came of each picture, to where the flags say: standard output, a file, a folder. The formats are in src/wire. */
import type { Journal } from '../../runs/journal.js';
import { tabbedCell } from '../../wire/delimited.js';
import {
  Classes,
  type FormatName,
  formatWriter,
  type Outcome,
  pictureName,
  type RunFacts,
} from '../../wire/formats.js';
import { readableColumns, readableRows, textAlone } from '../../wire/rows.js';
import type { Output } from '../output.js';
import { Table } from '../table.js';
import { extensionsOf, type Shown } from './format.js';
import type { PictureFiles } from './picture-files.js';
import type { TaskPiece } from './task.js';

export interface Printer {
  /** Results as soon as they are there, or in the order of the pictures. */
  readonly order: 'finished' | 'items';
  /** Also what an interruption cut off: a document names it. */
  readonly hasAborted?: boolean;
  /** A part of an answer that is still growing. */
  piece?(picture: Pick<Outcome, 'image' | 'page'>, piece: TaskPiece): Promise<void>;
  outcome(outcome: Outcome): Promise<void>;
  /** After the last picture; `tail` is for the end of a document. */
  end(tail: object): Promise<void>;
  /** Where it went to, to be named when all is done. */
  readonly where?: string;
}

/** Lines of JSON in a file that can be continued. */
export function journalPrinter<R extends object>(
  journal: Journal<R>,
  toJson: (outcome: Outcome) => R,
): Printer {
  return {
    order: 'finished',
    where: journal.name,
    outcome: (outcome) => journal.add(toJson(outcome)),
    end: async () => {},
  };
}

/** One file, or standard output, in a format of src/wire. */
export function writerPrinter(
  format: FormatName,
  facts: RunFacts,
  write: (text: string) => Promise<void>,
  where?: string,
): Printer {
  const writer = formatWriter(format, facts);
  let hasBegun = false;
  const begin = (): string => {
    if (hasBegun) return '';
    hasBegun = true;
    return writer.begin?.() ?? '';
  };
  return {
    order: format === 'jsonl' ? 'finished' : 'items',
    hasAborted: format === 'json',
    ...(where !== undefined && { where }),
    outcome: (outcome) => write(begin() + writer.picture(outcome)),
    end: (tail) => write(begin() + (writer.end?.(tail) ?? '')),
  };
}

/** Lines of JSON on standard output, with events when answers are streamed. */
export function eventPrinter(
  { toJson }: RunFacts,
  output: Output,
): Printer & Required<Pick<Printer, 'piece'>> {
  return {
    order: 'finished',
    piece: (picture, piece) => output.json({ event: 'piece', ...picture, ...piece }),
    outcome: (outcome) =>
      output.json({ event: 'error' in outcome ? 'error' : 'result', ...toJson(outcome) }),
    end: async () => {},
  };
}

/** A file for each picture that has an answer; with classes, the files that name them. */
export function folderPrinter(format: Shown, facts: RunFacts, files: PictureFiles): Printer {
  const classes = new Classes(facts.labels);
  const [extension = 'txt'] = extensionsOf(format);
  return {
    order: 'items',
    where: files.folder,
    outcome: async (outcome) => {
      if ('error' in outcome) return;
      const data = wholeFile(format, facts, classes, outcome);
      await files.write(outcome, { data: Buffer.from(data), extension });
    },
    end: async () => {
      if (format !== 'yolo') return;
      for (const [name, text] of Object.entries(classes.files()))
        await files.writeBeside(name, text);
    },
  };
}

function wholeFile(format: Shown, facts: RunFacts, classes: Classes, outcome: Outcome): string {
  const writer = formatWriter(format === 'table' ? 'text' : format, facts, classes);
  return (writer.begin?.() ?? '') + writer.picture(outcome) + (writer.end?.() ?? '');
}

interface TextLook {
  /** Columns are aligned; else separated by tabs. */
  readonly isAligned: boolean;
  /** Bits of colour of the terminal; 1 is none. */
  readonly colourDepth: number;
  /** Names of pictures, as far as they are known. */
  readonly names: readonly string[];
}

/** Where text goes: `data` as it is, `styled` with escape sequences of ours. */
type TextSink = Pick<Output, 'data' | 'styled'>;

/** Lines for people, or text that is still growing. */
export function textPrinter(facts: RunFacts, look: TextLook, sink: TextSink): Printer {
  const { kind, named } = facts;
  const { isAligned } = look;
  const table = new Table(readableColumns(kind), look.colourDepth, look.names);
  const writer = formatWriter('text', facts);
  let isLineOpen = false;
  const lead = (picture: Pick<Outcome, 'image' | 'page'>): string => {
    if (!named) return '';
    return isAligned ? `${pictureName(picture)}: ` : `${tabbedCell(pictureName(picture))}\t`;
  };
  const endLine = async (): Promise<void> => {
    if (isLineOpen) await sink.data('\n');
    isLineOpen = false;
  };
  return {
    order: 'items',
    async piece(picture, { text }) {
      const cell = named && !isAligned ? tabbedCell(text) : text;
      await sink.data((isLineOpen ? '' : lead(picture)) + cell);
      isLineOpen = true;
    },
    async outcome(outcome) {
      if (isLineOpen) return endLine();
      if ('error' in outcome) return;
      if (!isAligned) return sink.data(writer.picture(outcome));
      const rows = readableRows(kind, outcome.result);
      const text = textAlone(rows);
      if (text === undefined) return sink.styled(table.lines(pictureName(outcome), rows));
      return sink.data(`${lead(outcome)}${text}\n`);
    },
    end: endLine,
  };
}
