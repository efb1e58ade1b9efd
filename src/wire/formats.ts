/**
 * Results of many pictures as files that other programs read. A writer returns text and writes nothing itself, so that
 * every front can send it where it wants: to a terminal, a file or a reply.
 */
import path from 'node:path';
import type { Front } from '../remedies.js';
// Not the index: a list of formats should not wait for the addon.
import { type AnnotatedImage, toCocoAnnotations } from '../results/formats/coco.js';
import { toPascalVoc } from '../results/formats/pascal-voc.js';
import { toYolo } from '../results/formats/yolo.js';
import type { Segment } from '../results/mask.js';
import type { ImageSize } from '../results/types.js';
import type { AnswerKind } from '../tasks/registry.js';
import { csvLine, tabbedLine } from './delimited.js';
import { errorJson } from './errors.js';
import { jsonText } from './json.js';
import { columnsOf, readableRows, rowsOf, textAlone } from './rows.js';

/** What one picture got. `image` is its name as results repeat it. */
export type Outcome = { readonly image: string; readonly page?: number | undefined } & (
  | { readonly result: object }
  | { readonly error: unknown }
);

/** What a writer must know of a run before it begins. */
export interface RunFacts {
  /** In whose words failures are. */
  readonly front: Front;
  readonly kind: AnswerKind;
  /** Labels that were asked for: they get the first class numbers, found or not. */
  readonly labels: readonly string[];
  /** Lines of text begin with the picture's name: unless there is one picture and one text, or a file for each. */
  readonly named: boolean;
  /** Pictures are pages of files. */
  readonly hasPages: boolean;
  /** One picture in JSON. */
  readonly toJson: (outcome: Outcome) => object;
  /** Before the results of a JSON document. */
  readonly head: object;
}

/** Text of the parts in order: begin, each picture, end. */
export interface FormatWriter {
  begin?(): string;
  picture(outcome: Outcome): string;
  /** `tail` is what is known at the end only, for a JSON document. */
  end?(tail?: object): string;
}

interface Format {
  /** For the table in docs/command-line.md. */
  readonly doc: string;
  /** Of its files; the first is the one it names them with. */
  readonly extensions: readonly [string, ...string[]];
  /** Kinds of answers it can hold; left out for all. */
  readonly kinds?: readonly AnswerKind[];
  /**
   * What a file holds. `picture`: one picture, and nothing else. `lines`: pictures can be added one by one. `document`:
   * complete at the end only.
   */
  readonly holds: 'picture' | 'lines' | 'document';
  readonly write: (facts: RunFacts, classes: Classes) => FormatWriter;
}

const OBJECTS = ['detections', 'segments'] as const;

export const FORMATS = {
  text: {
    doc: 'as above',
    extensions: ['txt', 'tsv', 'text'],
    holds: 'lines',
    write: textWriter,
  },
  json: {
    doc: 'one document at the end',
    extensions: ['json'],
    holds: 'document',
    write: jsonWriter,
  },
  jsonl: {
    doc: 'a line of JSON per picture, as each is finished',
    extensions: ['jsonl', 'ndjson'],
    holds: 'lines',
    write: ({ toJson }) => ({ picture: (outcome) => `${jsonText(toJson(outcome))}\n` }),
  },
  csv: {
    doc: 'RFC 4180 with a header, all digits, masks as run-length code; a picture that failed is a row with its `error`',
    extensions: ['csv'],
    holds: 'lines',
    write: csvWriter,
  },
  coco: {
    doc: 'one document; labels that were asked for have the first category numbers',
    extensions: ['json'],
    kinds: OBJECTS,
    holds: 'document',
    write: cocoWriter,
  },
  yolo: {
    doc: 'a file per picture; that of one picture alone can be printed',
    extensions: ['txt'],
    kinds: OBJECTS,
    holds: 'picture',
    write: yoloWriter,
  },
  voc: {
    doc: 'Pascal VOC, a file per picture as `yolo`',
    extensions: ['xml'],
    kinds: OBJECTS,
    holds: 'picture',
    write: vocWriter,
  },
} as const satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof FORMATS;
export const FORMAT_NAMES = Object.keys(FORMATS) as readonly FormatName[];

/** The formats that answers of this kind can have. */
export function formatsFor(kind: AnswerKind): readonly FormatName[] {
  return FORMAT_NAMES.filter((name) => {
    const { kinds }: Format = FORMATS[name];
    return kinds === undefined || kinds.includes(kind);
  });
}

/** Writes one file, or several with the same `classes`. */
export function formatWriter(
  format: FormatName,
  facts: RunFacts,
  classes: Classes = new Classes(facts.labels),
): FormatWriter {
  return FORMATS[format].write(facts, classes);
}

