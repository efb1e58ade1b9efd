/** A table of the documents: how large models are on disk. */
import { configFromJson } from '../../src/convert/config-json.js';
import { planTensor } from '../../src/convert/storage-types.js';
import { parseJsonObject } from '../../src/convert/strict-json.js';
import { modelTensors } from '../../src/convert/tensor-names.js';
import { WEIGHT_TYPES } from '../../src/index.js';

/** Language models of the published sizes: transformers' config.json of each, as far as sizes go. */
const PUBLISHED = {
  'PaliGemma 3B': ['gemma', 2048, 18, 16_384, 8, 1, 256],
  'PaliGemma 2 3B': ['gemma2', 2304, 26, 9216, 8, 4, 256],
  'PaliGemma 2 10B': ['gemma2', 3584, 42, 14_336, 16, 8, 256],
  'PaliGemma 2 28B': ['gemma2', 4608, 46, 36_864, 32, 16, 128],
} as const;

/** Bytes of the weights as the converter would store them, in millions. */
export function sizeTable(): string {
  const rows = Object.entries(PUBLISHED).map(
    ([name, [type, width, layers, ff, heads, kv, dim]]) => {
      const json = {
        model_type: 'paligemma',
        image_token_index: 257_152,
        text_config: {
          model_type: type,
          hidden_size: width,
          num_hidden_layers: layers,
          intermediate_size: ff,
          num_attention_heads: heads,
          num_key_value_heads: kv,
          head_dim: dim,
        },
        vision_config: {
          hidden_size: 1152,
          intermediate_size: 4304,
          num_attention_heads: 16,
          num_hidden_layers: 27,
          patch_size: 14,
          image_size: 224,
        },
      };
      const config = configFromJson(parseJsonObject(Buffer.from(JSON.stringify(json)), name), {});
      const cells = WEIGHT_TYPES.map((weightType) => {
        const plans = modelTensors(config).map((spec) => planTensor(spec, weightType));
        return Math.round(plans.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toString();
      });
      return [`${name}, 224 pixels`, ...cells];
    },
  );
  const head = ['Model', ...WEIGHT_TYPES.map((type) => `\`${type}\``)];
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}
