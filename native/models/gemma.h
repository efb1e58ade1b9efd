// Gemma and Gemma 2 as PaliGemma uses them: prefix-LM, no sliding window, output head tied to the
// embedding unless the file has one. One file for both: post-norms and soft-caps depend on the
// config. Formulas: spec section 5.
#pragma once
#include <span>
#include <vector>

#include "compute/weights.h"
#include "models/config.h"
#include "models/layers.h"

namespace paligemma {

// One layer's part of a KV cache, for one sequence.
struct LayerCache {
    ggml_tensor* k;  // [head_dim * n_head_kv, n_ctx]
    ggml_tensor* v;
};

// Rows of a decode step that belong to one sequence.
struct DecodeSlice {
    int64_t n;          // rows of h
    int64_t n_kv;       // rows of the cache that are visible, subject to the mask
    ggml_tensor* rows;  // i64 [n], cache rows for their keys and values
    ggml_tensor* mask;  // f16 [n_kv, n], 0 or -inf
    LayerCache cache;   // of the sequence
};

class Gemma {
  public:
    Gemma(const TextConfig& config, const Weights& weights, const layers::Policy& policy);

    // The whole prefix at once, every token sees every other (no mask): h [n_embd, n], of which
    // layer i updates the rows from `first` on in place; keys and values of all go to rows 0..n-1
    // of the cache, if there is one. positions i32 [n].
    void prefill_layer(Graph& g, int i, ggml_tensor* h, ggml_tensor* positions,
                       const LayerCache* cache, int64_t first) const;

    // n tokens after their prefixes: h [n_embd, n] -> [n_embd, n]. `slices` partition the n rows in
    // order. positions i32 [n].
    ggml_tensor* decode_layer(Graph& g, int i, ggml_tensor* h, ggml_tensor* positions,
                              std::span<const DecodeSlice> slices) const;

    // h [n_embd, n] -> logits [n_vocab, n], after the final soft-cap
    ggml_tensor* logits(Graph& g, ggml_tensor* h) const;

    // Nodes of a graph with n_layers calls of prefill_layer() over n tokens and logits(), at most.
    int max_nodes(int n_layers, int64_t n) const;
    // Operations of one layer over n tokens, for cutting the work into steps.
    double layer_flops(int64_t n) const;
    // Operations of one decoded token, attention aside.
    double token_flops() const;

  private:
    struct Layer {
        ggml_tensor *attn_norm, *q, *k, *v, *output, *post_attention_norm;
        ggml_tensor *ffn_norm, *gate, *up, *down, *post_ffw_norm;
    };
    ggml_tensor* heads(Graph& g, ggml_tensor* weight, ggml_tensor* x, int64_t n_head) const;
    ggml_tensor* rope(Graph& g, ggml_tensor* x, ggml_tensor* positions) const;
    ggml_tensor* attention_output(Graph& g, const Layer& layer, ggml_tensor* a) const;
    ggml_tensor* ffn(Graph& g, const Layer& layer, ggml_tensor* h) const;
    layers::AttentionParams attention_params(bool fused) const;
    // q, k [head_dim, heads, n], v [head_dim * n_head_kv, n] of one sequence
    // -> [head_dim * n_head, n]
    ggml_tensor* decode_attention(Graph& g, ggml_tensor* q, ggml_tensor* k, ggml_tensor* v,
                                  const DecodeSlice& slice) const;

    const TextConfig& config_;
    const layers::Policy& policy_;
    ggml_tensor *head_, *output_norm_;  // head_ [n_embd, n_vocab]: the embedding where it is tied
    std::vector<Layer> layers_;
};

}  // namespace paligemma
