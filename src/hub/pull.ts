/** A model on the hub -> files in the shared cache. Settings come from the environment, as with huggingface_hub. */
import { atCaller } from '../caller.js';
import { native } from '../native/binding.js';
import { checkString } from '../options/arguments.js';
import { type ParsedPullOptions, parsePullOptions } from '../options/hub.js';
import type { PullOptions } from '../options/types.js';
import { chooseFiles, matchingFiles, visionFile } from './choose.js';
import { isBareRepo } from './id.js';
import { type Repo, withRepo } from './repo.js';

/**
 * Path of a model in the cache; downloads it when it is not there. `id`: `hf:owner/repo[:file][@revision]`, `owner/repo`, or
 * the address of a model or of one of its files. Of a split model all parts are brought, and the first is returned; where
 * the vision part is a file of its own (mmproj), it is brought too.
 * HF_TOKEN (else HF_TOKEN_PATH, else `token` in HF_HOME), HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE and proxies are
 * honoured; the options come before them.
 * Throws ERR_HUB_GATED, ERR_HUB_NOT_FOUND, ERR_HUB_UNREACHABLE, ERR_HUB_DAMAGED, ERR_DISK_FULL, ERR_OUTPUT, ERR_OPTION_*,
 * or the reason of the signal.
 */
export async function pull(id: string, options?: PullOptions): Promise<string> {
  return atCaller(pull, async () => {
    // A call of this asks for the network: there is no file that it could be.
    checkString('id', id);
    const name = isBareRepo(id) ? `hf:${id}` : id;
    const [first] = await pullModel(name, parsePullOptions(options), true);
    return first as string;
  });
}

/**
 * All files of a model: one, or the parts of a split one; `withVision`: then its vision part where that is a file of its own.
 * Throws as `pull` does.
 */
export function pullModel(
  name: string,
  o: ParsedPullOptions,
  withVision: boolean,
): Promise<string[]> {
  return withRepo(name, o, async (repo) => {
    const files = await chosenFiles(repo, name, o);
    return files && withVision ? withVisionFile(repo, files, o) : files;
  });
}

async function chosenFiles(
  repo: Repo,
  name: string,
  o: ParsedPullOptions,
): Promise<string[] | undefined> {
  const wanted = repo.id.file;
  // Only the cache may not have it: what the hub does not list is an error that names what it lists.
  if (repo.isPartial && matchingFiles(repo.files, wanted).length === 0) return undefined;
  return repo.fetch(chooseFiles(repo.files, wanted, name), o.onProgress);
}

async function withVisionFile(
  repo: Repo,
  files: string[],
  o: ParsedPullOptions,
): Promise<string[]> {
  const vision = visionFile(repo.files);
  if (vision === undefined || (await hasVision(files))) return files;
  return [...files, ...(await repo.fetch([vision], o.onProgress))];
}

/** Whether these files have the vision part in them; also when they are no models, which is found at loading. */
async function hasVision(files: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    files.map(async (file) => {
      const { tensors } = await native().inspect(file);
      return tensors.some(({ name }) => name.startsWith('v.'));
    }),
  ).catch(() => [true]);
  return found.includes(true);
}
