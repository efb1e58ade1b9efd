/** Times of day out of short answers. Dates are in date.ts; durations are not read. */
import { type Found, LONGEST_ANSWER, onlyOne } from './field.js';

const HALF = String.raw`(?<half>[ap])\.?\s?m\b\.?`;
const FORMS: readonly RegExp[] = [
  new RegExp(
    String.raw`(?<![\p{N}:.])(?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2}))?(?![\p{N}:]|\.[0-9]{1,2}(?![0-9]))(?:\s?${HALF})?`,
    'giu',
  ),
  // 9 am, 9.30 pm
  new RegExp(
    String.raw`(?<![\p{N}:.])(?<hour>[0-9]{1,2})(?:\.(?<minute>[0-9]{2}))?\s?${HALF}`,
    'giu',
  ),
  // 21h30, 21 h, 9h05
  /(?<![\p{N}:.])(?<hour>[0-9]{1,2})\s?h(?:\s?(?<minute>[0-9]{2}))?(?![\p{L}\p{N}])/giu,
  // 21.30 Uhr, 9 uur
  /(?<![\p{N}:.])(?<hour>[0-9]{1,2})(?:[.:](?<minute>[0-9]{2}))?\s?(?:uhr|uur|o['’]clock)(?![\p{L}\p{N}])/giu,
];

/**
 * The one time of `text` as `HH:MM`, or `HH:MM:SS` if it has seconds: 12:30, 9:05 pm, 9 am, 21h30, 21.30 Uhr. Without
 * am or pm, hours count from 0 to 23. null when there is none, two differ, or it is not on the clock (24:10, 13 pm).
 */
export function parseTime(text: string): Found<string> | null {
  if (text.length > LONGEST_ANSWER) return null;
  const found: Found<string>[] = [];
  const taken: [number, number][] = [];
  for (const form of FORMS) {
    for (const match of text.matchAll(form)) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (taken.some(([from, to]) => start < to && from < end)) continue;
      taken.push([start, end]);
      const value = clock(match.groups ?? {});
      if (value === null) return null;
      found.push({ value, text: match[0].trim() });
    }
  }
  return onlyOne(found, String);
}

function clock(groups: Readonly<Record<string, string | undefined>>): string | null {
  const { hour = '', minute = '0', second, half } = groups;
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return null;
    hours = (hours % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  }
  if (hours > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) return null;
  const parts = [String(hours), minute, ...(second === undefined ? [] : [second])];
  return parts.map((part) => part.padStart(2, '0')).join(':');
}
