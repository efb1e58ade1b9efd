/** The version of this package, for what it writes and answers. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export function packageVersion(): string {
  // Beside lib as beside src.
  const text = readFileSync(path.join(__dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
