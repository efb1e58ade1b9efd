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

/** Throws ERR_OPTION_RANGE. */
export function parsePrice(text: string): Price {
  const machine = MACHINE.exec(text);
  if (machine) return { kind: 'machine', usdPerHour: Number(machine[1]) };
  const tokens = TOKENS.exec(text);
  const call = CALL.exec(text);
  const date = tokens?.[4] ?? call?.[3] ?? '';
  if ((!tokens && !call) || Number.isNaN(Date.parse(date))) {
    const expected =
      'machine=0.40/h, MODEL=2.50,10/Mtok@2026-11-01 or MODEL=0.0015/call@2026-11-01';
    throw makeError(
      'ERR_OPTION_RANGE',
      `option price is ${showValue(text)}, expected ${expected}`,
      {
        ...{ name: 'price', found: showValue(text), expected },
      },
    );
  }
  if (tokens) {
    const [, system = '', input, output] = tokens;
    return { kind: 'tokens', system, date, input: Number(input), output: Number(output) };
  }
  return { kind: 'call', system: call?.[1] ?? '', date, usd: Number(call?.[2]) };
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
