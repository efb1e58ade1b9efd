/** Names of models on the Hugging Face hub: `hf:owner/repo[:file][@revision]`, and addresses of its pages. */
import { makeError } from '../errors.js';
import { showValue } from '../options/show.js';
import { endpoint } from './settings.js';

export interface HubId {
  /** `owner/repo`. */
  readonly repo: string;
  /** File name, or part of one such as `q8_0`; absent: the only GGUF, or the q8_0 one. */
  readonly file?: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

const REPO = '[A-Za-z0-9][\\w.-]*\\/[A-Za-z0-9][\\w.-]*';
const SYNTAX = new RegExp(`^hf:(${REPO})(?::([^@]+))?(?:@(.+))?$`);
/** https://huggingface.co/owner/repo/blob/main/model.gguf; browsers show it without the scheme. */
const PAGE = /^(?:https?:\/\/)?((?:www\.)?huggingface\.co|hf\.co)\/(.*)$/i;

/** Whether `source` means a model on the hub by its form alone. */
export const isHubId = (source: unknown): source is string =>
  typeof source === 'string' && (source.startsWith('hf:') || pageOf(source) !== undefined);

/** Whether `name` could be `owner/repo`, as transformers takes it: here a path, which may not exist. */
export const isBareRepo = (name: string): boolean =>
  new RegExp(`^${REPO}$`).test(name) && !/\.(gguf|npz|safetensors|bin|json)$/i.test(name);

/** Throws ERR_OPTION_RANGE. */
export function parseHubId(text: string): HubId {
  const id = fromSyntax(text) ?? fromPage(text);
  if (id !== undefined) return id;
  const expected =
    'hf:owner/repo, hf:owner/repo:file.gguf, hf:owner/repo:q8_0, each with @revision if need be; or the address of a model';
  const found = showValue(text);
  throw makeError('ERR_OPTION_RANGE', `${found} is no model on the hub, expected ${expected}`, {
    name: 'source',
    found,
    expected,
    ...(isBareRepo(text) && { hint: `write hf:${text}` }),
  });
}

function fromSyntax(text: string): HubId | undefined {
  const [, repo, file, revision = 'main'] = SYNTAX.exec(text) ?? [];
  return checked(repo, file, revision);
}

function fromPage(text: string): HubId | undefined {
  const page = pageOf(text)
    ?.replace(/[?#].*$/, '')
    .replace(/\/+$/, '');
  if (page === undefined || /^(datasets|spaces|docs|papers|collections)\//.test(page))
    return undefined;
  const [owner, name, kind, revision, ...file] = page.split('/').map(decoded);
  const isFile = kind === 'blob' || kind === 'resolve' || kind === 'raw';
  const isTree = kind === 'tree';
  return checked(
    new RegExp(`^${REPO}$`).exec(`${owner}/${name ?? ''}`)?.[0],
    isFile ? file.join('/') : undefined,
    ((isFile || isTree) && revision) || 'main',
  );
}

/** What follows the host in an address of the hub, or of the one that HF_ENDPOINT names. */
function pageOf(text: string): string | undefined {
  const own = process.env['HF_ENDPOINT'] ? `${endpoint()}/` : undefined;
  if (own !== undefined && text.startsWith(own)) return text.slice(own.length);
  return PAGE.exec(text)?.[2];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** File and revision become parts of paths in the cache and of addresses. */
function checked(
  repo: string | undefined,
  file: string | undefined,
  revision: string,
): HubId | undefined {
  const names = [...(file?.split(/[/\\]/) ?? []), ...revision.split(/[/\\]/)];
  if (repo === undefined || names.some((name) => /^\.{0,2}$/.test(name))) return undefined;
  if (/[\p{Cc}?#%]/u.test(`${repo}${file ?? ''}${revision}`)) return undefined;
  return { repo, ...(file !== undefined && { file }), revision };
}
