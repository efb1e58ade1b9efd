/** What an option is declared to be. How a value is checked against it is in judge.ts, how options are parsed in option.ts. */

export interface Common {
  /** One sentence or two, without a full stop at the end; shown in help, tables and beside the type. */
  readonly doc: string;
  /** `MiB`, `pixels`. */
  readonly unit?: string;
  /** false: no command-line flag. */
  readonly cli?: false;
  /** One letter that stands for the command-line flag as well. */
  readonly letter?: string;
  /** One word for the value, in help: `colour`. */
  readonly placeholder?: string;
}

export interface Numeric extends Common {
  readonly kind: 'integer' | 'number';
  readonly min: number;
  readonly max: number;
  /** The value must be above `min`, not equal to it. */
  readonly aboveMin?: boolean;
}

export interface Text extends Common {
  readonly kind: 'string' | 'path';
  readonly minLength: number;
  readonly maxLength: number;
  /** Values worth naming; others are allowed. */
  readonly examples?: readonly string[];
  /** No message repeats the value. */
  readonly isSecret?: boolean;
  readonly form?: Form;
}

/** What every value must match, and that in words, to follow "expected". */
export interface Form {
  readonly pattern: RegExp;
  readonly words: string;
  /** The one of several spellings that is stored. */
  readonly stored?: (text: string) => string;
}

export interface Choice extends Common {
  readonly kind: 'enum';
  readonly values: readonly string[];
}

/** Several texts. */
export interface List extends Common {
  readonly kind: 'list';
  /** What one of them is called: `label`. */
  readonly of: string;
  readonly minCount: number;
  readonly maxCount: number;
  /** Of each text. */
  readonly minLength: number;
  readonly maxLength: number;
  /** No message repeats the values. */
  readonly isSecret?: boolean;
  readonly form?: Form;
}

/** Values by names that the caller chooses. */
export interface Entries extends Common {
  readonly kind: 'record';
  /** What one of them is called: `field`. */
  readonly of: string;
  readonly minCount: number;
  readonly maxCount: number;
  /** What their names are. */
  readonly names?: RegExp;
  readonly value: Declaration;
  /** An object that may take the place of the value, and what is in it. */
  readonly detailed: Declarations;
}

export interface Plain extends Common {
  readonly kind: 'boolean' | 'signal' | 'function';
}

export type Shape = Numeric | Text | Choice | List | Entries | Plain;

/** In place of a default: the option must be given. */
export const REQUIRED: unique symbol = Symbol('required');
export type Required = typeof REQUIRED;

/** An option whose parsed value is a `T`, without `REQUIRED` if that is part of it. */
export type Declaration<T = unknown> = Shape & {
  /** What is stored when the option is left out; null and undefined mean that the place of use decides. */
  readonly default: T;
};

/** Options of one call by name, in the order in which they are documented. */
export type Declarations = Readonly<Record<string, Declaration>>;
