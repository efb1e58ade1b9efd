/** What a report says in words: which system reads most, what was paid, and by which rules. */
import { type Bounds, REASONS } from '../statistics/estimate.js';
import { failuresText } from './failures.js';
import { priceText } from './prices.js';
import type { BenchmarkSummary, SystemFigures } from './summary.js';

/** Prices are those of their date; older ones are no longer to be trusted. */
const PRICE_DAYS = 180;
/** Load average of a machine on which something else computes. */
const BUSY = 0.5;

export const number = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

/** `0.93 (0.85–0.98)`; without an interval the figure alone. */
export function shown(bounds: Bounds | null | undefined): string {
  if (!bounds) return 'no price';
  const { figure, low, high } = bounds;
  if (figure === null) return 'none';
  return low === null || high === null
    ? number(figure)
    : `${number(figure)} (${number(low)}–${number(high)})`;
}

/** `1 crop`, `2 crops`. */
export const counted = (count: number, one: string): string =>
  `${count} ${count === 1 ? one : `${one}s`}`;

/** `systems`: the best first. */
export function verdictOf(
  { crops, domains }: BenchmarkSummary,
  systems: readonly SystemFigures[],
): string {
  const [best, ...others] = systems;
  const asked = `${counted(crops.scored, 'crop')} in ${counted(domains.length, 'domain')}`;
  if (best === undefined) return `No system has read anything of ${asked}.`;
  const accuracy = best.accuracies['levenshtein'];
  if (!accuracy?.figure) {
    const why = systems.every(({ failed, rows }) => failed === rows)
      ? 'every reading failed'
      : 'no answer has a character right';
    const who = others.length === 0 ? best.name : `None of ${systems.length} systems`;
    const verb = others.length === 0 ? 'has read nothing' : 'has read anything';
    return `${who} ${verb} of ${asked}: ${why}.`;
  }
  const alone = `${best.name} reads ${shown(accuracy)} of ${asked}. No other system was asked, so it is compared with none.`;
  return others.length === 0
    ? alone
    : `Of ${asked}, ${best.name} reads most: ${shown(accuracy)}; ${comparedWith(others)}.`;
}

function comparedWith(others: readonly SystemFigures[]): string {
  const named = (list: readonly SystemFigures[]): string => list.map(({ name }) => name).join(', ');
  const equal = others.filter(({ againstBest }) => againstBest === 'not shown');
  const unknown = others.filter(({ againstBest }) => againstBest === undefined);
  const worse = others.length - equal.length - unknown.length;
  const subject =
    worse < others.length
      ? `${worse} of the others ${worse === 1 ? 'is' : 'are'}`
      : worse === 1
        ? 'the other one is'
        : 'all others are';
  return [
    ...(worse > 0 ? [`${subject} shown to be worse`] : []),
    ...(equal.length > 0 ? [`not shown to differ from it: ${named(equal)}`] : []),
    ...(unknown.length > 0 ? [`not compared, as they read other crops: ${named(unknown)}`] : []),
  ].join('; ');
}

/** `prices: this machine 0.1 USD an hour`; empty where nothing has a price. */
export function priceLine({ prices, systems }: BenchmarkSummary): string {
  const own = systems.filter(({ statesPrice }) => statesPrice).map(({ name }) => name);
  const all = [
    ...prices.map(priceText),
    ...(own.length > 0 ? [`what they state themselves: ${own.join(', ')}`] : []),
  ];
  return all.length === 0 ? '' : `${all.length === 1 ? 'price' : 'prices'}: ${all.join('; ')}`;
}

/** What the figures are of: `20 crops in 2 domains, the time of 8; price: this machine 0.1 USD an hour` */
export function footOf(summary: BenchmarkSummary): string {
  const { crops, domains } = summary;
  const prices = priceLine(summary);
  return `${counted(crops.scored, 'crop')} in ${counted(domains.length, 'domain')}, the time of ${crops.timed}${prices && `; ${prices}`}`;
}

/** Why readings failed, a line for each system of which some did. */
export const notesOn = ({ systems }: BenchmarkSummary): string[] =>
  systems.flatMap(({ name, failed, rows, failures }) =>
    failed === 0 ? [] : `note: ${name}: ${failuresText(failed, rows, failures)}`,
  );

