/** A checkpoint on the hub -> its folder, or its .npz, in the shared cache. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { makeError } from '../errors.js';
import { type HubSettings, type Repo, withRepo } from '../hub/repo.js';
import { parseJsonObject } from './strict-json.js';

export interface HubCheckpoint {
  /** Folder or .npz file. */
  readonly source: string;
  /** The repository's own name. */
  readonly name: string;
  /** Takes away again what was downloaded for it; what was in the cache before stays. */
  removeDownloads(): Promise<void>;
}

const INDEX = 'model.safetensors.index.json';
const SINGLE = 'model.safetensors';

/**
 * Downloads what the cache does not have. `checkArchive` throws when an .npz cannot be converted with what the caller has
 * given; it is called before one is downloaded. Throws as `pull` does.
 */
export function fetchCheckpoint(
  name: string,
  settings: HubSettings,
  onProgress: (loaded: number, total: number) => void,
  checkArchive: () => void,
): Promise<HubCheckpoint> {
  return withRepo(name, settings, async (repo) => {
    const source = await fetchFrom(repo, name, onProgress, checkArchive);
    if (source === undefined) return undefined;
    return {
      source,
      name: repo.id.repo.replace(/^.*\//, ''),
      removeDownloads: () => repo.removeDownloads(),
    };
  });
}

async function fetchFrom(
  repo: Repo,
  name: string,
  onProgress: (loaded: number, total: number) => void,
  checkArchive: () => void,
): Promise<string | undefined> {
  const archives = repo.files.filter((file) => file.endsWith('.npz'));
  const { file } = repo.id;
  if (file !== undefined || !repo.files.includes('config.json')) {
    const found = archives.filter((archive) => file === undefined || archive.includes(file));
    if (found.length === 1) {
      checkArchive();
      return (await repo.fetch(found, onProgress))[0];
    }
    if (repo.isPartial) return undefined;
    throw noCheckpoint(repo, name, found);
  }
  // Small, and which of them matter is for the readers to say.
  const settings = repo.files.filter((file) => /^[^/]+\.(json|model)$/.test(file));
  await repo.fetch(settings);
  const weights = await weightFiles(repo);
  if (weights.length === 0 || weights.some((file) => !repo.files.includes(file))) {
    if (repo.isPartial) return undefined;
    throw noCheckpoint(repo, name, []);
  }
  await repo.fetch(weights, onProgress);
  return repo.folder;
}

/** Files of the weights: those of the index, where there is one. */
async function weightFiles(repo: Repo): Promise<string[]> {
  if (repo.files.includes(INDEX)) {
    const index = parseJsonObject(await readFile(path.join(repo.folder, INDEX)), INDEX);
    const map = index.get('weight_map');
    if (map instanceof Map) return [...new Set([...map.values()].map(String))];
  }
  if (repo.files.includes(SINGLE)) return [SINGLE];
  return repo.files.filter((file) => /^[^/]+\.safetensors$/.test(file));
}

function noCheckpoint(repo: Repo, name: string, archives: readonly string[]): Error {
  const models = repo.files.filter((file) => file.endsWith('.gguf'));
  const isAmbiguous = archives.length > 1;
  if (repo.files.includes('adapter_config.json')) {
    return makeError('ERR_MODEL_ADAPTER', `${name} holds an adapter, not a whole model`, {
      name,
      found: 'adapter_config.json and no config.json',
      expected: 'a whole checkpoint',
      hint: 'merge it into its base in Python, and convert the merged folder',
    });
  }
  return makeError(
    'ERR_HUB_NOT_FOUND',
    isAmbiguous ? `${name} names ${archives.length} files` : `${name} is no checkpoint to convert`,
    {
      name,
      found: (isAmbiguous ? archives : repo.files).slice(0, 20).join(', ') || 'no files',
      expected: 'config.json and safetensors files, or one .npz',
      hint: isAmbiguous
        ? `name one of: ${archives.map((archive) => `:${archive}`).join(' ')}`
        : models.length > 0
          ? 'it holds GGUF files, which are loaded as they are'
          : 'choose a repository or revision with safetensors files',
    },
  );
}