/** Class numbers from 0: those asked for in their order, then others as they are found. */
export class Classes {
  readonly #names: string[];

  constructor(labels: readonly string[]) {
    this.#names = [...new Set(labels)];
  }

  get names(): readonly string[] {
    return this.#names;
  }

  add(labels: Iterable<string>): readonly string[] {
    for (const label of labels) if (!this.#names.includes(label)) this.#names.push(label);
    return this.#names;
  }

  /** What goes beside the label files of YOLO: `classes.txt`, and `data.yaml` of a data set. */
  files(): Readonly<Record<string, string>> {
    const rows = this.#names.map((name, id) => `  ${id}: ${JSON.stringify(name)}\n`);
    return {
      'classes.txt': this.#names.map((name) => `${name.replace(/\s+/g, ' ')}\n`).join(''),
      'data.yaml': `names:${rows.length === 0 ? ' {}\n' : `\n${rows.join('')}`}`,
    };
  }
}

/** The picture in lines and messages: `scan.tif`, `scan.tif page 2`. */
export function pictureName({ image, page }: Pick<Outcome, 'image' | 'page'>): string {
  return page === undefined ? image : `${image} page ${page}`;
}

/** Lines with tabs, or a text as it is. Failures have none. */
function textWriter({ kind, named }: RunFacts): FormatWriter {
  return {
    picture: (outcome) => {
      if ('error' in outcome) return '';
      const rows = readableRows(kind, outcome.result);
      if (named) return rows.map((row) => tabbedLine([pictureName(outcome), ...row])).join('');
      const text = textAlone(rows);
      return text === undefined ? rows.map(tabbedLine).join('') : `${text}\n`;
    },
  };
}

function jsonWriter({ toJson, head }: RunFacts): FormatWriter {
  const results: object[] = [];
  return {
    picture: (outcome) => {
      results.push(toJson(outcome));
      return '';
    },
    end: (tail = {}) => `${jsonText({ ...head, results, ...tail }, 2)}\n`,
  };
}

/** A row for each row of a result. A failure is a row of its own, with nothing but the picture and `error`. */
function csvWriter({ kind, hasPages, front }: RunFacts): FormatWriter {
  const columns = columnsOf(kind);
  const empty = columns.map(() => undefined);
  return {
    begin: () => csvLine(['image', ...(hasPages ? ['page'] : []), ...columns, 'error']),
    picture: (outcome) => {
      const named = [outcome.image, ...(hasPages ? [outcome.page] : [])];
      if ('error' in outcome) {
        const { code, message } = errorJson(outcome.error, front);
        return csvLine([...named, ...empty, `${code}: ${message}`]);
      }
      return rowsOf(kind, outcome.result)
        .map((cells) => csvLine([...named, ...cells, undefined]))
        .join('');
    },
  };
}

/** Categories are numbered from 1; failures are left out, as their size is not known. */
function cocoWriter(_: RunFacts, classes: Classes): FormatWriter {
  const images: AnnotatedImage[] = [];
  return {
    picture: (outcome) => {
      if ('error' in outcome) return '';
      const { objects, image } = found(outcome.result);
      classes.add(objects.map(({ label }) => label));
      images.push({ fileName: pictureName(outcome), image, detections: objects });
      return '';
    },
    end: () => {
      const document = toCocoAnnotations(images, { categories: classes.names });
      return `${jsonText(document, 2)}\n`;
    },
  };
}

/** Outlines where there are masks. Without scores, as files to train on are. */
function yoloWriter({ kind }: RunFacts, classes: Classes): FormatWriter {
  return {
    picture: (outcome) => {
      if ('error' in outcome) return '';
      const { objects, image } = found(outcome.result);
      const names = classes.add(objects.map(({ label }) => label));
      const format = kind === 'segments' ? 'segment' : 'detect';
      return toYolo(objects, image, { classes: names, format });
    },
  };
}

function vocWriter(): FormatWriter {
  return {
    picture: (outcome) => {
      if ('error' in outcome) return '';
      const { objects, image } = found(outcome.result);
      const fileName = path.basename(outcome.image);
      const folder = path.basename(path.dirname(path.resolve(outcome.image)));
      return toPascalVoc(objects, image, { fileName, folder });
    },
  };
}

/** Results of the kinds `detections` and `segments`, the only ones that these writers get. */
function found(result: object): {
  readonly objects: readonly Segment[];
  readonly image: ImageSize;
} {
  const { detections, segments, image } = result as {
    readonly detections?: readonly Segment[];
    readonly segments?: readonly Segment[];
    readonly image: ImageSize;
  };
  return { objects: segments ?? detections ?? [], image };
}
