/**
 * `convert`: a published PaliGemma checkpoint in, one GGUF file out. This file is the order of steps; formats, names,
 * types and files each have their own module.
 */
import { realpath, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { atCaller } from '../caller.js';
import { makeError } from '../errors.js';
import { isHubId } from '../hub/id.js';
import { refuseOtherNames } from '../hub/model-files.js';
import { holdRepo } from '../hub/repo.js';
import type { WeightType } from '../options/closed-sets.js';
import { type ParsedConvertOptions, parseConvertOptions } from '../options/convert.js';
import { withShortPaths } from '../options/file.js';
import type { ConvertProgress } from '../options/progress.js';
import type { ConvertOptions } from '../options/types.js';
import { type Checkpoint, formatShape } from './checkpoint.js';
import { type ModelConfig, variantName } from './config.js';
import { configFromArrays } from './config-arrays.js';
import { configFromJson } from './config-json.js';
import { rowsToKeep } from './embedding-rows.js';
import { aligned, type GgufTensorEntry, GgufWriter } from './gguf-writer.js';
import { fetchCheckpoint } from './hub-source.js';
import {
  bindArrays,
  bindHuggingFace,
  canonicalTensors,
  isParameter,
  parameterArrays,
} from './inventory.js';
import { isTrainingState, maskCodecTensors } from './mask-codec.js';
import { modelKeys } from './metadata.js';
import { openNpz } from './npz.js';
import { checkTarget, OutputFile } from './output-file.js';
import { fillInTied, untied } from './output-head.js';
import { openSafetensorsFolder } from './safetensors.js';
import { SourceFile } from './source-file.js';
import { EMBEDDING } from './source-names.js';
import { type PlannedTensor, planTensor, STORAGE_TYPES } from './storage-types.js';
import { parseJsonObject } from './strict-json.js';
import { TemporaryFile } from './temporary-file.js';
import { type BoundTensor, ChunkBuffers, storedChunks } from './tensor-data.js';
import { modelTensors } from './tensor-names.js';
import {
  readVocabulary,
  type Vocabulary,
  type VocabularySize,
  withUnnamed,
} from './tokenizer-source.js';

export interface ConvertedTensor {
  readonly name: string;
  /** Fastest first, as in ggml and as `inspect` prints it. */
  readonly shape: readonly number[];
  readonly type: WeightType;
  /** Why the tensor differs from what was asked or from the source. */
  readonly note?: string;
}

export interface ConvertReport {
  /** Absolute path. */
  readonly output: string;
  readonly bytes: number;
  readonly architecture: 'gemma' | 'gemma2';
  /** `3b-448`, or `custom`. */
  readonly variant: string;
  readonly hasMaskCodec: boolean;
  readonly tensors: readonly ConvertedTensor[];
  /** What a reader of the file should know: deviations, paddings, what was dropped. */
  readonly notes: readonly string[];
}

const MAX_CONFIG = 1 << 20;

/**
 * Converts a Hugging Face folder or a big_vision `.npz`, here or on the hub, to one GGUF file. Memory stays at a few
 * chunks of 32 MiB, plus one matrix for an `.npz`, whose matrices are transposed. The output appears under its name only
 * when complete; a conversion that was killed is simply run again.
 *
 * @example
 * const report = await convert({ source: 'paligemma-3b-mix-224', output: 'mix-224.gguf', type: 'q8_0' });
 * console.log(report.bytes, report.notes);
 */
export async function convert(options: ConvertOptions): Promise<ConvertReport> {
  return atCaller(convert, () => converted(options));
}

async function converted(options: ConvertOptions): Promise<ConvertReport> {
  const parsed = parseConvertOptions(options);
  parsed.signal?.throwIfAborted();
  const { source, output, tokenizer, maskCodec } = parsed;
  try {
    if (isHubId(options.source)) return await convertFromHub(options, parsed);
    await refuseOtherNames(options.source);
    return await convertLocal(parsed);
  } catch (error) {
    const paths = [source, output, tokenizer, maskCodec];
    throw withShortPaths(
      error,
      paths.filter((one) => typeof one === 'string'),
    );
  }
}

async function convertFromHub(
  { source, name }: ConvertOptions,
  options: ParsedConvertOptions,
): Promise<ConvertReport> {
  // Before gigabytes are downloaded for it.
  await checkTarget(options.output, options.overwrite);
  return holdRepo(source, options.signal, async () => {
    const checkpoint = await fetchCheckpoint(
      source,
      options,
      (done, total) => options.onProgress?.({ stage: 'download', tensor: '', done, total }),
      () => requireTokenizer(options),
    );
    const report = await convertLocal({
      ...options,
      source: checkpoint.source,
      name: name ?? checkpoint.name,
    });
    if (!options.keepDownload) await checkpoint.removeDownloads();
    return report;
  });
}

async function convertLocal(parsed: ParsedConvertOptions): Promise<ConvertReport> {
  const conversion = new Conversion(parsed);
  try {
    return await conversion.run();
  } catch (error) {
    // Whatever broke because of the abort, the caller gets the reason he gave.
    if (parsed.signal?.aborted) throw parsed.signal.reason;
    throw error;
  } finally {
    await conversion.close();
  }
}

/** A model as the source describes it, ready to be written. */
interface Model {
  readonly config: ModelConfig;
  readonly vocabulary: Vocabulary;
  readonly tensors: readonly BoundTensor[];
}

class Conversion {
  private readonly checkpoints: Checkpoint[] = [];
  private readonly temporary: TemporaryFile;
  private readonly notes: string[] = [];

  constructor(private readonly options: ParsedConvertOptions) {
    this.temporary = new TemporaryFile(options.output, options.signal);
  }

  async close(): Promise<void> {
    // All of them, whatever one says: they were only read, so nothing is lost, and must not hide why the conversion failed.
    await Promise.allSettled([...this.checkpoints, this.temporary].map((file) => file.close()));
  }

  async run(): Promise<ConvertReport> {
    const { options } = this;
    const model = await this.readModel();
    const codec = options.maskCodec ? await this.readMaskCodec(options.maskCodec) : [];
    const tensors = [...model.tensors, ...codec];
    this.describeDeviations(
      tensors.map((t) => t.plan),
      model.config,
    );
    const bytes = await this.write(model, tensors);
    return {
      output: options.output,
      bytes,
      architecture: model.config.text.architecture,
      variant: variantName(model.config),
      hasMaskCodec: codec.length > 0,
      tensors: tensors.map(({ plan }) => ({
        name: plan.spec.name,
        shape: [...plan.shape].reverse(),
        type: plan.type,
        ...(plan.note === undefined ? {} : { note: plan.note }),
      })),
      notes: this.notes,
    };
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  private async readModel(): Promise<Model> {
    const { source } = this.options;
    const found = await stat(source).catch((cause) => {
      throw makeError('ERR_MODEL_NOT_FOUND', `${source} does not exist`, {
        name: 'source',
        found: 'nothing',
        expected: 'the folder of a Hugging Face checkpoint, or an .npz file',
        cause,
      });
    });
    if (found.isDirectory()) return this.readHuggingFace();
    if (source.endsWith('.npz')) return this.readBigVision();
    const hint = /\.(safetensors|json|model)$/.test(source)
      ? `give the folder: ${path.dirname(source)}`
      : source.endsWith('.gguf') && 'a GGUF file is loaded as it is';
    throw makeError('ERR_MODEL_FORMAT', `${source} is neither a folder nor an .npz file`, {
      name: 'source',
      found: path.basename(source),
      expected: 'the folder of a Hugging Face checkpoint, or an .npz file',
      ...(hint && { hint }),
    });
  }

  private async readHuggingFace(): Promise<Model> {
    const { source, tokenizer, type } = this.options;
    const checkpoint = await this.keep(openSafetensorsFolder(source, this.notes));
    const settings = configFromJson(await readConfigJson(source), this.options);
    this.notes.push(...settings.notes);
    const canonical = canonicalTensors(checkpoint, this.notes);
    const filled = fillInTied(canonical, settings.tied, this.notes);
    const embedding = filled.get(EMBEDDING);
    const named = await this.readVocabulary(
      tokenizer ? [tokenizer] : await tokenizerFiles(source),
      {
        base: settings.vocabularySize,
        imageTokenId: settings.imageTokenId,
        rows: embedding?.shape[0] ?? Number.POSITIVE_INFINITY,
      },
    );
    const present = named.pieces.length;
    const rows = embedding
      ? await rowsToKeep(embedding, named.named, present, this.notes)
      : present;
    const vocabulary = withUnnamed(named, rows, settings.imageTokenId);
    const { tensors, separateHead } = await untied(filled, rows, this.notes);
    const config = { ...settings, separateHead, vocabularySize: rows };
    const plans = modelTensors(config).map((spec) => planTensor(spec, type));
    const bound = bindHuggingFace(plans, tensors, this.notes, config.assumed);
    return { config, vocabulary, tensors: bound };
  }

  private async readBigVision(): Promise<Model> {
    const { source, type } = this.options;
    const tokenizer = requireTokenizer(this.options);
    const checkpoint = await this.keep(
      openNpz(source, this.temporary, (names) => {
        const wanted = isParameter(names);
        const left = names.filter((name) => !wanted(name));
        if (left.length > 0) {
          const what = left.length === 1 ? '1 array' : `${left.length} arrays`;
          this.notes.push(`${what} outside params/ left out, as big_vision does: ${left[0]} …`);
        }
        return wanted;
      }),
    );
    const arrays = parameterArrays(checkpoint);
    const config = configFromArrays(arrays, this.options);
    const plans = modelTensors(config).map((spec) => planTensor(spec, type));
    this.notes.push(...config.notes);
    const tensors = bindArrays(plans, arrays, this.notes);
    const { vocabularySize } = config;
    const vocabulary = await this.readVocabulary([tokenizer], {
      base: vocabularySize,
      imageTokenId: undefined,
      rows: vocabularySize,
    });
    return { config, vocabulary, tensors };
  }

  private async readVocabulary(
    files: readonly string[],
    size: VocabularySize,
  ): Promise<Vocabulary> {
    const vocabulary = await readVocabulary(files, size);
    this.notes.push(...vocabulary.notes);
    return vocabulary;
  }

  private async readMaskCodec(file: string): Promise<BoundTensor[]> {
    const checkpoint = await this.keep(openNpz(file, this.temporary));
    const plans = maskCodecTensors().map((spec) => planTensor(spec, this.options.type));
    return bindArrays(
      plans,
      checkpoint.tensors,
      this.notes,
      'the mask codec vae-oid.npz',
      isTrainingState,
    );
  }

  private async keep(opening: Promise<Checkpoint>): Promise<Checkpoint> {
    const checkpoint = await opening;
    this.checkpoints.push(checkpoint);
    return checkpoint;
  }

  // --- notes ---------------------------------------------------------------------------------------------------------

  private describeDeviations(plans: readonly PlannedTensor[], { vision }: ModelConfig): void {
    const counts = new Map<string, number>();
    for (const { spec, note } of plans) {
      for (const part of note?.split('; ') ?? []) {
        if (!part.includes(' instead of ')) continue;
        const key = `${spec.part} tensor ${part}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    for (const [what, count] of counts) {
      this.notes.push(
        `${count} ${what.replace(' tensor ', count === 1 ? ' tensor is ' : ' tensors are ')}`,
      );
    }
    if (vision.paddedFeedForward !== vision.feedForward) {
      this.notes.push(
        `the vision MLP is stored ${vision.paddedFeedForward} wide instead of ${vision.feedForward}: the zeros added change no result`,
      );
    }
    if (!this.options.maskCodec) {
      this.notes.push('no mask codec: segmentation answers cannot be turned into masks');
    }
  }

  // --- writing -------------------------------------------------------------------------------------------------------

  private async write(model: Model, tensors: readonly BoundTensor[]): Promise<number> {
    const { options } = this;
    const table = tensors.map(({ plan }) => tableEntry(plan));
    const keys = modelKeys(model.config, model.vocabulary, options.name, options.type);
    const header = keys.header(table);
    const total = table.reduce((sum, t) => sum + aligned(t.bytes), header.length);
    await this.refuseOwnSource(model.vocabulary.file);
    const output = await OutputFile.create(options.output, options.overwrite);
    try {
      await assertRoom(options.output, total);
      const writer = new GgufWriter(output, table);
      await writer.begin(header);
      this.report('write', '', writer.written, total);
      const buffers = new ChunkBuffers();
      for (const tensor of tensors) {
        await writer.next();
        for await (const chunk of storedChunks(tensor, buffers)) {
          options.signal?.throwIfAborted();
          await writer.append(chunk);
          this.report('write', tensor.plan.spec.name, writer.written, total);
        }
      }
      await writer.finish();
      for (const checkpoint of this.checkpoints) await checkpoint.assertUnchanged();
      options.signal?.throwIfAborted();
      this.report('sync', '', total, total);
      await output.commit();
    } catch (error) {
      await output.discard();
      throw error;
    }
    this.report('done', '', total, total);
    return total;
  }

  private report(
    stage: ConvertProgress['stage'],
    tensor: string,
    done: number,
    total: number,
  ): void {
    this.options.onProgress?.({ stage, tensor, done, total });
  }

  /** With `overwrite` an output that is one of the sources would destroy it. */
  private async refuseOwnSource(tokenizer: string): Promise<void> {
    const output = await realpath(this.options.output).catch(() => undefined);
    if (output === undefined) return;
    const config = path.join(this.options.source, 'config.json');
    for (const file of [tokenizer, config, ...this.checkpoints.flatMap((c) => c.paths)]) {
      if ((await realpath(file).catch(() => '')) !== output) continue;
      throw makeError(
        'ERR_OUTPUT',
        `${output} is read by this conversion and cannot be its output`,
        {
          name: 'output',
          found: 'a source file',
          expected: 'another file',
        },
      );
    }
  }
}

function tableEntry(plan: PlannedTensor): GgufTensorEntry {
  if (plan.rows * plan.columns !== plan.shape.reduce((a, b) => a * b, 1)) {
    throw new Error(`${plan.spec.name}: ${formatShape(plan.shape)} is no ${plan.rows} rows`);
  }
  return {
    name: plan.spec.name,
    shape: plan.shape,
    typeId: STORAGE_TYPES[plan.type].id,
    bytes: plan.bytes,
  };
}

function requireTokenizer({ tokenizer }: ParsedConvertOptions): string {
  if (tokenizer) return tokenizer;
  throw makeError('ERR_OPTION_TYPE', 'an .npz holds no tokenizer', {
    name: 'tokenizer',
    found: 'undefined',
    expected: 'the path of a tokenizer.model or tokenizer.json',
    remedy: 'tokenizer',
  });
}

async function readConfigJson(folder: string) {
  const config = path.join(folder, 'config.json');
  if (!(await stat(config).catch(() => undefined))) {
    throw makeError('ERR_MODEL_NOT_FOUND', `${folder} holds weights but no config.json`, {
      name: config,
      found: 'nothing',
      expected: 'the settings of the model',
      hint: 'copy config.json from the checkpoint that was fine-tuned',
    });
  }
  const file = await SourceFile.open(config, 'the settings');
  try {
    return parseJsonObject(await file.readAll(MAX_CONFIG), 'config.json');
  } finally {
    await file.close();
  }
}

/** Tokenizer files of a folder; tokenizer.model first, because it carries the real scores and types. */
async function tokenizerFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of ['tokenizer.model', 'tokenizer.json']) {
    const file = path.join(folder, name);
    if (await stat(file).catch(() => undefined)) files.push(file);
  }
  if (files.length > 0) return files;
  throw makeError('ERR_MODEL_NOT_FOUND', `${folder} holds no tokenizer`, {
    name: 'tokenizer',
    found: 'nothing',
    expected: 'tokenizer.model or tokenizer.json',
    remedy: 'tokenizer-elsewhere',
  });
}

/** Fails before the work instead of after it, where the file system tells how much room there is. */
async function assertRoom(output: string, bytes: number): Promise<void> {
  const disk = await statfs(path.dirname(output)).catch(() => undefined);
  if (!disk || disk.blocks === 0) return;
  const free = disk.bavail * disk.bsize;
  if (free >= bytes) return;
  throw makeError('ERR_DISK_FULL', `the file needs ${bytes} bytes, the disk has ${free} free`, {
    name: output,
    found: `${free} bytes free`,
    expected: `${bytes} bytes`,
  });
}
