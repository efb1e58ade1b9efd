/** Errors of calls, also of those that end later: their stacks begin at the line of the caller, not in whatever reported the failure. */
import { PaliGemmaError } from './errors.js';

/** Any function may be the one that was called, and any class. */
// biome-ignore lint/complexity/noBannedTypes: a class is called with new alone
type Entry = Function;

/** Errors that end many calls at once. */
const shared = new WeakSet<Error>();

/** `error`, with which many calls will reject: its stack stays that of what ended them. */
export function ofManyCalls<E extends Error>(error: E): E {
  shared.add(error);
  return error;
}

/**
 * Remembers where `entry`, which is running, was called. What is returned takes an error of that call, puts this place at
 * the beginning of its stack and returns it. Errors that are not ours, such as the reason of a signal, stay as they are, and
 * so do those of many calls.
 */
export function callerOf(entry: Entry): (error: unknown) => unknown {
  const place: { stack?: unknown } = {};
  // Costs some microseconds; V8 makes the text when it is read.
  Error.captureStackTrace(place, entry);
  return (error) => {
    if (!(error instanceof PaliGemmaError) || shared.has(error)) return error;
    const { stack } = place;
    // A program can have stacks of its own form, or none.
    const frames = typeof stack === 'string' ? stack.indexOf('\n    at ') : -1;
    if (frames >= 0) error.stack = `${error.name}: ${error.message}${String(stack).slice(frames)}`;
    return error;
  };
}

/** What `work` returns; when it fails, the error is that of the place where `entry` was called. */
export async function atCaller<T>(entry: Entry, work: () => T | Promise<T>): Promise<T> {
  const place = callerOf(entry);
  try {
    return await work();
  } catch (error) {
    throw place(error);
  }
}

/** The same of a method that returns at once. */
export function atCallerNow<T>(entry: Entry, work: () => T): T {
  const place = callerOf(entry);
  try {
    return work();
  } catch (error) {
    throw place(error);
  }
}
