/** What the advisor can say about a prompt. How it comes to say so is in the other files of this folder. */

/** How a checkpoint was trained: `pt` pretrained, `mix` on many tasks, `ft` fine-tuned on one. */
export const CHECKPOINT_FAMILIES = ['pt', 'mix', 'ft'] as const;
export type CheckpointFamily = (typeof CHECKPOINT_FAMILIES)[number];

/** Forms of prompts: spec sections 6.1 and 6.2. */
export type PromptForm =
  /** `cap en`, `caption en`, `describe en` */
  | 'cap'
  | 'caption'
  | 'describe'
  | 'ocr'
  /** `answer en where is the cat?`; also a statement about two pictures */
  | 'answer'
  /** `answer en  where is it? choose from: left \t right` */
  | 'choice'
  /** `question en a red car`: asks the model for a question */
  | 'question'
  | 'detect'
  | 'segment'
  /** `caption <loc0100><loc0100><loc0900><loc0900>` */
  | 'region'
  /** ScienceQA: `Question: …\nContext: …\nOptions: …\nAnswer:` */
  | 'science'
  /** Nothing: pretrained checkpoints caption */
  | 'empty'
  /** A question or phrase without a verb, as DocVQA, ChartQA and RefCOCO checkpoints take it, and mix ones questions */
  | 'bare';

/** The method to call, `generate` for prompts that none of the others sends. */
export type AdvisedTask = 'caption' | 'ask' | 'ocr' | 'detect' | 'segment' | 'refer' | 'generate';

export interface PromptSuggestion {
  readonly prompt: string;
  readonly task: AdvisedTask;
  /** One sentence, for people. */
  readonly reason: string;
}

export const PROMPT_WARNINGS = [
  'not-trained',
  'white-space',
  'final-mark',
  'upper-case',
  'language-missing',
  'language-unknown',
  'language-ambiguous',
  'answers-in-english',
  'extra-text',
  'separator',
  'empty-label',
  'duplicate-label',
  'plural-label',
  'article-label',
  'several-labels',
  'no-label',
  'region',
  'image-placeholder',
  'chat-template',
  'control-token',
  'file-name',
  'polite',
  'pretrained-only',
  'depends-on-checkpoint',
  'too-long',
] as const;
export type PromptWarningCode = (typeof PROMPT_WARNINGS)[number];

export interface PromptWarning {
  readonly code: PromptWarningCode;
  /** One sentence, for people. */
  readonly message: string;
}

export interface PromptAdvice {
  /** The prompt has a trained form as it is. It may still be better otherwise: see the suggestions. */
  readonly isTrained: boolean;
  /** Only with isTrained. */
  readonly form?: PromptForm;
  /** Best first. Each has a trained form. Empty when nothing is to be improved. */
  readonly suggestions: readonly PromptSuggestion[];
  readonly warnings: readonly PromptWarning[];
}

export interface AdviseOptions {
  /** Left out: what holds for pretrained and mix checkpoints alike. */
  readonly family?: CheckpointFamily | undefined;
}

/** Collects what there is to say about one prompt. */
export class Advice {
  readonly family: CheckpointFamily | undefined;
  readonly #suggestions: PromptSuggestion[] = [];
  readonly #warnings: PromptWarning[] = [];

  constructor(family: CheckpointFamily | undefined) {
    this.family = family;
  }

  warn(code: PromptWarningCode, message: string): void {
    if (!this.#warnings.some((warning) => warning.code === code)) {
      this.#warnings.push({ code, message });
    }
  }

  suggest(task: AdvisedTask, prompt: string, reason: string): void {
    if (!this.#suggestions.some((suggestion) => suggestion.prompt === prompt)) {
      this.#suggestions.push({ prompt, task, reason });
    }
  }

  trained(form: PromptForm): PromptAdvice {
    return { isTrained: true, form, suggestions: this.#suggestions, warnings: this.#warnings };
  }

  untrained(): PromptAdvice {
    return { isTrained: false, suggestions: this.#suggestions, warnings: this.#warnings };
  }
}
