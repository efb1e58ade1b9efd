/** What reading a picture costs. No price is known by itself: they change, so each is stated by the user, with its date. */
import { makeError } from '../../errors.js';
import { showValue } from '../../options/show.js';
import type { ReadingRow } from './rows.js';

export type Price =
  | { readonly kind: 'machine'; readonly usdPerHour: number }
  | {
      readonly kind: 'tokens';
      readonly system: string;
      readonly date: string;
      readonly input: number;
      readonly output: number;
    }
  | { readonly kind: 'call'; readonly system: string; readonly date: string; readonly usd: number };

const NUMBER = '(\\d+(?:\\.\\d+)?)';
const DATE = '@(\\d{4}-\\d{2}-\\d{2})';
const MACHINE = new RegExp(`^machine=${NUMBER}/h$`);
const TOKENS = new RegExp(`^(.+)=${NUMBER},${NUMBER}/Mtok${DATE}$`);
const CALL = new RegExp(`^(.+)=${NUMBER}/call${DATE}$`);

/** Where the day begins first it is so much later than in the time that days are written in. */
const AHEAD_MS = 14 * 3_600_000;

/** No 31st of February, which would be taken for one of March. */
function isDay(date: string): boolean {
  const time = Date.parse(date);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

/** Throws ERR_OPTION_RANGE. */
export function parsePrice(text: string): Price {
  const machine = MACHINE.exec(text);
  if (machine) return { kind: 'machine', usdPerHour: Number(machine[1]) };
  const tokens = TOKENS.exec(text);
  const call = CALL.exec(text);
  const date = tokens?.[4] ?? call?.[3] ?? '';
  if ((!tokens && !call) || !isDay(date)) {
    const expected =
      'machine=0.40/h, MODEL=2.50,10/Mtok@2026-11-01 or MODEL=0.0015/call@2026-11-01';
    throw wrong(showValue(text), expected);
  }
  if (Date.parse(date) > Date.now() + AHEAD_MS) {
    throw wrong(
      `${showValue(text)}, of a day to come`,
      'a price that was looked up, with that day',
    );
  }
  if (tokens) {
    const [, system = '', input, output] = tokens;
    return { kind: 'tokens', system, date, input: Number(input), output: Number(output) };
  }
  return { kind: 'call', system: call?.[1] ?? '', date, usd: Number(call?.[2]) };
}

/** Throws ERR_OPTION_RANGE, also for two prices of the same. */
export function parsePrices(texts: readonly string[]): Price[] {
  const prices = texts.map(parsePrice);
  const seen = new Set<string>();
  for (const price of prices) {
    const name = price.kind === 'machine' ? 'machine' : price.system;
    const key = JSON.stringify([price.kind === 'machine', name]);
    if (seen.has(key)) throw wrong(`two prices of ${showValue(name)}`, 'one price of each');
    seen.add(key);
  }
  return prices;
}

/** Throws ERR_OPTION_RANGE for the price of a system that is none of `names`: a name that is mistyped would be no price at all. */
export function checkPriced(prices: readonly Price[], names: readonly string[]): void {
  const known = new Set(names);
  for (const price of prices) {
    if (price.kind === 'machine') continue;
    // The second of the same name and version.
    if (known.has(price.system.replace(/ \(\d+\)$/, '')) || known.has(price.system)) continue;
    throw wrong(
      `the price of ${showValue(price.system)}`,
      `one of ${[...known].join(', ')}, or machine`,
    );
  }
}

function wrong(found: string, expected: string): Error {
  return makeError('ERR_OPTION_RANGE', `option price is ${found}, expected ${expected}`, {
    ...{ name: 'price', found, expected },
  });
}

/** `this machine 0.1 USD an hour`, `gpt 0.002 USD a call (2026-11-01)` */
export function priceText(price: Price): string {
  switch (price.kind) {
    case 'machine':
      return `this machine ${price.usdPerHour} USD an hour`;
    case 'call':
      return `${price.system} ${price.usd} USD a call (${price.date})`;
    case 'tokens':
      return `${price.system} ${price.input} USD a million tokens in, ${price.output} out (${price.date})`;
  }
}

/** USD of one reading, of which `seconds` is known; undefined where no price is stated for it. */
export function usdOf(
  row: ReadingRow,
  seconds: number,
  prices: readonly Price[],
): number | undefined {
  if (row.usd !== undefined) return row.usd;
  const own = prices.find((price) => price.kind !== 'machine' && price.system === row.system);
  if (own?.kind === 'call') return own.usd;
  if (own?.kind === 'tokens') {
    if (row.tokens === undefined) return undefined;
    return (row.tokens.input * own.input + row.tokens.output * own.output) / 1e6;
  }
  // What answers over a network has its tokens counted, and does not run on this machine.
  const machine = prices.find((price) => price.kind === 'machine');
  return machine && row.tokens === undefined && row.threads !== undefined
    ? (seconds / 3600) * machine.usdPerHour
    : undefined;
}
