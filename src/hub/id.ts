/** Names of models on the Hugging Face hub: `hf:owner/repo[:file][@revision]`. */
import { makeError } from '../errors.js';

export interface HubId {
  /** `owner/repo`. */
  readonly repo: string;
  /** File name, or part of one such as `q8_0`; absent: the only GGUF, or the q8_0 one. */
  readonly file?: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

const PREFIX = 'hf:';
const SYNTAX = /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?::([^@]+))?(?:@(.+))?$/;

export const isHubId = (source: unknown): source is string =>
  typeof source === 'string' && source.startsWith(PREFIX);

/** Throws ERR_OPTION_RANGE. */
export function parseHubId(text: string): HubId {
  const [, repo, file, revision = 'main'] = SYNTAX.exec(text) ?? [];
  // Both become parts of paths in the cache.
  const climbs = [...(file?.split(/[/\\]/) ?? []), ...revision.split(/[/\\]/)].some((name) =>
    /^\.{0,2}$/.test(name),
  );
  if (repo === undefined || climbs || /[\p{Cc}?#%]/u.test(text)) {
    throw makeError('ERR_OPTION_RANGE', `"${text}" is no model on the hub`, {
      name: 'source',
      found: text,
      expected:
        'hf:owner/repo, hf:owner/repo:file.gguf, hf:owner/repo:q8_0, each with @revision if need be',
    });
  }
  return { repo, ...(file !== undefined && { file }), revision };
}

/** The file that `wanted` means among a repository's. Throws ERR_HUB_NOT_FOUND with what is there. */
export function chooseFile(
  files: readonly string[],
  wanted: string | undefined,
  id: string,
): string {
  const models = files.filter((file) => file.toLowerCase().endsWith('.gguf'));
  if (wanted !== undefined && files.includes(wanted)) return wanted;
  const part = (wanted ?? 'q8_0').toLowerCase();
  const matches = models.filter((file) => file.toLowerCase().includes(part));
  if (wanted === undefined && models.length === 1) return models[0] as string;
  if (matches.length === 1) return matches[0] as string;
  throw makeError(
    'ERR_HUB_NOT_FOUND',
    models.length === 0
      ? `${id} has no GGUF file`
      : matches.length > 1
        ? `${id} names ${matches.length} files`
        : `${id} has no such file`,
    {
      name: id,
      found: (matches.length > 1 ? matches : models).join(', ') || 'no GGUF file',
      expected: 'a name that fits one GGUF file',
      hint:
        models.length === 0
          ? 'download the checkpoint and convert it with paligemma convert'
          : `name one of: ${(matches.length > 1 ? matches : models).map((file) => `:${file}`).join(' ')}`,
    },
  );
}
