/** PaliGemma models on this machine: the demo model, those of the hub's cache, and files of folders. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { mainType } from '../bench/report.js';
import { findDemoModel } from '../demo-model.js';
import { cacheFolder } from '../hub/settings.js';
import { inspect } from '../inspect.js';

export interface LocalModel {
  /** What `--model` takes: a path. */
  readonly file: string;
  /** `general.name` of the file. */
  readonly name: string;
  /** Of the large matrices. */
  readonly type: string;
  readonly bytes: number;
  readonly imageSize: number | undefined;
  /** The demo model, a repository of the hub, or a folder. */
  readonly from: string;
}

/** More files of one folder are not looked at. */
const MOST_FILES = 1000;

/** Each file once. Folders that cannot be read have no models; files that are no PaliGemma are left out. */
export async function localModels(folders: readonly string[]): Promise<LocalModel[]> {
  const places = new Map<string, string>();
  const demo = findDemoModel();
  if (demo !== undefined) places.set(demo, 'demo model');
  for (const folder of folders) {
    for (const file of await ggufFiles(folder, false)) {
      if (!places.has(file)) places.set(file, folder);
    }
  }
  for (const file of await ggufFiles(cacheFolder(), true)) {
    const [, repo] = /models--([^/\\]+)[/\\]snapshots[/\\]/.exec(file) ?? [];
    if (repo !== undefined) places.set(file, `hf:${repo.replaceAll('--', '/')}`);
  }
  const models = await Promise.all([...places].map(([file, from]) => look(file, from)));
  return models.filter((model) => model !== undefined);
}

async function ggufFiles(folder: string, recursive: boolean): Promise<string[]> {
  const names = await readdir(folder, { recursive }).catch((): string[] => []);
  return names
    .filter((name) => name.endsWith('.gguf'))
    .sort()
    .slice(0, MOST_FILES)
    .map((name) => path.resolve(folder, name));
}

async function look(file: string, from: string): Promise<LocalModel | undefined> {
  const info = await inspect(file).catch(() => undefined);
  if (info?.metadata['clip.projector_type'] !== 'paligemma') return undefined;
  const bytesByType: Record<string, number> = {};
  for (const { type, bytes } of info.tensors) {
    bytesByType[type] = (bytesByType[type] ?? 0) + bytes;
  }
  const name = info.metadata['general.name'];
  const size = info.metadata['clip.vision.image_size'];
  return {
    file,
    name: typeof name === 'string' ? name : path.basename(file, '.gguf'),
    type: mainType(bytesByType),
    bytes: info.fileBytes,
    imageSize: typeof size === 'number' ? size : undefined,
    from,
  };
}
