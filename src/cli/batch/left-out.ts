/** Files that a folder or a pattern holds and that are not taken for pictures, so that a run says what it did not do. */
import path from 'node:path';
import { oneLine } from '../../options/show.js';

/** Files of one extension; `without extension` is one, too. */
export interface LeftOutKind {
  readonly kind: string;
  readonly files: readonly string[];
}

/** Names of each kind that are listed; the rest is counted. */
const NAMED = 5;

export class LeftOut {
  readonly #files = new Set<string>();
  readonly #except: ReadonlySet<string>;

  /** `except`: files of the run itself, such as that of --output. */
  constructor(except: readonly string[] = []) {
    this.#except = new Set(except.map((file) => path.resolve(file)));
  }

  /** A file that is found twice counts once. */
  add(file: string): void {
    if (!this.#except.has(path.resolve(file))) this.#files.add(file);
  }

  /** Before a folder is looked at again: what was there for a moment only is not reported. */
  clear(): void {
    this.#files.clear();
  }

  get size(): number {
    return this.#files.size;
  }

  kinds(): readonly LeftOutKind[] {
    const kinds = new Map<string, string[]>();
    for (const file of this.#files) {
      const kind = path.extname(file).toLowerCase() || 'without extension';
      const files = kinds.get(kind);
      if (files) files.push(file);
      else kinds.set(kind, [file]);
    }
    return [...kinds].map(([kind, files]) => ({ kind, files }));
  }

  /** `left out 3 files: 2 .heic (a.heic, b.heic), 1 .pdf (scan.pdf)`. */
  text(): string {
    const kinds = this.kinds().map(({ kind, files }) => {
      const names = files.slice(0, NAMED).map((file) => oneLine(path.basename(file)));
      if (files.length > NAMED) names.push(`${files.length - NAMED} more`);
      return `${files.length} ${oneLine(kind)} (${names.join(', ')})`;
    });
    return `left out ${this.size} ${this.size === 1 ? 'file' : 'files'}: ${kinds.join(', ')}`;
  }
}
