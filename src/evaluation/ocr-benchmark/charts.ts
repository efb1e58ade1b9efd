/** The charts of a benchmark: accuracy, efficiencies, and accuracy against time. */
import { barChart } from '../../report/bar-chart.js';
import { scatterChart } from '../../report/scatter-chart.js';
import type { Panel } from '../../report/svg.js';
import type { Bounds } from '../statistics/estimate.js';
import { number } from './sentences.js';
import type { SystemFigures } from './summary.js';

export interface Chart {
  /** Of its file. */
  readonly name: string;
  /** What it shows, in words. */
  readonly label: string;
  readonly panel: Panel;
}

interface Bars {
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly xMax?: number;
  /** Beside what all of them say. */
  readonly note?: string;
  readonly of: (one: SystemFigures) => Bounds | null | undefined;
}

const ACCURACY: Bars = {
  ...{ name: 'accuracy', title: 'Accuracy', xLabel: 'mean of all crops', xMax: 1 },
  of: (one) => one.accuracies['levenshtein'],
};
const SPEED: Bars = {
  ...{ name: 'speed-efficiency', title: 'Speed efficiency', xLabel: 'accuracy per second, median' },
  of: (one) => one.speedEfficiency,
};
const COST: Bars = {
  ...{ name: 'cost-efficiency', title: 'Cost efficiency', xLabel: 'accuracy per cent, median' },
  of: (one) => one.costEfficiency,
};

/** `prices` are what a cent is paid for: no figure of costs is shown without them. */
export function chartsOf(systems: readonly SystemFigures[], prices: string): Chart[] {
  const bars = [ACCURACY, SPEED, { ...COST, note: prices }];
  return [...bars.flatMap((one) => barsOf(one, systems)), ...scatterOf(systems)];
}

/** None where no system has the figure. */
function barsOf({ name, of, note, ...chart }: Bars, systems: readonly SystemFigures[]): Chart[] {
  const bars = systems
    .flatMap((one) => {
      const { figure = null, low, high } = of(one) ?? {};
      if (figure === null) return [];
      const interval = typeof low === 'number' && typeof high === 'number' && { low, high };
      return { name: one.name, value: figure, note: number(figure), ...interval };
    })
    .sort((a, b) => b.value - a.value);
  if (bars.length === 0) return [];
  const subtitle = [...(note ? [note] : []), 'strokes are intervals of 95 %'].join('; ');
  const panel = barChart({ ...chart, subtitle, bars, names: 'above' });
  const values = bars.map((bar) => `${bar.name} ${bar.note}`).join(', ');
  const title = note ? `${chart.title} (${note})` : chart.title;
  return [{ name, label: `${title}, ${chart.xLabel}: ${values}`, panel }];
}

function scatterOf(systems: readonly SystemFigures[]): Chart[] {
  const points = systems.flatMap(({ name, accuracies, medianSeconds: { figure: x } }) => {
    const { figure: y = null, low, high } = accuracies['levenshtein'] ?? {};
    if (x === null || x === 0 || y === null) return [];
    const interval = typeof low === 'number' && typeof high === 'number' && { low, high };
    return { name, x, y, ...interval };
  });
  if (points.length === 0) return [];
  const panel = scatterChart({
    ...{ title: 'Accuracy against time', subtitle: 'left and up is better', yMax: 1, xLog: true },
    ...{ xLabel: 'seconds a crop, median', yLabel: 'accuracy', points },
  });
  const values = points.map((one) => `${one.name} ${number(one.y)} in ${number(one.x)} s`);
  const label = `Accuracy against seconds: ${values.join(', ')}`;
  return [{ name: 'accuracy-against-seconds', label, panel }];
}
