/** Work on a sequence of items, several at once. What the work is, is not known here. */

export interface PoolOptions {
  readonly atOnce: number;
  /** Results in the order of the items, or each as soon as it is there. */
  readonly order: 'items' | 'finished';
}

/**
 * Runs `work`, which must not reject, on each item, `atOnce` at most, and yields the results. The next item is asked for
 * only when there is room, and results do not wait for it. A failure of `items` comes after what is under way.
 */
export async function* pool<T, R>(
  items: AsyncIterable<T>,
  { atOnce, order }: PoolOptions,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const source = items[Symbol.asyncIterator]();
  type Event =
    | { readonly kind: 'item'; readonly next: IteratorResult<T> }
    | { readonly kind: 'broken'; readonly error: unknown }
    | { readonly kind: 'result'; readonly number: number; readonly result: R };
  const running = new Map<number, Promise<Event>>();
  const waiting = new Map<number, R>();
  let asked: Promise<Event> | undefined;
  let started = 0;
  let given = 0;
  let failure: { readonly error: unknown } | undefined;
  let hasEnded = false;

  while (true) {
    // Counted from what was yielded, so that thousands of results cannot pile up after one slow item.
    if (!hasEnded && asked === undefined && started - given < atOnce) {
      asked = source.next().then(
        (next): Event => ({ kind: 'item', next }),
        (error: unknown): Event => ({ kind: 'broken', error }),
      );
    }
    const events = [...running.values(), ...(asked === undefined ? [] : [asked])];
    if (events.length === 0) break;
    const event = await Promise.race(events);
    switch (event.kind) {
      case 'item': {
        asked = undefined;
        if (event.next.done) {
          hasEnded = true;
          break;
        }
        const number = started++;
        running.set(
          number,
          work(event.next.value).then((result) => ({ kind: 'result', number, result })),
        );
        break;
      }
      case 'broken':
        asked = undefined;
        hasEnded = true;
        failure = event;
        break;
      case 'result': {
        running.delete(event.number);
        waiting.set(event.number, event.result);
        const first = order === 'finished' ? event.number : given;
        for (let number = first; waiting.has(number); number++) {
          const result = waiting.get(number) as R;
          waiting.delete(number);
          given++;
          yield result;
        }
      }
    }
  }
  if (failure !== undefined) throw failure.error;
}
