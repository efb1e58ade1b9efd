/**
 * What Python does with texts and numbers where JavaScript does something else: the metrics of other tools are defined by
 * it. https://docs.python.org/3/library/stdtypes.html
 */

/** What `str.isspace` is true for. JavaScript's trim takes U+FEFF too, and none of U+001C to U+001F and U+0085. */
export const SPACE =
  '\\t\\n\\v\\f\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const LEADING = new RegExp(`^[${SPACE}]+`);
const TRAILING = new RegExp(`[${SPACE}]+$`);
const SPACES = new RegExp(`[${SPACE}]+`);
const RUNS = new RegExp(`[${SPACE}]{2,}`, 'g');

/** `text.strip()` */
export function strip(text: string): string {
  return text.replace(LEADING, '').replace(TRAILING, '');
}

/** `text.rstrip()` */
export const stripEnd = (text: string): string => text.replace(TRAILING, '');

/** `text.split()` */
export function split(text: string): string[] {
  const stripped = strip(text);
  return stripped === '' ? [] : stripped.split(SPACES);
}

/** `re.sub(r'\\s\\s+', ' ', text)`: one space for two or more of any kind; one of another kind stays. */
export function joinSpaces(text: string): string {
  return text.replace(RUNS, ' ');
}

/** Code points: what `len` counts and an edit changes. JavaScript's own lengths count an emoji as two. */
export function codePoints(text: string): Uint32Array {
  const points = new Uint32Array(text.length);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number;
    if (point > 0xffff) i++;
    points[count++] = point;
  }
  return points.subarray(0, count);
}

/** What `float` takes for space: of ASCII less than `strip` does. */
const WIDE_SPACES = /[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g;

const DIGITS = '\\d+(?:_\\d+)*';
const NUMBER = new RegExp(
  `^[+-]?(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`,
  'i',
);

const INTEGER = new RegExp(`^[+-]?${DIGITS}$`);

/** `int(text)`; undefined where it raises ValueError. */
export function integer(text: string): bigint | undefined {
  const plain = inAscii(text);
  if (!INTEGER.test(plain)) return undefined;
  const digits = BigInt(plain.replace(/[+_-]/g, ''));
  return plain.startsWith('-') ? -digits : digits;
}

/** Without the space around a number, and with the digits of ASCII. */
function inAscii(text: string): string {
  return text
    .replace(WIDE_SPACES, ' ')
    .replace(/^[\t-\r ]+|[\t-\r ]+$/g, '')
    .replace(/\p{Nd}/gu, (digit) => String(digitOf(digit)));
}

/** `float(text)`; undefined where it raises ValueError. Digits may be those of any script, with _ between them. */
export function float(text: string): number | undefined {
  const plain = inAscii(text);
  const word = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(plain);
  if (word) return word[2] === undefined ? Number.NaN : word[1] === '-' ? -Infinity : Infinity;
  return NUMBER.test(plain) ? Number(plain.replaceAll('_', '')) : undefined;
}

/** Decimal digits of all scripts come in runs of ten from 0 to 9, some runs one after the other. */
function digitOf(digit: string): number {
  const point = digit.codePointAt(0) as number;
  let first = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (point - first) % 10;
}

/** `str(json.loads(text))` of a number: whole ones, without `.` and `e`, have as many digits as they are written with. */
export function jsonNumber(text: string): string {
  return /^-?\d+$/.test(text) ? text.replace(/^-0$/, '0') : floatText(Number(text));
}

/** `repr(value)` of a float: the fewest digits that are read back as it; with an exponent below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value).toLowerCase().replace('infinity', 'inf');
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const plain = Object.is(value, -0) ? '-0' : String(value);
  // JavaScript has an exponent below 1e-6 alone.
  return plain.includes('.') ? plain : `${plain}.0`;
}
