/** Opens the file or folder that results go to, and chooses the printer for it. */
import type { RunFacts } from '../../wire/formats.js';
import type { Output } from '../output.js';
import { type Destination, extensionsOf } from './format.js';
import type { Input } from './inputs.js';
import { PictureFiles } from './picture-files.js';
import {
  eventPrinter,
  folderPrinter,
  type Printer,
  textPrinter,
  writerPrinter,
} from './printers.js';
import { ResultsFile } from './results-file.js';

const REFUSED = {
  expected: 'no such file',
  hint: 'choose another folder for --save, or replace it with --overwrite',
};

export type Sink = ResultsFile | PictureFiles | undefined;

/** Opens what results go to, so that a file that is in the way is known before a model is loaded. */
export async function openSink(
  destination: Destination,
  command: string,
  known: readonly Input[],
  overwrite: boolean,
): Promise<Sink> {
  switch (destination.to) {
    case 'stdout':
    case 'journal':
      return undefined;
    case 'file':
      return ResultsFile.open(destination.file, overwrite);
    case 'folder': {
      const { folder, format } = destination;
      if (folder === undefined) return PictureFiles.openNew(`paligemma-${command}`);
      const files = await PictureFiles.open(folder, overwrite ? 'replaced' : REFUSED);
      const [extension = 'txt'] = extensionsOf(format);
      // Pages get names of their own, which are not known yet.
      for (const input of known)
        if (input.error === undefined) await files.checkFree(input, extension);
      return files;
    }
  }
}

/** The printer for everything but a journal, which needs the model first. */
export function printerFor(
  { format }: Destination,
  sink: Sink,
  facts: RunFacts,
  output: Output,
  { names, streams }: { readonly names: readonly string[]; readonly streams: boolean },
): Printer {
  if (sink instanceof PictureFiles) return folderPrinter(format, facts, sink);
  if (sink instanceof ResultsFile) {
    const write = (text: string): Promise<void> => sink.write(text);
    if (format !== 'table') return writerPrinter(format, facts, write, sink.name);
    const look = { isAligned: true, colourDepth: 1, names };
    return { ...textPrinter(facts, look, { data: write, styled: write }), where: sink.name };
  }
  if (format === 'jsonl' && streams) return eventPrinter(facts, output);
  const isAligned = format === 'table' || (format === 'text' && output.isTerminal);
  if (format === 'table' || format === 'text') {
    return textPrinter(facts, { isAligned, colourDepth: output.colourDepth, names }, output);
  }
  return writerPrinter(format, facts, (text) => output.data(text));
}
