/** Figures of other tools, in test/fixtures/metrics. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FIXTURES } from './models.js';

export function golden<T>(name: string): T {
  const file = path.join(FIXTURES, 'metrics', `${name}.json.gz`);
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as T;
}
