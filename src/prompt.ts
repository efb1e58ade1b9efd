/** A prompt that is ready to be sent. How it came to be is decided in src/tasks. */
import type { Note } from './notes.js';

/**
 * Labels that the answer probably contains. The engine verifies several of their tokens in one step; the answer is the
 * same, but for rounding where ggml multiplies.
 */
export interface Drafts {
  readonly labels: readonly string[];
  /** After how many loc and seg tokens in a row a label comes: 4 in boxes, 20 in outlines. */
  readonly after: number;
}

/** What is sent, character by character, and what the caller should know about it. */
export class Prompt {
  readonly text: string;
  readonly notes: readonly Note[];
  readonly drafts: Drafts | undefined;

  constructor(text: string, notes: readonly Note[] = [], drafts?: Drafts) {
    this.text = text;
    this.notes = notes;
    this.drafts = drafts;
  }

  /** The same prompt for an answer that probably contains these labels. */
  drafting(drafts: Drafts): Prompt {
    return new Prompt(this.text, this.notes, drafts);
  }
}
