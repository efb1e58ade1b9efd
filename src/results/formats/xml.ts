/**
 * As much XML as annotation files hold: elements, text, CDATA, character references; attributes are skipped. No document
 * type: entities that a file defines itself are an attack more often than a use.
 */
import { makeError } from '../../errors.js';

export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Text directly in it, unchanged. */
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

// What XML 1.0 (section 2.2) leaves out, references to them included.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

/** @throws `ERR_OPTION_RANGE` for control characters, lone surrogates and the like */
export function escapeXml(text: string, name: string): string {
  const bad = FORBIDDEN.exec(text);
  if (bad) {
    const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    throw makeError('ERR_OPTION_RANGE', `${name} holds U+${code}, which XML cannot write`, {
      name,
      found: `U+${code}`,
      expected: 'characters of XML 1.0',
    });
  }
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;'); // a reader would make a line feed of it
}

const MARKUP =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s<>/!?]+)((?:\s(?:[^<>"']|"[^"]*"|'[^']*')*?)?)(\/?)>/y;

interface OpenElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

/** The root element. @throws `ERR_OPTION_RANGE` that names the place in the text */
export function parseXml(xml: string): XmlElement {
  const source = xml.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const outside: OpenElement = { name: '', children: [], text: '' };
  const open: OpenElement[] = [outside];
  for (let at = 0; at < source.length; ) {
    const inner = open.at(-1) as OpenElement;
    if (source[at] !== '<') {
      const end = source.indexOf('<', at);
      const text = source.slice(at, end === -1 ? undefined : end);
      if (inner === outside && text.trim() !== '') throw bad('text outside the root', at);
      inner.text += resolveReferences(text, at);
      at += text.length;
      continue;
    }
    MARKUP.lastIndex = at;
    const match = MARKUP.exec(source);
    if (!match) throw bad(JSON.stringify(source.slice(at, at + 20)), at);
    const [all, cdata, slash, name, , selfClosing] = match;
    if (cdata !== undefined) {
      if (inner === outside) throw bad('text outside the root', at);
      inner.text += cdata;
    } else if (name !== undefined && slash) {
      if (inner === outside || inner.name !== name) throw bad(all, at);
      open.pop();
    } else if (name !== undefined) {
      if (inner === outside && outside.children.length > 0) throw bad('a second root', at);
      const element: OpenElement = { name, children: [], text: '' };
      inner.children.push(element);
      if (!selfClosing) open.push(element);
    }
    at += all.length;
  }
  const [root] = outside.children;
  if (!root || open.length > 1) throw bad('the end', source.length);
  return root;
}

/** The first child with that name. @throws `ERR_OPTION_RANGE` when there is none */
export function child(element: XmlElement, name: string): XmlElement {
  const found = element.children.find((each) => each.name === name);
  if (found) return found;
  throw makeError('ERR_OPTION_RANGE', `<${element.name}> has no <${name}>`, {
    name,
    found: `<${element.name}> without it`,
    expected: `<${name}> in <${element.name}>`,
  });
}

function resolveReferences(text: string, at: number): string {
  return text.replace(/&([^;&\s]*);?/g, (all, name: string, offset: number) => {
    const hex = /^#x([\da-f]{1,6})$/i.exec(name)?.[1];
    const digits = /^#(\d{1,7})$/.exec(name)?.[1];
    const code = hex ? Number.parseInt(hex, 16) : digits ? Number(digits) : undefined;
    const value =
      code === undefined
        ? Object.hasOwn(ENTITIES, name)
          ? ENTITIES[name]
          : undefined
        : code <= 0x10ffff
          ? String.fromCodePoint(code)
          : undefined;
    if (value === undefined || !all.endsWith(';')) throw bad(all, at + offset);
    return value;
  });
}

function bad(found: string, at: number): Error {
  return makeError('ERR_OPTION_RANGE', `not XML that is understood: ${found} at character ${at}`, {
    name: 'xml',
    found: `${found} at character ${at}`,
    expected: 'elements and text, without a document type',
  });
}
