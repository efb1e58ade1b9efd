/** Texts in requests for decisions, and how many there may be of what. */
import { badField } from '../openai/errors.js';

export type Fields = Readonly<Record<string, unknown>>;

/** At least and at most, as OpenAI's API has them. */
export const LIMITS = {
  questions: [1, 400],
  choices: [2, 255],
  levels: [2, 10],
} as const;

/** Throws ERR_REQUEST_FORMAT. */
export function checkCount(
  at: string,
  count: number,
  [min, max]: readonly [min: number, max: number],
): void {
  if (count < min || count > max) throw badField(at, `a list of ${count}`, `${min} to ${max}`);
}

/** More texts are not searched: a body that has nothing else would take the event loop seconds. */
const MOST_CHARACTERS = 512 * 1024;

/** Of all that a field holds, as JSON. Throws ERR_REQUEST_FORMAT. */
export function checkSize(at: string, content: unknown): void {
  const { length } = JSON.stringify(content) ?? '';
  if (length <= MOST_CHARACTERS) return;
  throw badField(at, `${length} characters`, `at most ${MOST_CHARACTERS}`);
}

/** Names that a client makes up: failures repeat them. */
export function checkNames(at: string, names: readonly string[]): void {
  const longest = Math.max(0, ...names.map(({ length }) => length));
  if (longest > 256) throw badField(at, `with a name of ${longest} characters`, 'at most 256');
}

/** A prompt is one line, whatever the lines of a text are. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A text that must be there. */
export function fieldText(text: string, at: string): string {
  const line = oneLine(text);
  if (line === '') throw badField(at, 'empty', 'a text');
  return line;
}

/** A text that may be missing, or null. */
export function optionalText(given: unknown, at: string): string | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given === 'string') return oneLine(given);
  throw badField(at, 'no text', 'a text');
}

/** The type of a question. */
export function typeOf<T extends string>(given: unknown, at: string, types: readonly T[]): T {
  const type = types.find((one) => one === given);
  if (type !== undefined) return type;
  throw badField(`${at}.type`, 'something else', types.map((one) => `"${one}"`).join(', '));
}
