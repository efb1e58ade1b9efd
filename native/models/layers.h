// Building blocks of both networks. Shapes are in ggml order, fastest first. Every matmul weight
// goes through the linear functions.
#pragma once
#include <algorithm>
#include <cstdint>

#include "compute/graph.h"

namespace paligemma {
struct AttentionKernel;
}

namespace paligemma::layers {

// How the networks are computed on one backend; decided once at load.
struct Policy {
    // Exact tanh GELU instead of ggml's 16-bit table on the CPU (relative error up to 1e-3); our
    // kernels are always exact.
    bool exact_gelu = false;
    // Fused attention for a single row (decode) and for many (encode, prefill). On the CPU matmuls
    // are faster for many rows: ggml's tiled kernel refuses heads of 72, and includes the padding
    // after the last keys when there is a soft-cap and no mask. A backend without the fused
    // operation uses matmuls for both.
    bool fused_decode = true;
    bool fused_prefill = false;
    // Takes precedence over both where there is one. With a mask it is for few queries.
    const AttentionKernel* attention_kernel = nullptr;
    // Operations per node, at most; a multiply-add is two. A node cannot be interrupted, so this
    // bounds the cancel latency.
    double max_node_flops = 6e9;
    // Pictures per pass through the vision tower. On the CPU one: its matmuls are large enough, and
    // more rows than fit the caches cost time (four took a seventh longer).
    int max_pictures = 1;
    // Bytes of attention scores held at once: an 896-pixel picture has 1 GiB of them per layer
    // otherwise.
    int64_t max_score_bytes = 64 << 20;

    // Rows of activations per node of an n_in x n_out matmul.
    int64_t rows_per_node(int64_t n_in, int64_t n_out) const {
        const auto rows = static_cast<int64_t>(max_node_flops / (2.0 * n_in * n_out));
        return std::max<int64_t>(64, rows / 64 * 64);
    }
    // Queries per node; `width` is that of all heads together.
    int64_t query_rows(int64_t n_kv, int64_t n_head, int64_t width) const {
        const double flops = 4.0 * static_cast<double>(n_kv * width);
        int64_t rows = static_cast<int64_t>(max_node_flops / 4 / flops);  // a slower kind of work
        if (attention_kernel == nullptr)
            rows = std::min(rows, max_score_bytes / (n_kv * n_head * 4));
        return std::max<int64_t>(32, rows / 32 * 32);
    }
};

// Nodes that a graph of `n_layers` layers needs at most, over n_sequences of n rows of which each
// attends to itself alone. n_query: width of all query heads together.
int max_nodes(const Policy& policy, int n_layers, int64_t n_sequences, int64_t n, int64_t n_head,
              int64_t n_in, int64_t n_query, int64_t n_ff);

// weight [n_in, n_out], bias [n_out] or null; x [n_in, n] -> [n_out, n]. Our kernels for packed
// weights, ggml for the rest.
ggml_tensor* linear(Graph& g, ggml_tensor* weight, ggml_tensor* bias, ggml_tensor* x);

struct Linear {
    ggml_tensor *weight, *bias;
};

// down(gelu(up(x)))
ggml_tensor* gelu_ffn(Graph& g, const Policy& policy, const Linear& up, const Linear& down,
                      ggml_tensor* x);

// down (gelu(gate x) * (up x)), weights [n_in, n_out]
ggml_tensor* gated_ffn(Graph& g, const Policy& policy, ggml_tensor* gate, ggml_tensor* up,
                       ggml_tensor* down, ggml_tensor* x);

// x [n_embd, n]: (x - mean) / sqrt(variance + eps) * weight + bias
ggml_tensor* layer_norm(Graph& g, ggml_tensor* x, ggml_tensor* weight, ggml_tensor* bias,
                        float eps);

// x [n_embd, n]: x / sqrt(mean(x^2) + eps) * weight, where weight already holds 1 + w
ggml_tensor* rms_norm(Graph& g, ggml_tensor* x, ggml_tensor* weight, float eps);

// cap * tanh(x / cap)
ggml_tensor* soft_cap(Graph& g, ggml_tensor* x, float cap);

struct AttentionParams {
    float scale;
    float softcap = 0.f;  // 0: none; applied to the scaled scores, before the mask
    bool fused = false;
    const AttentionKernel* kernel = nullptr;
};

// Keys and values ready for several chunks of queries.
struct KeysValues {
    ggml_tensor* k;  // [head_dim, n_kv, n_head_kv]; for a kernel as it came
    // As k; for plain matmuls transposed: [n_kv, head_dim, n_head_kv].
    ggml_tensor* v;
};
// k, v [head_dim, n_head_kv, n_kv], also of blocks when those are whole in a head
KeysValues keys_values(Graph& g, ggml_tensor* k, ggml_tensor* v, const AttentionParams& params);

// q [head_dim, n_head, n_q], mask f16 [n_kv, n_q] or null (all visible) -> [head_dim * n_head, n_q]
// Query head j reads key head j / (n_head / n_head_kv).
ggml_tensor* attention(Graph& g, ggml_tensor* q, const KeysValues& kv, ggml_tensor* mask,
                       const AttentionParams& params);

// Rows [begin, begin + n) of x [width, …]; x itself when those are all.
ggml_tensor* rows(Graph& g, ggml_tensor* x, int64_t begin, int64_t n);

// Calls run(begin, n) for [first, end) in chunks of at most n_rows, so that no node is too large.
template <typename Run>
void for_rows(int64_t first, int64_t end, int64_t n_rows, Run&& run) {
    for (int64_t begin = first; begin < end; begin += n_rows)
        run(begin, std::min(n_rows, end - begin));
}

// h += delta, in h's own memory; becomes part of the graph now.
void add_to(Graph& g, ggml_tensor* h, ggml_tensor* delta);

}  // namespace paligemma::layers
