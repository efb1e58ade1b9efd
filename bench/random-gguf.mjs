// Writes a GGUF of any sizes with random weights, through the converter's own parts. The sizes of the published models are
// in random-model.mjs; tests bring tiny ones.
import { configFromJson } from '../lib/convert/config-json.js';
import { GgufWriter } from '../lib/convert/gguf-writer.js';
import { modelKeys } from '../lib/convert/metadata.js';
import { OutputFile } from '../lib/convert/output-file.js';
import { planTensor, STORAGE_TYPES } from '../lib/convert/storage-types.js';
import { parseJsonObject } from '../lib/convert/strict-json.js';
import { modelTensors } from '../lib/convert/tensor-names.js';
import { native } from '../lib/native/binding.js';

const PATTERN_NUMBERS = 1 << 22;

/** The config of a model whose config.json holds these two sections; `vocabulary` is the number of pieces. */
export function configOf(textConfig, visionConfig, vocabulary) {
  const json = {
    model_type: 'paligemma',
    image_token_index: vocabulary,
    text_config: textConfig,
    vision_config: { model_type: 'siglip_vision_model', ...visionConfig },
  };
  return configFromJson(parseJsonObject(Buffer.from(JSON.stringify(json)), 'config'), {});
}

/** `count` random numbers in rows of `columns`, as bytes of `type`. */
async function randomRows(type, columns, count, scale) {
  const rows = Math.ceil(count / columns);
  const numbers = new Float32Array(rows * columns);
  let state = columns;
  for (let i = 0; i < numbers.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    numbers[i] = (state / 2 ** 31 - 1) * scale;
  }
  const bytes = new Uint8Array(numbers.buffer);
  return type === 'f32' ? bytes : native().quantize(bytes, 'f32', type, columns, rows);
}

/**
 * One endless stream of random rows for each type and width, which the tensors share: it repeats after PATTERN_NUMBERS
 * values, so that gigabytes take no longer than the disk does.
 */
class Streams {
  #streams = new Map();

  constructor(tensors) {
    for (const t of tensors) {
      const key = `${t.type} ${t.columns}`;
      const stream = this.#streams.get(key) ?? { numbers: 0, at: 0, bytes: undefined };
      stream.numbers = Math.min(stream.numbers + t.rows * t.columns, PATTERN_NUMBERS);
      this.#streams.set(key, stream);
    }
  }

  async write(writer, t) {
    const stream = this.#streams.get(`${t.type} ${t.columns}`);
    // Uniform numbers of this scale keep the variance of what flows through.
    stream.bytes ??= await randomRows(t.type, t.columns, stream.numbers, Math.sqrt(3 / t.columns));
    for (let left = t.bytes; left > 0; ) {
      const part = stream.bytes.subarray(stream.at, stream.at + left);
      await writer.append(part);
      left -= part.length;
      stream.at = (stream.at + part.length) % stream.bytes.length;
    }
  }
}

/** Resolves with the number of bytes written. An existing file is replaced. */
export async function writeRandomGguf(file, config, vocabulary, { name, type, isUniform = false }) {
  // `convert` spares the embedding the coarsest types; peers do not.
  const asProduct = (spec) => (spec.role === 'embedding' ? { ...spec, role: 'linear' } : spec);
  const tensors = modelTensors(config).map((spec) =>
    planTensor(isUniform ? asProduct(spec) : spec, type),
  );
  const entries = tensors.map((t) => ({
    name: t.spec.name,
    shape: t.shape,
    typeId: STORAGE_TYPES[t.type].id,
    bytes: t.bytes,
  }));
  const output = await OutputFile.create(file, true);
  const writer = new GgufWriter(output, entries);
  const isNorm = (t) => /norm|ln\d|post_ln/.test(t.spec.name) && t.spec.name.endsWith('.weight');
  const streams = new Streams(tensors.filter((t) => !isNorm(t)));
  await writer.begin(modelKeys(config, vocabulary, name, type).header(entries));
  for (const t of tensors) {
    await writer.next();
    if (isNorm(t)) await writer.append(new Uint8Array(new Float32Array(t.columns).fill(1).buffer));
    else await streams.write(writer, t);
  }
  await writer.finish();
  await output.commit();
  return writer.written;
}
