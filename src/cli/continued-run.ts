/** What commands share whose work is kept in a folder, where the same command continues it. */

import { showPath } from '../options/show.js';
import { optionName } from '../remedies.js';
import type { JournalOptions, Row } from '../runs/journal.js';
import type { Context } from './context.js';
import { Counts } from './output.js';

/** How the command line calls what a run is made of. */
export const journalWords: JournalOptions<Row>['words'] = {
  output: '--output',
  resume: '--resume',
  setting: (name) => (name === 'data' ? 'the data set' : optionName('cli', name)),
};

/** What an interrupted run has, where only a flag continues it. `done`: `12 rows`. */
export function noteKept({ output }: Context, done: string, folder: string): void {
  const { resume } = journalWords;
  output.note(`interrupted: ${done} are in ${showPath(folder)}, which ${resume} continues`);
}

/** Does the work with counts of it, and says where it can be continued when it is interrupted. */
export async function continuedRun<T>(
  { output, signal }: Context,
  folder: string,
  work: (counts: Counts) => Promise<T>,
): Promise<T> {
  const counts = new Counts(output);
  try {
    const result = await work(counts);
    counts.done();
    return result;
  } catch (error) {
    counts.done();
    if (signal.aborted) output.note(`interrupted: the same command continues ${showPath(folder)}`);
    throw error;
  }
}
