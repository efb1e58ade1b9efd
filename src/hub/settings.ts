/** What the environment says about the hub, read as Python's huggingface_hub reads it. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { makeError } from '../errors.js';
import { showValue } from '../options/show.js';

/** Folder of all repositories: HF_HUB_CACHE, else `hub` in HF_HOME, else ~/.cache/huggingface/hub. */
export const cacheFolder = (): string =>
  folder('HF_HUB_CACHE') ?? folder('HUGGINGFACE_HUB_CACHE') ?? path.join(home(), 'hub');

export const isOffline = (): boolean =>
  /^(1|on|yes|true)$/i.test(process.env['HF_HUB_OFFLINE'] ?? '');

/** Address of the hub without a slash at its end. Throws ERR_OPTION_RANGE. */
export function endpoint(): string {
  const given = process.env['HF_ENDPOINT'] || 'https://huggingface.co';
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol))
    return given.replace(/\/+$/, '');
  throw makeError('ERR_OPTION_RANGE', `HF_ENDPOINT is ${showValue(given)}, expected an address`, {
    name: 'HF_ENDPOINT',
    found: showValue(given),
    expected: 'https://… or http://…',
    hint: 'leave it unset for https://huggingface.co',
  });
}

/** HF_TOKEN, its older name, or the file that `hf auth login` writes. */
export function readToken(): string | undefined {
  const given = process.env['HF_TOKEN'] || process.env['HUGGING_FACE_HUB_TOKEN'];
  if (given?.trim()) return given.trim();
  try {
    const file = folder('HF_TOKEN_PATH') ?? path.join(home(), 'token');
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function home(): string {
  const cache = folder('XDG_CACHE_HOME') ?? path.join(homedir(), '.cache');
  return folder('HF_HOME') ?? path.join(cache, 'huggingface');
}

/** A path of the environment: `~` and `$NAME` are replaced, as shells do that did not write the variable. */
function folder(name: string): string | undefined {
  const given = process.env[name];
  if (!given) return undefined;
  return given
    .replace(/^~(?=$|[/\\])/, () => homedir())
    .replace(/\$(?:(\w+)|\{(\w+)\})/g, (all, bare?: string, braced?: string) => {
      return process.env[bare ?? braced ?? ''] ?? all;
    });
}
