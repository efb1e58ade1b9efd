// How each quality figure is counted, as generator/evaluate.py of the reference data counts it, and how sure one can be of it.
// Pure functions over answers and truth; asking the model is quality.mjs.
import { matching, Random } from './scenes.mjs';

/**
 * `<loc…>` boxes, `<seg…>` codes and labels of an answer: [{ box, codes, label }], box in pixels of `size`. Parts that are no
 * instance are left out, as evaluate.py does: this is the yardstick and not the package's own parser.
 */
export function parseInstances(text, { width, height }) {
  const instances = [];
  for (const part of text.split(';')) {
    const match = /^\s*((?:<loc\d{4}>){4})((?:<seg\d{3}>){16})?\s*(.*?)\s*$/.exec(part);
    if (!match) continue;
    const [ymin, xmin, ymax, xmax] = [...match[1].matchAll(/<loc(\d{4})>/g)].map(
      (m) => Number(m[1]) / 1023,
    );
    instances.push({
      box: { xmin: xmin * width, ymin: ymin * height, xmax: xmax * width, ymax: ymax * height },
      codes: [...(match[2] ?? '').matchAll(/<seg(\d{3})>/g)].map((m) => Number(m[1])),
      label: match[3],
    });
  }
  return instances;
}

export function boxIou(a, b) {
  const width = Math.max(0, Math.min(a.xmax, b.xmax) - Math.max(a.xmin, b.xmin));
  const height = Math.max(0, Math.min(a.ymax, b.ymax) - Math.max(a.ymin, b.ymin));
  const area = (box) => (box.xmax - box.xmin) * (box.ymax - box.ymin);
  const both = width * height;
  return both / Math.max(1e-9, area(a) + area(b) - both);
}

/** Of two full-size masks (non-zero is inside). */
export function maskIou(a, b) {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] && b[i]) both++;
    if (a[i] || b[i]) either++;
  }
  return both / Math.max(1, either);
}

/**
 * Found boxes against true ones, in the order found: each takes the free true box it overlaps most, and is right from an
 * overlap of `threshold`. Returns `ious` (one per found box, 0 where it is wrong) and the set of true boxes `used`.
 */
export function matchBoxes(found, truth, threshold = 0.5) {
  const used = new Set();
  const ious = found.map((box) => {
    let best = 0;
    let index = -1;
    truth.forEach((t, i) => {
      const overlap = used.has(i) ? 0 : boxIou(box, t);
      if (overlap > best) [best, index] = [overlap, i];
    });
    if (best < threshold) return 0;
    used.add(index);
    return best;
  });
  return { ious, used };
}

/**
 * Detections against the objects of their own label, best score first, so that a threshold cuts off the end of the list:
 * [{ detection, iou }], iou 0 for a wrong one. Right needs a label of those `asked` for.
 */
export function judge(detections, objects, asked) {
  const sorted = [...detections].sort((a, b) => b.score - a.score);
  return [...new Set(sorted.map((d) => d.label))].flatMap((label) => {
    const own = sorted.filter((d) => d.label === label);
    const truth = asked.includes(label) ? matching(objects, label).map((o) => o.box) : [];
    const { ious } = matchBoxes(
      own.map((d) => d.box),
      truth,
    );
    return own.map((detection, i) => ({ detection, iou: ious[i] }));
  });
}

/** Least number of characters to insert, delete or replace. */
export function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length];
}

/** 1 for the very text, 0 for none of it. */
export function characterAccuracy(got, truth) {
  return 1 - editDistance(got, truth) / Math.max(1, got.length, truth.length);
}

const RESAMPLES = 2000;

/** Means of many figures over many pictures, and their uncertainty. */
export class Tally {
  /** Per figure and picture: sum and number of its values. */
  #figures = new Map();

  add(figure, picture, value) {
    const pictures = this.#figures.get(figure) ?? new Map();
    this.#figures.set(figure, pictures);
    const entry = pictures.get(picture) ?? { sum: 0, count: 0 };
    pictures.set(picture, entry);
    entry.sum += Number(value);
    entry.count++;
  }

  /**
   * { value, count, pictures, low, high, deviation }: the mean, its 95 % interval and its standard deviation. Whole pictures
   * are drawn again with replacement (bootstrap): what is seen in one picture is not independent. Undefined for no values.
   */
  figure(name) {
    const entries = [...(this.#figures.get(name)?.values() ?? [])];
    if (entries.length === 0) return undefined;
    const mean = (list) => {
      let sum = 0;
      let count = 0;
      for (const e of list) {
        sum += e.sum;
        count += e.count;
      }
      return { value: sum / count, count };
    };
    const random = new Random(1);
    const means = Array.from({ length: RESAMPLES }, () => {
      const drawn = Array.from(entries, () => random.pick(entries));
      return mean(drawn).value;
    }).sort((a, b) => a - b);
    const middle = means.reduce((a, b) => a + b) / RESAMPLES;
    const variance = means.reduce((a, b) => a + (b - middle) ** 2, 0) / (RESAMPLES - 1);
    return {
      ...mean(entries),
      pictures: entries.length,
      low: means[Math.floor(RESAMPLES * 0.025)],
      high: means[Math.ceil(RESAMPLES * 0.975) - 1],
      deviation: Math.sqrt(variance),
    };
  }
}
