/** A prompt that is ready to be sent. How it came to be is decided in src/tasks. */
import type { Note } from './notes.js';

/** What is sent, character by character, and what the caller should know about it. */
export class Prompt {
  readonly text: string;
  readonly notes: readonly Note[];

  constructor(text: string, notes: readonly Note[] = []) {
    this.text = text;
    this.notes = notes;
  }
}
