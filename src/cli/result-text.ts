/** Results of tasks as a person reads them, without a line break at the end. */
import type {
  ClassifyResult,
  ConsensusDetection,
  DetectedObject,
  ExtractResult,
  ExtractSchema,
  SweepResult,
} from '../index.js';

/** `unasked`: how many were left out, as their labels are others. */
export function objectLines(
  objects: readonly (DetectedObject | ConsensusDetection)[],
  unasked = 0,
): string {
  if (objects.length === 0 && unasked > 0)
    return `(nothing found but ${unasked} with another label: --extra shows them)`;
  if (objects.length === 0) return '(nothing found)';
  return objects
    .map(({ label, score, box }) => {
      const edges = [box.xmin, box.ymin, box.xmax, box.ymax].map((edge) => edge.toFixed(1));
      return `${label} ${score.toFixed(3)} [${edges.join(', ')}]`;
    })
    .join('\n');
}

export function classifyText({ distribution }: ClassifyResult): string {
  return distribution.map((one) => `${one.label} ${one.probability.toFixed(3)}`).join('\n');
}

export function fieldsText({ fields }: ExtractResult<ExtractSchema>): string {
  return Object.entries(fields)
    .map(([name, { value }]) => `${name}: ${fieldText(value)}`)
    .join('\n');
}

function fieldText(value: unknown): string {
  if (value === null) return '-';
  if (typeof value !== 'object') return String(value);
  const { amount, currency } = value as { amount: number; currency: string | null };
  return currency === null ? String(amount) : `${amount} ${currency}`;
}

export function sweepText(result: SweepResult): string {
  const lines =
    result.kind === 'boxes'
      ? result.phrasings.map(({ prompt, detections }) => `${prompt} -> ${detections.length} found`)
      : result.phrasings.map(
          ({ prompt, text, score }) => `${prompt} -> ${text} ${score.toFixed(3)}`,
        );
  const consensus = result.kind === 'boxes' ? objectLines(result.consensus) : result.consensus;
  return `${consensus}\nagreement ${result.agreement.toFixed(2)}\n${lines.join('\n')}`;
}
