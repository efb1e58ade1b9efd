/**
 * Every tensor once: its GGUF name, its shape from the config, its name in a Hugging Face checkpoint, and where it is
 * in which order in a big_vision one (spec sections 8.2 to 8.4). Adding a tensor is adding a row. The mask codec's rows
 * are in mask-codec.ts; native/models/tensor_table.cpp expects the same names and shapes.
 */
import type { ModelConfig } from './config.js';
import { EMBEDDING, LM_HEAD } from './source-names.js';

export type TensorPart = 'text' | 'vision' | 'projector' | 'mask';

/**
 * What the number type depends on. `embedding`: the token table, `head`: an output matrix that is not the embedding. `matrix`: an operand of a matmul. `plain`:
 * small or sensitive to rounding, always f32. `norm`: plain, and a text norm, which is stored with 1 added.
 */
export type TensorRole = 'embedding' | 'head' | 'matrix' | 'plain' | 'norm';

/** One axis of a strided view: how many steps, and how many elements a step is. */
export type Axis = readonly [size: number, stride: number];

/** A view of an array whose rows and columns are read in another order than they lie. */
export interface StridedView {
  readonly rows: readonly Axis[];
  readonly columns: readonly Axis[];
}

export interface ArraySource {
  /** Path without `params/`. */
  readonly path: string;
  readonly shape: readonly number[];
  /** Elements before the part that belongs to this tensor: stacked layers, or k before v. */
  readonly offset: number;
  /** Absent: the elements lie in the order they are stored in. */
  readonly view?: StridedView;
}

export interface TensorSpec {
  readonly name: string;
  readonly part: TensorPart;
  readonly role: TensorRole;
  /** Row-major, as PyTorch prints it; ggml's is the reverse. */
  readonly shape: readonly number[];
  /** Sizes after zero padding, where they differ. */
  readonly padded?: readonly number[];
  /** The source may have more rows than are kept. */
  readonly moreRows?: boolean;
  /** Canonical Hugging Face name (source-names.ts). */
  readonly huggingFace: string;
  readonly bigVision: ArraySource;
}

/** All tensors of a model in file order: text, vision, projector. */
export function modelTensors(config: ModelConfig): TensorSpec[] {
  return [...textTensors(config), ...visionTensors(config), ...projectorTensors(config)];
}

// --- views ----------------------------------------------------------------------------------------------------------

/** [rows, columns] out of an array that holds [columns, rows]. */
function transposed(rows: number, columns: number): StridedView {
  return { rows: [[rows, 1]], columns: [[columns, rows]] };
}

/** [heads * headDim, width] out of an array that holds [heads, width, headDim]. */
function headsFirst(heads: number, headDim: number, width: number): StridedView {
  return {
    rows: [
      [heads, width * headDim],
      [headDim, 1],
    ],
    columns: [[width, headDim]],
  };
}

// --- text -----------------------------------------------------------------------------------------------------------

