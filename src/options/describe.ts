/** Options in words: for editors and for the tables of the documentation. */
import { type Declaration, type Declarations, expectation, REQUIRED } from './option.js';

/** What an editor shows of an option: its text, range with unit, default. */
export function description(declaration: Declaration): string {
  const sentences = [capitalized(declaration.doc), rangeSentence(declaration)];
  const { default: value } = declaration;
  if (value === REQUIRED) sentences.push('Required');
  else if (value !== undefined && value !== null) sentences.push(`Default ${shown(value)}`);
  return sentences.flatMap((one) => (one === undefined ? [] : [`${one}.`])).join(' ');
}

/** As a sentence begins. A name in code, such as vae-oid.npz or `hf:…`, stays as it is written. */
function capitalized(doc: string): string {
  const [first = ''] = doc.split(/[\s;,]/, 1);
  return /^[a-z]+(-[a-z]+)*$/.test(first) ? doc.charAt(0).toUpperCase() + doc.slice(1) : doc;
}

function rangeSentence(declaration: Declaration): string | undefined {
  switch (declaration.kind) {
    case 'integer':
    case 'number': {
      const { kind, min, max, aboveMin, unit = '' } = declaration;
      const from = aboveMin ? `above ${min}, up to` : `${shown(min)} to`;
      const noun = kind === 'integer' ? 'Integer' : 'Number';
      return `${noun}, ${from} ${shown(max)} ${unit}`.trimEnd();
    }
    case 'string':
    case 'path': {
      const examples = 'examples' in declaration ? declaration.examples : undefined;
      return examples && `Such as ${examples.map((one) => `\`${one}\``).join(', ')}`;
    }
    default:
      // The type says it.
      return undefined;
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `\`${value}\``;
  return typeof value === 'number'
    ? value.toLocaleString('en-US', { maximumFractionDigits: 20 })
    : String(value);
}

/** A markdown table of the options, for the README and docs/. */
export function optionTable(declarations: Declarations): string {
  const rows = Object.entries(declarations).map(([name, declaration]) => [
    `\`${name}\``,
    rangeCell(declaration),
    defaultCell(declaration),
    declaration.doc,
  ]);
  return [['Option', 'Values', 'Default', 'Meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
    .join('');
}

function defaultCell({ default: value }: Declaration): string {
  if (value === REQUIRED) return 'required';
  return value === undefined ? '–' : `\`${JSON.stringify(value)}\``;
}

function rangeCell(declaration: Declaration): string {
  if (declaration.kind === 'string' && declaration.examples) {
    return `${declaration.examples.map((e) => `\`"${e}"\``).join(', ')}, …`;
  }
  if (declaration.kind === 'enum') return declaration.values.map((v) => `\`"${v}"\``).join(', ');
  return expectation(declaration).replace(/^an? (?=integer|number)/, '');
}
