/** What the child answers, gathered: with a small model, a message costs as much as a token. */
import type { NativeToken } from '../native/contract.js';
import type { ImageSize } from '../results/types.js';
import type { Answer } from './protocol.js';

/** Tokens that follow each other faster than this, in ms, go together. */
const TOGETHER_MS = 4;

export class Outbox {
  readonly #send: (answers: readonly Answer[]) => void;
  /** By call. */
  #answers = new Map<number, Answer>();
  #sentAt = Number.NEGATIVE_INFINITY;
  /** Stops the sending that is planned. */
  #cancel: (() => void) | undefined;
  #isUrgent = false;

  constructor(send: (answers: readonly Answer[]) => void) {
    this.#send = send;
  }

  /** They are of no use before the first token, and go with it. */
  images(id: number, images: readonly ImageSize[]): void {
    this.#of(id).images = images;
  }

  token(id: number, token: NativeToken): void {
    const answer = this.#of(id);
    answer.tokens ??= [];
    answer.tokens.push(token);
    this.#plan(this.#sentAt + TOGETHER_MS - performance.now());
  }

  /** The last of a call; goes with the others that end in this turn of the event loop. */
  end(id: number, end: NonNullable<Answer['end']>): void {
    this.#of(id).end = end;
    this.#plan(0);
  }

  #of(id: number): Answer {
    let answer = this.#answers.get(id);
    if (answer === undefined) {
      answer = { id };
      this.#answers.set(id, answer);
    }
    return answer;
  }

  #plan(waitMs: number): void {
    const isUrgent = waitMs <= 0;
    if (this.#cancel !== undefined && (this.#isUrgent || !isUrgent)) return;
    this.#cancel?.();
    this.#isUrgent = isUrgent;
    if (isUrgent) {
      const planned = setImmediate(() => this.#flush());
      this.#cancel = () => clearImmediate(planned);
    } else {
      const planned = setTimeout(() => this.#flush(), waitMs);
      this.#cancel = () => clearTimeout(planned);
    }
  }

  #flush(): void {
    const answers = [...this.#answers.values()];
    this.#answers = new Map();
    this.#cancel = undefined;
    this.#sentAt = performance.now();
    this.#send(answers);
  }
}
