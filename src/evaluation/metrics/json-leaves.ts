/**
 * F1 of the values in a document of JSON, as roboflow/vlm-exam scores structured answers: each value that is no object and
 * no array, and each empty one, is a leaf at its path; a leaf is right where path, type and value are.
 */
import { isJson, tokensOf } from '../../datasets/json-text.js';
import { makeError } from '../../errors.js';
import { best, type TextMetric, textMean } from './metric.js';
import { SPACE, strip } from './python.js';

/** By path, a text that is equal for equal values: its type and its value. */
type Leaves = ReadonlyMap<string, string>;

interface Document {
  readonly root: '{' | '[';
  readonly leaves: Leaves;
}

const FENCE = new RegExp(`^\`\`\`(?:json)?[${SPACE}]*\\n([^]*)\\n\`\`\`$`, 'iu');
/** Nesting beyond which the tool has no score either: Python's limit of 1,000 calls. */
const DEEPEST = 400;
/** Digits of a whole number, which Python does not read beyond. */
const MOST_DIGITS = 4300;

/** NFC, line feeds alone, no white space at the ends. */
const plain = (text: string): string => strip(text.replace(/\r\n?/g, '\n').normalize('NFC'));

/** 0 where the answer is no JSON, or an object where the truth is an array. Throws where the truth is no JSON. */
function leafF1(answer: string, truth: string): number {
  const expected = read(plain(truth));
  if (expected === undefined) {
    throw makeError(
      'ERR_DATASET',
      'a truth is no JSON object or array; json-f1 needs one, with each key once and finite numbers',
      { found: truth.slice(0, 80), expected: 'a JSON object or array' },
    );
  }
  const cleaned = plain(answer);
  const given = read(FENCE.exec(cleaned)?.[1] ?? cleaned);
  if (given === undefined || given.root !== expected.root) return 0;
  let matched = 0;
  for (const [path, leaf] of expected.leaves) if (given.leaves.get(path) === leaf) matched++;
  return (2 * matched) / (expected.leaves.size + given.leaves.size);
}

/** An object or array whose members are being read. */
interface Open {
  readonly path: string;
  /** Of an object; an array has none. */
  readonly keys: Set<string> | undefined;
  count: number;
}

/** undefined where it is no JSON, has a key twice or a number that is not finite, or is a single value. */
function read(text: string): Document | undefined {
  const root = /^[ \t\n\r]*([{[])/.exec(text)?.[1] as Document['root'] | undefined;
  if (root === undefined || !isJson(text)) return undefined;
  const leaves = new Map<string, string>();
  const open: Open[] = [];
  let path = '';
  let key: string | undefined;
  for (const [token] of tokensOf(text)) {
    const inside = open.at(-1);
    if (token === ':' || token === ',') continue;
    if (token === '}' || token === ']') {
      if (inside?.count === 0) leaves.set(inside.path, inside.keys ? '{}' : '[]');
      open.pop();
      continue;
    }
    if (inside?.keys && key === undefined) {
      key = JSON.parse(token) as string;
      if (inside.keys.has(key)) return undefined;
      inside.keys.add(key);
      continue;
    }
    if (inside) path = `${inside.path}/${key === undefined ? inside.count : JSON.stringify(key)}`;
    if (inside) inside.count++;
    key = undefined;
    if (token === '{' || token === '[') {
      if (open.length === DEEPEST) return undefined;
      open.push({ path, keys: token === '{' ? new Set() : undefined, count: 0 });
      continue;
    }
    const leaf = leafOf(token);
    if (leaf === undefined) return undefined;
    leaves.set(path, leaf);
  }
  return { root, leaves };
}

/** 1, 1.0 and "1" are three values, for Python has three types; 1.0 and 1e0 are one. */
function leafOf(token: string): string | undefined {
  if (token.startsWith('"')) return `"${plain(JSON.parse(token) as string)}`;
  if (!/^[-\d]/.test(token)) return token;
  if (/^-?\d+$/.test(token)) {
    return token.replace('-', '').length > MOST_DIGITS ? undefined : token.replace(/^-0$/, '0');
  }
  const value = Number(token);
  return Number.isFinite(value) ? `float ${value === 0 ? 0 : value}` : undefined;
}

export const JSON_METRICS: readonly TextMetric[] = [
  textMean(
    {
      id: 'json-f1@vlm-exam',
      title: 'F1 of JSON values',
      formula:
        '2 · right values / (values of truth and answer), of equal path, type and value; mean of rows',
      source: 'roboflow/vlm-exam, text_scoring.py, field_score',
    },
    best(leafF1),
  ),
];
