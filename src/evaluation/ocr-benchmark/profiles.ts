/** What of a text counts: white space, case, the forms of characters. */
import type { Profile } from '../../options/ocr-benchmark.js';
import { SPACE, strip } from '../metrics/python.js';

const RUNS = new RegExp(`[${SPACE}]+`, 'g');

/** Typographic marks and what is typed for them. */
const ASCII: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '‚': "'",
  '′': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '″': '"',
  '‐': '-',
  '‑': '-',
  '‒': '-',
  '–': '-',
  '—': '-',
  '−': '-',
  '…': '...',
};
const MARKS = new RegExp(`[${Object.keys(ASCII).join('')}]`, 'g');

const PROFILES: Readonly<Record<Profile, (text: string) => string>> = {
  // An assumption: what the benchmark of that year did to texts is not published.
  'roboflow-2024': strip,
  // The end of the line belongs to the program that prints it.
  strict: (text) => text.replace(/\r?\n$/, ''),
  loose: (text) =>
    strip(text.normalize('NFC').replace(RUNS, ' '))
      .replace(MARKS, (mark) => ASCII[mark] ?? mark)
      .toLowerCase(),
};

export const normalised = (profile: Profile, text: string): string => PROFILES[profile](text);
