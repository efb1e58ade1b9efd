/** Notes: what a caller should know although the call goes on. Which ones there are is decided where they are made. */

export interface Note {
  /** Stable: `PALIGEMMA_PROMPT_…`, `PALIGEMMA_ENGINE_…`, `PALIGEMMA_DEMO_MODEL`. docs/prompts.md lists them. */
  readonly code: `PALIGEMMA_${string}`;
  /** One sentence, for people. */
  readonly message: string;
}

export type OnNote = (note: Note) => void;

/** Codes that this thread was warned about. */
const warned = new Set<string>();

/** Where notes go unless the caller says otherwise: a warning of the process, once for each code. */
export function warnOnce({ code, message }: Note): void {
  if (warned.has(code)) return;
  warned.add(code);
  process.emitWarning(message, { type: 'PaliGemmaWarning', code });
}
