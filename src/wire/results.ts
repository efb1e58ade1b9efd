/** Results as every front sends them: plain data that JSON can hold. */
import type { ImageSize, Prediction, Timings } from '../index.js';

/** The result of a task in JSON, where `image` names the file. Masks become run-length code by themselves. */
export function taskJson(result: object): Readonly<Record<string, unknown>> {
  const { image, timings, ...rest } = result as {
    readonly image?: ImageSize;
    readonly timings?: Timings;
  };
  return {
    ...(image && { size: image }),
    ...rest,
    ...(timings && { timings: roundedTimings(timings) }),
  };
}

/** What `predict` returns in JSON. */
export function predictionJson(prediction: Prediction): Record<string, unknown> {
  const { prompt, text, tokens, logprobs, topLogprobs, usage, timings, finishReason } = prediction;
  // Only when asked for: probabilities are longer than the answer.
  const probabilities = topLogprobs === undefined ? {} : { logprobs, topLogprobs };
  return {
    prompt,
    text,
    tokens,
    ...probabilities,
    usage,
    timings: roundedTimings(timings),
    finishReason,
  };
}

/** Microseconds are enough for people and for logs. */
function roundedTimings(timings: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(timings).map(([name, ms]) => [name, Math.round((ms as number) * 1000) / 1000]),
  );
}
