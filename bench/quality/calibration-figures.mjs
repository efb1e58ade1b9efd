// What a score is worth: does it rank right before wrong, does it say how often it is right, which threshold is best.
// Pure functions over records { score, isRight }; making them is calibration.mjs, drawing charts.mjs.

/**
 * The probability that a right one scores higher than a wrong one, ties counted half (area under the ROC curve, from the ranks:
 * Mann and Whitney). undefined when all are right or all are wrong.
 */
export function auroc(records) {
  const sorted = [...records].sort((a, b) => a.score - b.score);
  const right = sorted.filter((r) => r.isRight).length;
  const wrong = sorted.length - right;
  if (right === 0 || wrong === 0) return undefined;
  let ranks = 0;
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    while (end < sorted.length && sorted[end].score === sorted[start].score) end++;
    // The mean of the ranks start + 1 to end, which equal scores share.
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) if (sorted[i].isRight) ranks += rank;
  }
  return (ranks - (right * (right + 1)) / 2) / (right * wrong);
}

/** 95 % interval of a proportion (Wilson 1927). */
export function proportionInterval(hits, count) {
  const z = 1.96;
  const p = hits / count;
  const middle = p + (z * z) / (2 * count);
  const half = z * Math.sqrt((p * (1 - p)) / count + (z * z) / (4 * count * count));
  const scale = 1 + (z * z) / count;
  return { low: Math.max(0, (middle - half) / scale), high: Math.min(1, (middle + half) / scale) };
}

/** Bins of about equally many records, by score: { score: mean, right: share, low, high, count }. */
export function reliability(records, bins = 10) {
  const sorted = [...records].sort((a, b) => a.score - b.score);
  const out = [];
  for (let i = 0; i < bins; i++) {
    const part = sorted.slice(
      Math.round((i * sorted.length) / bins),
      Math.round(((i + 1) * sorted.length) / bins),
    );
    if (part.length === 0) continue;
    const hits = part.filter((r) => r.isRight).length;
    const score = part.reduce((sum, r) => sum + r.score, 0) / part.length;
    const interval = proportionInterval(hits, part.length);
    out.push({ score, right: hits / part.length, ...interval, count: part.length });
  }
  return out;
}

/** Mean distance between score and share of right ones over the bins, weighted by their size. */
export function calibrationError(records) {
  const bins = reliability(records);
  return bins.reduce((sum, b) => sum + b.count * Math.abs(b.score - b.right), 0) / records.length;
}

/** Precision, recall and F1 of the records that score at least `minScore`, of `total` things to find. */
export function f1At(records, total, minScore) {
  const kept = records.filter((r) => r.score >= minScore);
  const hits = kept.filter((r) => r.isRight).length;
  const precision = kept.length === 0 ? 1 : hits / kept.length;
  const recall = total === 0 ? 1 : hits / total;
  const f1 = kept.length + total === 0 ? 1 : (2 * hits) / (kept.length + total);
  return { minScore, precision, recall, f1 };
}

export const THRESHOLDS = Array.from({ length: 100 }, (_, i) => i / 100);

/** The threshold with the best F1; the lowest of several. */
export function bestThreshold(records, total) {
  return THRESHOLDS.map((t) => f1At(records, total, t)).reduce((a, b) => (b.f1 > a.f1 ? b : a));
}
