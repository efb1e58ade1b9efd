/** Rows as PaliGemma is trained on them: prefix and suffix. */

import { CLASSIFY_OPTIONS } from '../options/tasks.js';
import type { Box, ImageSize } from '../results/types.js';
import { PROMPTS } from '../tasks/prompts.js';
import type { Row, RowRequest } from './rows.js';

/** What a document is asked for in one answer, which a model has to be fine-tuned on. */
export const DOCUMENT_PROMPT = 'extract data in JSON format';

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
    case 'classify':
      return PROMPTS.answer('en', CLASSIFY_OPTIONS.question.default);
    case 'extract':
      return DOCUMENT_PROMPT;
    case 'refer':
      return PROMPTS.detect([request.arguments.phrase]);
  }
}

/** The usual answer; of objects their boxes, masks and crowds left out; an empty text when there are none. */
export function suffixOf({ request, expected }: Pick<Row, 'request' | 'expected'>): string {
  switch (expected.kind) {
    case 'text':
      return expected.answers[0];
    case 'objects':
      return expected.objects
        .map(({ box, label }) => `${locText(box, expected.size)} ${label}`)
        .join(' ; ');
    case 'label':
      return expected.label;
    case 'document':
      return JSON.stringify(expected.value);
    case 'reference':
      return `${locText(expected.box, expected.size)} ${labelsAsked(request)?.join(' ; ')}`;
  }
}

/** Four loc tokens, y before x: spec section 6.4. */
export function locText({ ymin, xmin, ymax, xmax }: Box, { width, height }: ImageSize): string {
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
