/** The tiny PaliGemma 2 in the big_vision layout, which no reference file holds. */
import { npy, type Tensor, type Tensors } from './convert-sources.js';
import type { ZipMember } from './convert-zip.js';

/** The inverse of the converter's transforms, written from the shapes of spec 8.2 and 8.3 with plain loops. */
export function bigVisionArrays(source: Tensors): ZipMember[] {
  const [L, H, K, d, hd, ff] = [3, 4, 2, 96, 32, 192];
  const [VL, VH, w, vff] = [3, 2, 80, 200];
  const members: ZipMember[] = [];
  const put = (name: string, shape: number[], at: (index: number[]) => number) => {
    const data = Buffer.alloc(shape.reduce((a, b) => a * b) * 4);
    const index = shape.map(() => 0);
    for (let i = 0; i < data.length / 4; i++) {
      data.writeFloatLE(at(index), i * 4);
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        index[axis] = (index[axis] as number) + 1;
        if ((index[axis] as number) < (shape[axis] as number)) break;
        index[axis] = 0;
      }
    }
    members.push({ name: `${name}.npy`, data: npy('<f4', shape, data) });
  };
  const get = (name: string) => {
    const t = source.get(`model.${name}`);
    if (!t) throw new Error(name);
    const columns = t.shape.at(-1) as number;
    return (row: number, column = 0) => t.data.readFloatLE((row * columns + column) * 4);
  };
  type At = (i: number[]) => number;
  const text = (n: number, name: string) => get(`language_model.layers.${n}.${name}.weight`);
  const at =
    (f: (...i: number[]) => number): At =>
    (i) =>
      f(...i);
  put(
    'llm/embedder/input_embedding',
    [1792, d],
    at((v, c) => get('language_model.embed_tokens.weight')(v, c)),
  );
  put(
    'llm/final_norm/scale',
    [d],
    at((c) => get('language_model.norm.weight')(0, c)),
  );
  const norm = (bv: string, hf: string) =>
    put(
      `llm/layers/${bv}/scale`,
      [L, d],
      at((n, c) => text(n, hf)(0, c)),
    );
  norm('pre_attention_norm', 'input_layernorm');
  norm('post_attention_norm', 'post_attention_layernorm');
  norm('pre_ffw_norm', 'pre_feedforward_layernorm');
  norm('post_ffw_norm', 'post_feedforward_layernorm');
  put(
    'llm/layers/attn/q_einsum/w',
    [L, H, d, hd],
    at((n, h, c, k) => text(n, 'self_attn.q_proj')(h * hd + k, c)),
  );
  put(
    'llm/layers/attn/kv_einsum/w',
    [L, 2, K, d, hd],
    at((n, i, h, c, k) => text(n, i ? 'self_attn.v_proj' : 'self_attn.k_proj')(h * hd + k, c)),
  );
  put(
    'llm/layers/attn/attn_vec_einsum/w',
    [L, H, hd, d],
    at((n, h, k, c) => text(n, 'self_attn.o_proj')(c, h * hd + k)),
  );
  put(
    'llm/layers/mlp/gating_einsum',
    [L, 2, d, ff],
    at((n, i, c, f) => text(n, i ? 'mlp.up_proj' : 'mlp.gate_proj')(f, c)),
  );
  put(
    'llm/layers/mlp/linear',
    [L, ff, d],
    at((n, f, c) => text(n, 'mlp.down_proj')(c, f)),
  );
  const conv = source.get('model.vision_tower.embeddings.patch_embedding.weight') as Tensor;
  const V = (name: string) => get(`vision_tower.${name}`);
  put(
    'img/embedding/kernel',
    [14, 14, 3, w],
    at((y, x, c, o) => conv.data.readFloatLE((((o * 3 + c) * 14 + y) * 14 + x) * 4)),
  );
  put(
    'img/embedding/bias',
    [w],
    at((o) => V('embeddings.patch_embedding.bias')(0, o)),
  );
  put(
    'img/pos_embedding',
    [1, 16, w],
    at((_, p, c) => V('embeddings.position_embedding.weight')(p, c)),
  );
  const block = 'img/Transformer/encoderblock';
  const layer = (n: number, name: string) => V(`encoder.layers.${n}.${name}`);
  for (const i of [0, 1]) {
    put(
      `${block}/LayerNorm_${i}/scale`,
      [VL, w],
      at((n, c) => layer(n, `layer_norm${i + 1}.weight`)(0, c)),
    );
    put(
      `${block}/LayerNorm_${i}/bias`,
      [VL, w],
      at((n, c) => layer(n, `layer_norm${i + 1}.bias`)(0, c)),
    );
  }
  const attention = `${block}/MultiHeadDotProductAttention_0`;
  for (const [word, letter] of [
    ['query', 'q'],
    ['key', 'k'],
    ['value', 'v'],
  ] as const) {
    const size = w / VH;
    const name = `self_attn.${letter}_proj`;
    put(
      `${attention}/${word}/kernel`,
      [VL, w, VH, size],
      at((n, c, h, k) => layer(n, `${name}.weight`)(h * size + k, c)),
    );
    put(
      `${attention}/${word}/bias`,
      [VL, VH, size],
      at((n, h, k) => layer(n, `${name}.bias`)(0, h * size + k)),
    );
  }
  put(
    `${attention}/out/kernel`,
    [VL, VH, w / VH, w],
    at((n, h, k, c) => layer(n, 'self_attn.out_proj.weight')(c, (h * w) / VH + k)),
  );
  put(
    `${attention}/out/bias`,
    [VL, w],
    at((n, c) => layer(n, 'self_attn.out_proj.bias')(0, c)),
  );
  put(
    `${block}/MlpBlock_0/Dense_0/kernel`,
    [VL, w, vff],
    at((n, c, f) => layer(n, 'mlp.fc1.weight')(f, c)),
  );
  put(
    `${block}/MlpBlock_0/Dense_0/bias`,
    [VL, vff],
    at((n, f) => layer(n, 'mlp.fc1.bias')(0, f)),
  );
  put(
    `${block}/MlpBlock_0/Dense_1/kernel`,
    [VL, vff, w],
    at((n, f, c) => layer(n, 'mlp.fc2.weight')(c, f)),
  );
  put(
    `${block}/MlpBlock_0/Dense_1/bias`,
    [VL, w],
    at((n, c) => layer(n, 'mlp.fc2.bias')(0, c)),
  );
  put(
    'img/Transformer/encoder_norm/scale',
    [w],
    at((c) => V('post_layernorm.weight')(0, c)),
  );
  put(
    'img/Transformer/encoder_norm/bias',
    [w],
    at((c) => V('post_layernorm.bias')(0, c)),
  );
  put(
    'img/head/kernel',
    [w, d],
    at((c, o) => get('multi_modal_projector.linear.weight')(o, c)),
  );
  put(
    'img/head/bias',
    [d],
    at((o) => get('multi_modal_projector.linear.bias')(0, o)),
  );
  return members;
}
