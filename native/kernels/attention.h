// Attention of many queries as one node of a ggml graph, on the CPU, without a matrix of scores.
#pragma once
#include <ggml.h>

namespace paligemma {

struct AttentionKernel;

// softmax(cap(scale * q k)) v, where every query sees every key. f32: q [head_dim, n_head, n_q], k
// and v [head_dim, n_head_kv, n_kv], heads of a row contiguous -> [head_dim * n_head, n_q]. Query
// head j reads key head j / (n_head / n_head_kv). softcap 0: none.
ggml_tensor* kernel_attention(ggml_context* ctx, const AttentionKernel* kernel, ggml_tensor* q,
                              ggml_tensor* k, ggml_tensor* v, float scale, float softcap);

// The same from a cache, for few queries: k and v f16, f32 or q8_0 [head_dim, n_head_kv, n_kv],
// mask f16 [n_kv, n_q], 0 where the query sees the key, else -infinity. head_dim: a multiple of 16,
// for q8_0 of 32.
ggml_tensor* kernel_decode_attention(ggml_context* ctx, const AttentionKernel* kernel,
                                     ggml_tensor* q, ggml_tensor* k, ggml_tensor* v,
                                     ggml_tensor* mask, float scale, float softcap);

}  // namespace paligemma
