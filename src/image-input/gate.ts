/** Limits how many pieces of work run at once and lets waiting ones leave. Knows nothing about pictures. */
import { onAbort } from '../abort.js';

export class Gate {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Runs `work` when its turn comes, in order of arrival. An abort rejects at once with the reason of the signal: work
   * that waits is dropped; work that runs keeps its place until it has ended, as it cannot be stopped.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = (): void => {
        this.#running++;
        // An async wrapper, so that work which throws at once leaves its place too.
        void (async () => {
          try {
            resolve(await work());
          } catch (error) {
            reject(error);
          } finally {
            release();
            this.#running--;
            this.#waiting.shift()?.();
          }
        })();
      };
      const release = onAbort(signal, (reason) => {
        const place = this.#waiting.indexOf(start);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(reason);
      });
      if (signal?.aborted) return;
      if (this.#running < this.#limit) start();
      else this.#waiting.push(start);
    });
  }
}
