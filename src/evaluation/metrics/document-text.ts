/** Documents as Python reads them from JSON. */
import { isJson, tokensOf } from '../../datasets/json-text.js';
import { jsonNumber } from './python.js';

type Open = unknown[] | Record<string, unknown>;

/**
 * A text of JSON as objects, lists and values, with numbers as the text that Python has for them: "12.0", "1e-05", and whole
 * ones with all their digits. A text that is no JSON is itself the value.
 */
export function readDocument(text: string): unknown {
  if (!isJson(text)) return text;
  const open: Open[] = [];
  let key: string | undefined;
  let root: unknown;
  for (const [token] of tokensOf(text)) {
    const inside = open.at(-1);
    if (token === ':' || token === ',') continue;
    if (token === '}' || token === ']') {
      open.pop();
      continue;
    }
    const isObject = inside !== undefined && !Array.isArray(inside);
    if (isObject && key === undefined) {
      key = JSON.parse(token) as string;
      continue;
    }
    const value = leafOf(token);
    if (inside === undefined) root = value;
    else if (Array.isArray(inside)) inside.push(value);
    else inside[key as string] = value;
    key = undefined;
    if (token === '{' || token === '[') open.push(value as Open);
  }
  return root;
}

function leafOf(token: string): unknown {
  if (token === '[') return [];
  // Without a prototype, as a key may be called __proto__.
  if (token === '{') return Object.create(null);
  return /^[-\d]/.test(token) ? jsonNumber(token) : JSON.parse(token);
}
