/** Which files of a repository a name means: one GGUF, all parts of a split one, the vision part beside it. */
import { makeError } from '../errors.js';
import { partNames } from '../model-parts.js';

const isGguf = (file: string): boolean => file.toLowerCase().endsWith('.gguf');
const isVision = (file: string): boolean => /mmproj/i.test(file);

/**
 * The files that `wanted` (a name or a part of one; absent: the only model, else the q8_0 one) can mean, each with the other
 * parts of a split model. A split model of which parts are missing is none.
 */
export function matchingFiles(files: readonly string[], wanted: string | undefined): string[][] {
  const all = files.filter(isGguf).flatMap((file) => {
    const parts = partNames(file);
    return parts[0] === file && parts.every((part) => files.includes(part)) ? [parts] : [];
  });
  if (wanted !== undefined && files.includes(wanted)) {
    const set = all.find((parts) => parts.includes(wanted));
    return [set ?? [wanted]];
  }
  const models = all.filter(([first]) => !isVision(first as string));
  if (wanted === undefined && models.length === 1) return models;
  const part = (wanted ?? 'q8_0').toLowerCase();
  const fitting = (sets: string[][]) =>
    sets.filter((parts) => parts.some((name) => name.toLowerCase().includes(part)));
  const found = fitting(models);
  return found.length > 0 || wanted === undefined ? found : fitting(all);
}

/** The files that `wanted` means. Throws ERR_HUB_NOT_FOUND with what is there. */
export function chooseFiles(
  files: readonly string[],
  wanted: string | undefined,
  id: string,
): string[] {
  const matches = matchingFiles(files, wanted);
  if (matches.length === 1) return matches[0] as string[];
  const models = files.filter(isGguf);
  if (models.length === 0) throw noModel(files, id);
  const candidates = matches.length > 1 ? matches.map(([first]) => first as string) : models;
  throw makeError(
    'ERR_HUB_NOT_FOUND',
    matches.length > 1
      ? `${id} names ${matches.length} models`
      : wanted === undefined
        ? `${id} has ${models.length} GGUF files, none of them q8_0`
        : `${id} has no such file`,
    {
      name: id,
      found: candidates.join(', '),
      expected: 'a name that fits one GGUF file',
      hint: `name one of: ${candidates.map((file) => `:${file}`).join(' ')}`,
    },
  );
}

function noModel(files: readonly string[], id: string): Error {
  const isAdapter = files.includes('adapter_config.json');
  const isCheckpoint = files.some((file) => /\.(safetensors|npz)$/.test(file));
  return makeError('ERR_HUB_NOT_FOUND', `${id} has no GGUF file`, {
    name: id,
    found: isAdapter ? 'a LoRA adapter' : isCheckpoint ? 'a checkpoint' : 'no GGUF file',
    expected: 'a GGUF file',
    ...(isAdapter
      ? { hint: 'it changes another model: merge it into that one and convert the result' }
      : isCheckpoint
        ? { remedy: 'convert-hub' }
        : {
            hint: 'look at its page for the name of a repository with GGUF files or a checkpoint',
          }),
  });
}

/** The vision part in a repository whose language model is a file of its own; of several the most exact small one. */
export function visionFile(files: readonly string[]): string | undefined {
  const found = files.filter((file) => isGguf(file) && isVision(file));
  const byType = ['f16', 'bf16', 'f32'].map((type) =>
    found.find((file) => new RegExp(`(^|[^a-z])${type}([^0-9]|$)`, 'i').test(file)),
  );
  return byType.find((file) => file !== undefined) ?? found[0];
}
