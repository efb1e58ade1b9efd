/** Checkpoints as other tools save them: test/fixtures/saved-by, whose README says what the rows hold. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FIXTURES = path.resolve(import.meta.dirname, '..', 'fixtures');
const SAVED_BY = path.join(FIXTURES, 'saved-by');

/** Name in the folder -> path in test/fixtures. */
type Files = Readonly<Record<string, string>>;

export interface SavedCheckpoint {
  readonly id: string;
  readonly tool: string;
  readonly version: string;
  readonly beside?: string;
  readonly real: boolean;
  readonly how: string;
  readonly layout: string;
  readonly files: Files;
  readonly golden?: string;
  readonly expected: {
    readonly reads?: string;
    readonly head?: 'apart';
    readonly added?: Readonly<Record<string, number>>;
    readonly rows?: number;
    readonly refuses?: 'adapter' | 'pickle' | 'incomplete';
  };
}

/** What transformers computes with a fixture. */
export interface Golden {
  readonly vocabulary: number;
  readonly texts?: readonly { readonly text: string; readonly ids: readonly number[] }[];
  readonly cases: readonly {
    readonly image: string;
    readonly prompt: string;
    readonly prefixIds: readonly number[];
    readonly top: readonly (readonly [id: number, logprob: number])[];
  }[];
}

const readJson = (...parts: string[]) =>
  JSON.parse(readFileSync(path.join(FIXTURES, ...parts), 'utf8'));

const manifest: {
  readonly references: Readonly<Record<string, Files>>;
  readonly fixtures: readonly SavedCheckpoint[];
} = readJson('saved-by', 'manifest.json');

export const SAVED_CHECKPOINTS = manifest.fixtures;
export const SAVED_REFERENCES = Object.keys(manifest.references);

/**
 * Makes the folder as the tool left it, with the base's tokenizer where it has none of its own. Returns what to convert: the
 * folder within `parent`, or its .npz.
 */
export function layOut(parent: string, checkpoint: SavedCheckpoint): string {
  const folder = place(path.join(parent, checkpoint.id), checkpoint.files);
  const archive = Object.keys(checkpoint.files).find((name) => name.endsWith('.npz'));
  return archive === undefined ? folder : path.join(folder, archive);
}

/** A folder with the tensors that fixtures `reads`, in the layout of the hub. Returns its path within `parent`. */
export function layOutReference(parent: string, name: string): string {
  const files = manifest.references[name];
  if (!files) throw new Error(`no reference ${name} in test/fixtures/saved-by/manifest.json`);
  return place(path.join(parent, `reference-${name}`), files);
}

export function goldenOf(checkpoint: SavedCheckpoint): Golden | undefined {
  return checkpoint.golden === undefined ? undefined : readJson(checkpoint.golden);
}

function place(folder: string, files: Files): string {
  mkdirSync(folder, { recursive: true });
  const hasTokenizer = 'tokenizer.model' in files || 'tokenizer.json' in files;
  const all: Files = hasTokenizer
    ? files
    : { ...files, 'tokenizer.model': 'checkpoints/tiny-paligemma1/tokenizer.model' };
  for (const [name, file] of Object.entries(all)) {
    copyFileSync(path.join(FIXTURES, file), path.join(folder, name));
  }
  return folder;
}

/** Version of transformers -> published size and resolution, as `2-3b-448` -> config.json. */
export function publishedConfigs(): Map<string, Readonly<Record<string, object>>> {
  const files = readdirSync(path.join(SAVED_BY, 'configs')).sort();
  return new Map(
    files.map((file) => [path.basename(file, '.json'), readJson('saved-by', 'configs', file)]),
  );
}

const RESULTS = {
  adapter: 'refused: an adapter is merged into its base first',
  pickle: 'refused: a pickle can run code',
  incomplete: 'refused: names the missing shard',
} as const;

function resultOf({ expected }: SavedCheckpoint): string {
  const { refuses, head, added } = expected;
  if (refuses) return RESULTS[refuses];
  if (head) return 'read, the head as `output.weight`';
  return added ? 'read, the tokens kept' : 'read';
}

/** Every fixture as a row of docs/conversion.md, those alike but for their version in one. */
export function savedTable(): string {
  const rows = new Map<string, { cells: string[]; versions: Set<string> }>();
  for (const checkpoint of SAVED_CHECKPOINTS) {
    const { tool, version, beside, real, how, layout } = checkpoint;
    const names = layout.endsWith('.')
      ? layout
          .split(' ')
          .map((prefix) => `\`${prefix.replace(/(layers|encoder)\.$/, '')}…\``)
          .join(' ')
      : layout;
    const done = how.replaceAll('<', '&lt;');
    const cells = [`${tool}${real ? '' : ' †'}`, done, names, resultOf(checkpoint)];
    const key = cells.join();
    const row = rows.get(key) ?? { cells, versions: new Set() };
    row.versions.add(beside === undefined ? version : `${version}, ${beside}`);
    rows.set(key, row);
  }
  const table = [...rows.values()].map(({ cells: [tool, how, names, result], versions }) => [
    `${tool} ${[...versions].join(', ')}`,
    how,
    names,
    result,
  ]);
  table.sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));
  return [['Saved by', 'How', 'Names or files', 'Result'], ['---', '---', '---', '---'], ...table]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}
