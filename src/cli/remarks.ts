/** Remarks about results, for stderr, as their rows have no place for them. */
import type { SweepResult } from '../index.js';

/** `unasked`: how many were left out, as their labels are others; `how`: what shows them. */
export function emptyRemarks(
  objects: readonly unknown[],
  unasked = 0,
  how = ': --extra shows them',
): readonly string[] {
  if (objects.length > 0) return [];
  if (unasked === 0) return ['(nothing found)'];
  return [`(nothing found but ${unasked} with another label${how})`];
}

/** Of an answer in words: a line without any looks like no answer. */
export function textRemarks({ text }: { readonly text: string }): readonly string[] {
  return text.trim() === '' ? ['(nothing answered)'] : [];
}

export function sweepRemarks(result: SweepResult): readonly string[] {
  const lines =
    result.kind === 'boxes'
      ? result.phrasings.map(({ prompt, detections }) => `${prompt} -> ${detections.length} found`)
      : result.phrasings.map(
          ({ prompt, text, score }) => `${prompt} -> ${text} ${score.toFixed(3)}`,
        );
  const empty = result.kind === 'boxes' ? emptyRemarks(result.consensus) : [];
  return [...empty, `agreement ${result.agreement.toFixed(2)}`, ...lines];
}
