/** The text of JSON, which says more than the values that JSON.parse makes of it: 12.0, 20 digits, a key that is there twice. */

/** Of a text that JSON.parse takes: strings, marks, numbers and words. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

export function tokensOf(text: string): IterableIterator<RegExpExecArray> {
  return text.matchAll(TOKENS);
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What `text`, an object of JSON, has as `name`, as it is written; the last one of several, as in JSON.parse. */
export function memberText(text: string, name: string): string | undefined {
  let [depth, key, start] = [0, undefined as string | undefined, 0];
  let member: string | undefined;
  for (const { 0: token, index } of tokensOf(text)) {
    if (depth === 1 && (token === ',' || token === '}')) {
      if (key === name) member = text.slice(start, index).trim();
      key = undefined;
    }
    if (depth === 1 && key === undefined && token.startsWith('"'))
      key = JSON.parse(token) as string;
    else if (depth === 1 && token === ':') start = index + 1;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
  }
  return member;
}

/** A text of JSON with a line for each value, for people; another text as it is. */
export function indentedJson(text: string): string {
  if (!isJson(text)) return text;
  let [out, depth, last] = ['', 0, ''];
  for (const [token] of tokensOf(text)) {
    const isEnd = token === '}' || token === ']';
    if (isEnd) depth--;
    const isInner = last === ',' || last === '{' || last === '[';
    const isEmpty = isEnd && (last === '{' || last === '[');
    if ((isInner || isEnd) && !isEmpty) out += `\n${'  '.repeat(depth)}`;
    out += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth++;
    last = token;
  }
  return out;
}