function textTensors({ text, vocabularySize, separateHead }: ModelConfig): TensorSpec[] {
  const { width: d, layers: L, feedForward: ff, heads: H, kvHeads: K, headDim: hd } = text;
  const gemma2 = text.architecture === 'gemma2';
  const specs: TensorSpec[] = [
    {
      name: 'token_embd.weight',
      part: 'text',
      role: 'embedding',
      shape: [vocabularySize, d],
      moreRows: true,
      huggingFace: EMBEDDING,
      bigVision: { path: 'llm/embedder/input_embedding', shape: [vocabularySize, d], offset: 0 },
    },
    {
      name: 'output_norm.weight',
      part: 'text',
      role: 'norm',
      shape: [d],
      huggingFace: 'text.norm.weight',
      bigVision: { path: 'llm/final_norm/scale', shape: [d], offset: 0 },
    },
  ];
  if (separateHead) {
    specs.push({
      name: 'output.weight',
      part: 'text',
      role: 'head',
      shape: [vocabularySize, d],
      moreRows: true,
      huggingFace: LM_HEAD,
      // big_vision ties always: no array is an output matrix.
      bigVision: { path: '', shape: [vocabularySize, d], offset: 0 },
    });
  }
  for (let n = 0; n < L; n++) {
    const norm = (name: string, hf: string, bv: string) =>
      specs.push({
        name: `blk.${n}.${name}.weight`,
        part: 'text',
        role: 'norm',
        shape: [d],
        huggingFace: `text.layers.${n}.${hf}.weight`,
        bigVision: { path: `llm/layers/${bv}/scale`, shape: [L, d], offset: n * d },
      });
    const matrix = (name: string, hf: string, shape: number[], bigVision: ArraySource) =>
      specs.push({
        name: `blk.${n}.${name}.weight`,
        part: 'text',
        role: 'matrix',
        shape,
        huggingFace: `text.layers.${n}.${hf}.weight`,
        bigVision,
      });
    norm('attn_norm', 'input_layernorm', 'pre_attention_norm');
    matrix('attn_q', 'self_attn.q_proj', [H * hd, d], {
      path: 'llm/layers/attn/q_einsum/w',
      shape: [L, H, d, hd],
      offset: n * H * d * hd,
      view: headsFirst(H, hd, d),
    });
    for (const [i, letter] of ['k', 'v'].entries()) {
      matrix(`attn_${letter}`, `self_attn.${letter}_proj`, [K * hd, d], {
        path: 'llm/layers/attn/kv_einsum/w',
        shape: [L, 2, K, d, hd],
        offset: (2 * n + i) * K * d * hd,
        view: headsFirst(K, hd, d),
      });
    }
    matrix('attn_output', 'self_attn.o_proj', [d, H * hd], {
      path: 'llm/layers/attn/attn_vec_einsum/w',
      shape: [L, H, hd, d],
      offset: n * H * hd * d,
      view: transposed(d, H * hd),
    });
    // The same Hugging Face name is two different norms: before the MLP in Gemma 1, after attention in Gemma 2.
    if (gemma2) {
      norm('post_attention_norm', 'post_attention_layernorm', 'post_attention_norm');
      norm('ffn_norm', 'pre_feedforward_layernorm', 'pre_ffw_norm');
    } else {
      norm('ffn_norm', 'post_attention_layernorm', 'pre_ffw_norm');
    }
    for (const [i, letter] of ['gate', 'up'].entries()) {
      matrix(`ffn_${letter}`, `mlp.${letter}_proj`, [ff, d], {
        path: 'llm/layers/mlp/gating_einsum',
        shape: [L, 2, d, ff],
        offset: (2 * n + i) * d * ff,
        view: transposed(ff, d),
      });
    }
    matrix('ffn_down', 'mlp.down_proj', [d, ff], {
      path: 'llm/layers/mlp/linear',
      shape: [L, ff, d],
      offset: n * ff * d,
      view: transposed(d, ff),
    });
    if (gemma2) norm('post_ffw_norm', 'post_feedforward_layernorm', 'post_ffw_norm');
  }
  return specs;
}

// --- vision ---------------------------------------------------------------------------------------------------------

