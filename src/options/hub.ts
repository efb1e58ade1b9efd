/** Options of whatever may download a model. What they do is in src/hub. */
import {
  boolean,
  callback,
  type Input,
  type Parsed,
  parseOptions,
  type Same,
  signal,
  string,
} from './option.js';

/** For `load` as well. */
export const HUB_OPTIONS = {
  token: string<string, undefined>({
    default: undefined,
    minLength: 1,
    maxLength: 4096,
    isSecret: true,
    // Other users of the machine see command lines.
    cli: false,
    doc: 'access token for a model on the hub; left out, `HF_TOKEN` or the file beside the cache',
  }),
  offline: boolean<undefined>({
    default: undefined,
    doc: 'take a model of the hub from the cache only, without asking anybody; left out, what `HF_HUB_OFFLINE` says',
  }),
};

export const PULL_OPTIONS = {
  ...HUB_OPTIONS,
  onProgress: callback<(loaded: number, total: number) => void>({
    doc: 'called with the bytes that are here and the bytes in all',
  }),
  signal: signal({ doc: 'abort; what has come is kept for the next time' }),
};

/** Options of `pull`. */
export interface PullOptions {
  /** access token for a model on the hub; left out, `HF_TOKEN` or the file beside the cache. */
  readonly token?: string | undefined;
  /** take a model of the hub from the cache only, without asking anybody; left out, what `HF_HUB_OFFLINE` says. */
  readonly offline?: boolean | undefined;
  /** called with the bytes that are here and the bytes in all. */
  readonly onProgress?: ((loaded: number, total: number) => void) | undefined;
  /** abort; what has come is kept for the next time. */
  readonly signal?: AbortSignal | undefined;
}
export type ParsedPullOptions = Parsed<typeof PULL_OPTIONS>;

// Fails to compile when the interface and the declarations part ways.
true satisfies Same<PullOptions, Input<typeof PULL_OPTIONS>>;

export function parsePullOptions(options?: PullOptions): ParsedPullOptions {
  return parseOptions('pull', PULL_OPTIONS, options);
}
