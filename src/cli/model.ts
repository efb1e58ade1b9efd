/** Which model a command runs, and loading it with a progress bar. */
import type { Command } from 'commander';
import { demoModel } from '../demo-model.js';
import type { Note } from '../index.js';
import { LOAD_OPTIONS } from '../options/load.js';
import type { Context } from './context.js';
import { addFlags, givenFlags } from './flags.js';

export interface ModelFlags {
  readonly model?: string;
  readonly mmproj?: string;
}

export function addModelFlags(command: Command): void {
  command
    .option(
      '-m, --model <file>',
      'GGUF file, or a model on the hub such as hf:owner/repo (default: $PALIGEMMA_MODEL, else the demo model)',
    )
    .option('--mmproj <file>', 'its vision part, when --model holds the language model only');
  addFlags(command, 'Loading:', LOAD_OPTIONS);
}

/** What the flags name. `name` is the file, as results repeat it. */
export function chosenModel({ output, env }: Context, flags: ModelFlags) {
  const chosen = flags.model ?? (env.PALIGEMMA_MODEL || undefined);
  const name = chosen ?? demoModel();
  if (chosen === undefined) {
    output.note(
      'note: using the demo model, which knows coloured shapes and printed text only; choose another with --model or PALIGEMMA_MODEL',
    );
  }
  return { name, source: flags.mmproj === undefined ? name : { text: name, mmproj: flags.mmproj } };
}

/** Of notes on the wording of prompts: who compares wordings has chosen them. */
export const isOnWording = ({ code }: Note): boolean => code.startsWith('PALIGEMMA_PROMPT_');

/** For notes of many rows: true of all but the first of each kind. */
export function isAnotherOfItsKind(): (note: Note) => boolean {
  const seen = new Set<string>();
  return ({ code }) => {
    const before = seen.size;
    return seen.add(code).size === before;
  };
}

/** Loads it, with a bar. `files`: where it is on this machine. `leavesOut`: notes that are not printed. */
export async function loadModel(
  context: Context,
  flags: ModelFlags,
  leavesOut: (note: Note) => boolean = () => false,
) {
  const { output, signal } = context;
  const { name, source } = chosenModel(context, flags);
  // Here and not above: --help and usage errors should not wait for the addon.
  const { PaliGemma } = await import('../index.js');
  const { modelFiles } = await import('../hub/model-files.js');
  const bar = output.progress('loading');
  try {
    const model = await PaliGemma.load(source, {
      ...givenFlags(LOAD_OPTIONS, flags),
      signal,
      onProgress: ({ loaded, total }) => bar.update(loaded, total),
      onNote: (note) => {
        if (!leavesOut(note)) output.noteOnce(`note: ${note.message}`);
      },
    });
    // Loading has just brought those of the hub.
    const files = await modelFiles(source, { offline: true, signal });
    return { model, name, files };
  } finally {
    bar.done();
  }
}
