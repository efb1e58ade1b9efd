/** What tasks are asked beside pictures and options. The checks of their wording are in src/tasks/prompt-input.ts. */
import { MAX_PART_LENGTH, MAX_PROMPT_LENGTH } from './limits.js';
import { list, oneOf, REQUIRED, record, string } from './option.js';
import { FIELD_TYPES } from './tasks.js';

const part = { minLength: 1, maxLength: MAX_PART_LENGTH };

/** A text of one line that becomes part of a prompt. */
export const text = (doc: string) => string({ default: REQUIRED, ...part, doc });

export const optionalText = (doc: string) => string({ default: undefined, ...part, doc });

/** A prompt that is sent as it is; it may be empty. */
export const prompt = (doc: string) =>
  string({ default: REQUIRED, minLength: 0, maxLength: MAX_PROMPT_LENGTH, doc });

/** More labels in one call are refused: no checkpoint was trained with nearly as many. */
export const LABEL_LIMITS = { minCount: 1, maxCount: 1000, minLength: 1, maxLength: 200 };

export const labels = (doc: string) =>
  list({ default: REQUIRED, of: 'label', ...LABEL_LIMITS, doc });

/** One phrasing alone always agrees with itself. */
export const PHRASINGS = list({
  default: REQUIRED,
  of: 'prompt',
  minCount: 2,
  maxCount: 100,
  ...part,
  doc: 'a phrasing',
});

export const FIELDS = record({
  default: REQUIRED,
  of: 'field',
  minCount: 1,
  maxCount: 200,
  value: oneOf(FIELD_TYPES, { default: REQUIRED, doc: 'what is read' }),
  detailed: {
    type: oneOf(FIELD_TYPES, { default: REQUIRED, doc: 'what is read' }),
    question: optionalText('what is asked; left out, "what is the NAME?"'),
  },
  doc: 'what to read, by name',
});