function visionTensors({ vision }: ModelConfig): TensorSpec[] {
  const { width: w, layers: L, heads: H, feedForward: ff, paddedFeedForward: wide } = vision;
  const { patchSize: p, imageSize } = vision;
  const patches = (imageSize / p) ** 2;
  const hd = w / H;
  const specs: TensorSpec[] = [];
  const plain = (name: string, hf: string, shape: number[], bigVision: ArraySource) =>
    specs.push({
      name: `v.${name}`,
      part: 'vision',
      role: 'plain',
      shape,
      huggingFace: `vision.${hf}`,
      bigVision,
    });
  plain('patch_embd.weight', 'embeddings.patch_embedding.weight', [w, 3, p, p], {
    path: 'img/embedding/kernel',
    shape: [p, p, 3, w],
    offset: 0,
    view: {
      rows: [[w, 1]],
      columns: [
        [3, w],
        [p, p * 3 * w],
        [p, 3 * w],
      ],
    },
  });
  plain('patch_embd.bias', 'embeddings.patch_embedding.bias', [w], {
    path: 'img/embedding/bias',
    shape: [w],
    offset: 0,
  });
  plain('position_embd.weight', 'embeddings.position_embedding.weight', [patches, w], {
    path: 'img/pos_embedding',
    shape: [1, patches, w],
    offset: 0,
  });

  const block = 'img/Transformer/encoderblock';
  for (let n = 0; n < L; n++) {
    const hf = `encoder.layers.${n}`;
    const norm = (i: 1 | 2) => {
      for (const [word, letter] of [
        ['weight', 'scale'],
        ['bias', 'bias'],
      ] as const) {
        plain(`blk.${n}.ln${i}.${word}`, `${hf}.layer_norm${i}.${word}`, [w], {
          path: `${block}/LayerNorm_${i - 1}/${letter}`,
          shape: [L, w],
          offset: n * w,
        });
      }
    };
    const matrix = (
      name: string,
      hfName: string,
      shape: readonly [number, number],
      bigVision: Omit<ArraySource, 'offset' | 'view'>,
      padded?: readonly number[],
    ) =>
      specs.push({
        name: `v.blk.${n}.${name}.weight`,
        part: 'vision',
        role: 'matrix',
        shape,
        ...(padded ? { padded } : {}),
        huggingFace: `vision.${hf}.${hfName}.weight`,
        bigVision: {
          ...bigVision,
          offset: n * shape[0] * shape[1],
          view: transposed(shape[0], shape[1]),
        },
      });
    const bias = (name: string, hfName: string, path: string, shape: number[], padded?: number) => {
      const length = shape.reduce((a, b) => a * b);
      specs.push({
        name: `v.blk.${n}.${name}.bias`,
        part: 'vision',
        role: 'plain',
        shape: [length],
        ...(padded ? { padded: [padded] } : {}),
        huggingFace: `vision.${hf}.${hfName}.bias`,
        bigVision: { path, shape: [L, ...shape], offset: n * length },
      });
    };
    norm(1);
    for (const [letter, word] of [
      ['q', 'query'],
      ['k', 'key'],
      ['v', 'value'],
    ] as const) {
      const path = `${block}/MultiHeadDotProductAttention_0/${word}`;
      matrix(`attn_${letter}`, `self_attn.${letter}_proj`, [w, w], {
        path: `${path}/kernel`,
        shape: [L, w, H, hd],
      });
      bias(`attn_${letter}`, `self_attn.${letter}_proj`, `${path}/bias`, [H, hd]);
    }
    const out = `${block}/MultiHeadDotProductAttention_0/out`;
    matrix('attn_out', 'self_attn.out_proj', [w, w], {
      path: `${out}/kernel`,
      shape: [L, H, hd, w],
    });
    bias('attn_out', 'self_attn.out_proj', `${out}/bias`, [w]);
    norm(2);
    const mlp = `${block}/MlpBlock_0`;
    matrix('ffn_up', 'mlp.fc1', [ff, w], { path: `${mlp}/Dense_0/kernel`, shape: [L, w, ff] }, [
      wide,
      w,
    ]);
    bias('ffn_up', 'mlp.fc1', `${mlp}/Dense_0/bias`, [ff], wide);
    matrix('ffn_down', 'mlp.fc2', [w, ff], { path: `${mlp}/Dense_1/kernel`, shape: [L, ff, w] }, [
      w,
      wide,
    ]);
    bias('ffn_down', 'mlp.fc2', `${mlp}/Dense_1/bias`, [w]);
  }
  for (const [word, letter] of [
    ['weight', 'scale'],
    ['bias', 'bias'],
  ] as const) {
    plain(`post_ln.${word}`, `post_layernorm.${word}`, [w], {
      path: `img/Transformer/encoder_norm/${letter}`,
      shape: [w],
      offset: 0,
    });
  }
  return specs;
}

// --- projector ------------------------------------------------------------------------------------------------------

function projectorTensors({ text, vision }: ModelConfig): TensorSpec[] {
  const shape = [text.width, vision.width] as const;
  return [
    {
      name: 'mm.input_projection.weight',
      part: 'projector',
      role: 'matrix',
      shape,
      huggingFace: 'projector.linear.weight',
      bigVision: {
        path: 'img/head/kernel',
        shape: [vision.width, text.width],
        offset: 0,
        view: transposed(...shape),
      },
    },
    {
      name: 'mm.input_projection.bias',
      part: 'projector',
      role: 'plain',
      shape: [text.width],
      huggingFace: 'projector.linear.bias',
      bigVision: { path: 'img/head/bias', shape: [text.width], offset: 0 },
    },
  ];
}
