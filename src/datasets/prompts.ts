/** Rows as PaliGemma is trained on them: prefix and suffix. */

import type { Box, ImageSize } from '../results/types.js';
import { PROMPTS } from '../tasks/prompts.js';
import type { Expected, RowRequest } from './rows.js';

/** The prompt of the task, in English. */
export function prefixOf(request: RowRequest): string {
  if (request.kind === 'prompt') return request.prompt;
  switch (request.task) {
    case 'ask':
      return PROMPTS.answer('en', request.arguments.question);
    case 'caption':
      return PROMPTS.caption('en', 'medium');
    case 'ocr':
      return PROMPTS.ocr();
    case 'detect':
      return PROMPTS.detect(request.arguments.labels as readonly string[]);
  }
}

/** The usual answer; of objects their boxes, masks left out; an empty text when there are none. */
export function suffixOf(expected: Expected): string {
  if (expected.kind === 'text') return expected.answers[0];
  return expected.objects
    .map(({ box, label }) => `${locText(box, expected.size)} ${label}`)
    .join(' ; ');
}

/** Four loc tokens, y before x: spec section 6.4. */
function locText({ ymin, xmin, ymax, xmax }: Box, { width, height }: ImageSize): string {
  const loc = (value: number, side: number): string => {
    const bin = Math.min(1023, Math.max(0, Math.round((value / side) * 1023)));
    return `<loc${String(bin).padStart(4, '0')}>`;
  };
  return loc(ymin, height) + loc(xmin, width) + loc(ymax, height) + loc(xmax, width);
}

/** The labels that a prompt asks for; undefined when it asks for none. */
export function labelsAsked(request: RowRequest): readonly string[] | undefined {
  const list = /^(?:detect|segment) (.+)$/s.exec(prefixOf(request).trim())?.[1];
  return list?.split(';').map((label) => label.trim());
}
