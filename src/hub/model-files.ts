/** A model as callers name it -> the files it is in on this disk: parts of a split one, models on the hub. */
import { makeError } from '../errors.js';
import { exists, requireParts } from '../model-parts.js';
import { type ModelSource, modelPaths } from '../options/arguments.js';
import { parsePullOptions } from '../options/hub.js';
import type { PullOptions } from '../options/types.js';
import { isBareRepo, isHubId } from './id.js';
import { pullModel } from './pull.js';

/** Throws ERR_MODEL_NOT_FOUND for parts that are missing and for names that are no paths, and what `pull` throws. */
export async function modelFiles(source: ModelSource, options?: PullOptions): Promise<string[]> {
  const names = modelPaths(source);
  const sets = await Promise.all(
    names.map(async (name) => {
      // With a vision part of its own, the one beside the language model is not wanted.
      if (isHubId(name)) return pullModel(name, parsePullOptions(options), names.length === 1);
      await refuseOtherNames(name);
      return requireParts(name);
    }),
  );
  return sets.flat();
}

/** Names that people paste and that are no paths. `owner/repo` is one where it exists; the network is not asked unless requested. */
export async function refuseOtherNames(name: string): Promise<void> {
  if (/^https?:\/\//i.test(name)) {
    throw makeError('ERR_MODEL_NOT_FOUND', 'the address of a model is not one of the hub', {
      name: 'source',
      found: 'an http address',
      expected: 'a path, hf:owner/repo or an address of huggingface.co',
      hint: 'download the file and give its path',
    });
  }
  if (!isBareRepo(name) || (await exists(name))) return;
  throw makeError('ERR_MODEL_NOT_FOUND', `${name} does not exist here`, {
    name: 'source',
    found: 'nothing of this name on the disk',
    expected: 'a path',
    hint: `for the model on the Hugging Face hub write hf:${name}`,
  });
}