export function priceTexts({ prices, systems }: BenchmarkSummary): string[] {
  const own = systems.filter(({ statesPrice }) => statesPrice).map(({ name }) => name);
  if (prices.length === 0 && own.length === 0) {
    return ['No price was given, so that no cost is known.'];
  }
  const stated = prices.map((price) => {
    if (price.kind === 'machine') {
      return `This machine costs ${price.usdPerHour} USD an hour, as it was stated for this run: seconds / 3600 x that price.`;
    }
    const days = (Date.now() - Date.parse(price.date)) / 86_400_000;
    const age =
      days > PRICE_DAYS ? `, which is ${Math.floor(days)} days ago: look it up again` : '';
    const what =
      price.kind === 'call'
        ? `${price.usd} USD a call`
        : `${price.input} USD a million tokens in, ${price.output} USD out`;
    return `${price.system}: ${what}, on ${price.date}${age}.`;
  });
  return own.length === 0
    ? stated
    : [...stated, `What a reading costs, these state themselves: ${own.join(', ')}.`];
}

export function flaggedTexts({ flagged, systems }: BenchmarkSummary): string[] {
  if (systems.length < 3) return ['Of fewer than three systems no crop is remarkable.'];
  const list = (ids: readonly string[]): string => (ids.length === 0 ? 'none' : ids.join(', '));
  return [
    `Read by no system, less than half right: ${list(flagged.unread)}.`,
    `Read equally well by all, which separates none: ${list(flagged.alike)}.`,
    `Read better by the worse half of the systems, so that the truth should be looked at: ${list(flagged.odd)}.`,
  ];
}

export function rulesOf(summary: BenchmarkSummary): string[] {
  const { crops, profile, threads, machine, loadAtStart, systems } = summary;
  const reasons = new Set(
    systems.flatMap((one) =>
      [...Object.values(one.accuracies), one.medianSeconds].flatMap(({ reason }) => reason ?? []),
    ),
  );
  return [
    `Machine: ${machine}; load average ${loadAtStart.toFixed(1)} before the run${loadAtStart > BUSY ? ', so something else was computing, and all times are longer than they are elsewhere' : ''}. Systems ran one after the other, each with ${threads === 1 ? 'one thread' : `up to ${threads} threads`}.`,
    'All systems read the same crops, from files of the same bytes. Nothing is found in a larger picture first.',
    `Accuracy is 1 - edits / length of the longer text, after the profile "${profile}". A crop that failed counts as 0, and has no time.`,
    `Seconds are those of one call on a loaded model, with the decoding of the picture, measured from outside: of ${counted(crops.timed, 'crop')}, each ${passesText(systems)}. The first call of a system is not counted. Programs that read one picture and end are started for each, and their start is in the time.`,
    modesText(summary),
    'Efficiencies are medians over the crops of accuracy / seconds and of accuracy / cents. The mean accuracy / mean seconds is another figure.',
    'Intervals are of 95 %; crops of one photograph count as one piece of evidence.',
    ...(systems.length > 1
      ? [
          'Whether a system is worse than the best is tested crop by crop, corrected by Holm for how many are compared.',
        ]
      : []),
    ...[...reasons].map((reason) => `No interval: ${REASONS[reason]}.`),
  ];
}

/** How often a crop was read whose time is measured: as often as it was, not as was asked for. */
function passesText(systems: readonly SystemFigures[]): string {
  const [first = 1] = systems.map(({ passes }) => passes);
  if (systems.some(({ passes }) => passes !== first)) {
    const list = systems.map(({ name, passes }) => `${passes} by ${name}`).join(', ');
    return `the median of its readings: ${list}`;
  }
  return first === 1 ? 'read once' : `the median of ${first} readings`;
}

function modesText({ crops, systems }: BenchmarkSummary): string {
  if (!systems.some(({ modes }) => modes !== undefined)) {
    return 'No system here had page modes to choose.';
  }
  const chosen =
    crops.tuning === 0
      ? 'There was no crop to choose page modes on, so that they are the defaults.'
      : `Page modes are chosen for each domain on ${counted(crops.tuning, 'crop')} that ${crops.tuning === 1 ? 'is' : 'are'} never scored; where a domain has none, by all of them. So few crops choose by chance, too.`;
  return `${chosen} In all modes but the default the picture also has a border and lines of at least 64 pixels.`;
}
