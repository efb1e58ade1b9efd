/** Options of whatever may download a model. What they do is in src/hub. */
import { boolean, callback, type Parsed, parseOptions, signal, string } from './option.js';
import type { PullOptions } from './types.js';

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
    doc: 'take a model of the hub from the cache only, without network; left out, as `HF_HUB_OFFLINE` is set',
  }),
};

export const PULL_OPTIONS = {
  ...HUB_OPTIONS,
  onProgress: callback<(loaded: number, total: number) => void>({
    doc: 'called with the bytes that are here and the bytes in all',
  }),
  signal: signal({ doc: 'abort; what has come is kept for the next time' }),
};

export type ParsedPullOptions = Parsed<typeof PULL_OPTIONS>;

export function parsePullOptions(options?: PullOptions): ParsedPullOptions {
  return parseOptions('pull', PULL_OPTIONS, options);
}
