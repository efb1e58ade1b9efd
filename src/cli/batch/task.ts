/** What a task must tell so that the machinery of this folder can run it over many pictures. No task lives here. */
import type { Command } from 'commander';
import type { ImageInput, PaliGemma } from '../../index.js';
import type { AnnotationFormat } from '../../options/annotate.js';
import type { Declarations } from '../../options/option.js';
import type { AnswerKind } from '../../tasks/registry.js';

/** One piece of an answer as it comes. */
export interface TaskPiece {
  readonly text: string;
  readonly token: number;
  readonly logprob: number;
}

/** A task that is ready to run: model, prompt and options are chosen. */
export interface PictureTask<R extends object> {
  /** Answers about one picture; rejects when it fails or `signal` is aborted. */
  run(image: ImageInput, signal: AbortSignal): Promise<R>;
  /** As `run`, piece by piece: for `--stream`. */
  stream?(
    image: ImageInput,
    signal: AbortSignal,
  ): AsyncIterable<TaskPiece> & { readonly result: Promise<R> };
  /** The result in JSON, beside `image` and the settings. */
  json(result: R): Readonly<Record<string, unknown>>;
  /** What is remarkable about the result and has no place in its rows: lines for stderr. */
  remarks?(result: R): readonly string[];
  /** The picture with the result drawn in: for `--annotate`. */
  annotate?(image: ImageInput, result: R, format: AnnotationFormat): Promise<Uint8Array>;
}

/** A command that does the same with each picture. `F` are its own flags, `R` is its result for one picture. */
export interface PictureCommand<F, R extends object> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** What its results are: src/wire makes rows and files of them. */
  readonly answers: AnswerKind;
  /** Lines that begin with `$ paligemma <name>`. */
  readonly examples: readonly string[];
  /** Options that become flags, under "Answering:". They belong to the settings of a run. */
  readonly options: Declarations;
  /** The command's own flags. */
  readonly addFlags?: (command: Command) => void;
  /**
   * What the own flags ask for, in JSON of every result, failed ones too: the prompt, the labels. Belongs to the settings
   * of a run.
   */
  readonly settings: (flags: F) => Readonly<Record<string, unknown>>;
  /** Labels that are asked for. */
  readonly labels?: (flags: F) => readonly string[];
  readonly streams?: true;
  readonly annotates?: true;
  /** `options` are those of `options` that were given as flags, to be passed on whole. */
  readonly task: (
    model: PaliGemma,
    flags: F,
    options: Readonly<Record<string, unknown>>,
  ) => PictureTask<R>;
}
