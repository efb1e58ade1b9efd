/**
 * Every prompt the tasks send, in one table: the exact strings PaliGemma was trained with. Source: spec section 6.1 for
 * pretrained and mix checkpoints, 6.2 for those fine-tuned on one task.
 */
import type { CaptionLength } from '../options/tasks.js';

const CAPTION_VERBS: Readonly<Record<CaptionLength, string>> = {
  short: 'cap',
  medium: 'caption',
  long: 'describe',
};

export const PROMPTS = {
  caption: (language: string, length: CaptionLength): string =>
    `${CAPTION_VERBS[length]} ${language}`,
  answer: (language: string, question: string): string => `answer ${language} ${question}`,
  /** DocVQA, ChartQA: no prefix at all. */
  bareAnswer: (question: string): string => question,
  ocr: (): string => 'ocr',
  detect: (labels: readonly string[]): string => `detect ${labels.join(' ; ')}`,
  segment: (labels: readonly string[]): string => `segment ${labels.join(' ; ')}`,
  /** RefCOCO: the phrase alone. */
  refer: (phrase: string): string => phrase,
} as const;
