#include "models/gemma.h"

#include <string>

namespace paligemma {

Gemma::Gemma(const TextConfig& config, const Weights& weights, const layers::Policy& policy)
    : config_(config), policy_(policy) {
    head_ = weights.get(config.tied_head ? "token_embd.weight" : "output.weight");
    output_norm_ = weights.get("output_norm.weight");
    for (int i = 0; i < config.n_layer; ++i) {
        auto get = [&](const char* name) {
            return weights.get("blk." + std::to_string(i) + "." + name + ".weight");
        };
        layers_.push_back({
            .attn_norm = get("attn_norm"),
            .q = get("attn_q"),
            .k = get("attn_k"),
            .v = get("attn_v"),
            .output = get("attn_output"),
            .post_attention_norm = config.has_post_norms ? get("post_attention_norm") : nullptr,
            .ffn_norm = get("ffn_norm"),
            .gate = get("ffn_gate"),
            .up = get("ffn_up"),
            .down = get("ffn_down"),
            .post_ffw_norm = config.has_post_norms ? get("post_ffw_norm") : nullptr,
        });
    }
}

// x [n_embd, n] -> [head_dim, n_head, n]
ggml_tensor* Gemma::heads(Graph& g, ggml_tensor* weight, ggml_tensor* x, int64_t n_head) const {
    return ggml_reshape_3d(g.ctx(), layers::linear(g, weight, nullptr, x), config_.head_dim, n_head,
                           x->ne[1]);
}

// Half-split pairs over the whole head (NeoX mode); positions count from 0 at the first image
// token. Spec section 5.3.
ggml_tensor* Gemma::rope(Graph& g, ggml_tensor* x, ggml_tensor* positions) const {
    return ggml_rope_ext(g.ctx(), x, positions, nullptr, config_.head_dim, GGML_ROPE_TYPE_NEOX, 0,
                         config_.rope_theta, 1.f, 0.f, 1.f, 0.f, 0.f);
}

layers::AttentionParams Gemma::attention_params(bool fused) const {
    return {.scale = config_.query_scale, .softcap = config_.attention_softcap, .fused = fused};
}

ggml_tensor* Gemma::attention_output(Graph& g, const Layer& layer, ggml_tensor* a) const {
    ggml_tensor* o = layers::linear(g, layer.output, nullptr, a);
    return layer.post_attention_norm
               ? layers::rms_norm(g, o, layer.post_attention_norm, config_.rms_eps)
               : o;
}

ggml_tensor* Gemma::ffn(Graph& g, const Layer& layer, ggml_tensor* h) const {
    ggml_tensor* f = layers::rms_norm(g, h, layer.ffn_norm, config_.rms_eps);
    f = layers::gated_ffn(g, policy_, layer.gate, layer.up, layer.down, f);
    return layer.post_ffw_norm ? layers::rms_norm(g, f, layer.post_ffw_norm, config_.rms_eps) : f;
}

void Gemma::prefill_layer(Graph& g, int i, ggml_tensor* h, ggml_tensor* positions,
                          const LayerCache* cache, int64_t first) const {
    ggml_context* c = g.ctx();
    const Layer& layer = layers_[i];
    const int64_t n = h->ne[1];
    // Fused attention reads the cache: GPUs want its type. Matmuls take the f32 keys and values as
    // they are.
    auto params = attention_params(policy_.fused_prefill && cache != nullptr);
    params.kernel = policy_.attention_kernel;

    ggml_tensor* a = layers::rms_norm(g, h, layer.attn_norm, config_.rms_eps);
    ggml_tensor* k = rope(g, heads(g, layer.k, a, config_.n_head_kv), positions);
    ggml_tensor* v = heads(g, layer.v, a, config_.n_head_kv);
    if (cache != nullptr) {
        ggml_tensor* k_rows = layers::rows(g, cache->k, 0, n);
        ggml_tensor* v_rows = layers::rows(g, cache->v, 0, n);
        g.expand(ggml_cpy(c, ggml_reshape_2d(c, k, k_rows->ne[0], n), k_rows));
        g.expand(ggml_cpy(c, ggml_reshape_2d(c, v, v_rows->ne[0], n), v_rows));
        if (params.fused) {
            k = ggml_reshape_3d(c, k_rows, config_.head_dim, config_.n_head_kv, n);
            v = ggml_reshape_3d(c, v_rows, config_.head_dim, config_.n_head_kv, n);
        }
    }
    const auto kv = layers::keys_values(g, k, v, params);
    const int64_t query_rows =
        std::min(policy_.query_rows(n, config_.n_head, config_.n_head * config_.head_dim),
                 policy_.rows_per_node(config_.n_embd, config_.n_head * config_.head_dim));
    layers::for_rows(first, n, query_rows, [&](int64_t begin, int64_t m) {
        ggml_tensor* part_positions = ggml_view_1d(c, positions, m, begin * positions->nb[0]);
        ggml_tensor* q = rope(g, heads(g, layer.q, layers::rows(g, a, begin, m), config_.n_head),
                              part_positions);
        ggml_tensor* o = attention_output(g, layer, layers::attention(g, q, kv, nullptr, params));
        layers::add_to(g, layers::rows(g, h, begin, m), o);
    });
    const int64_t ffn_rows = policy_.rows_per_node(config_.n_embd, config_.n_ff);
    layers::for_rows(first, n, ffn_rows, [&](int64_t begin, int64_t m) {
        ggml_tensor* part = layers::rows(g, h, begin, m);
        layers::add_to(g, part, ffn(g, layer, part));
    });
    g.tap("layer." + std::to_string(i), h);
}

ggml_tensor* Gemma::decode_attention(Graph& g, ggml_tensor* q, ggml_tensor* k, ggml_tensor* v,
                                     const DecodeSlice& slice) const {
    ggml_context* c = g.ctx();
    const LayerCache& cache = slice.cache;
    g.expand(ggml_set_rows(c, cache.k, ggml_reshape_2d(c, k, cache.k->ne[0], slice.n), slice.rows));
    g.expand(ggml_set_rows(c, cache.v, v, slice.rows));
    auto params = attention_params(slice.n == 1 ? policy_.fused_decode : policy_.fused_prefill);
    if (config_.head_dim % 16 == 0) params.kernel = policy_.attention_kernel;
    auto cached = [&](ggml_tensor* t) {
        return ggml_view_3d(c, t, config_.head_dim, config_.n_head_kv, slice.n_kv,
                            ggml_row_size(t->type, config_.head_dim), t->nb[1], 0);
    };
    const auto kv = layers::keys_values(g, cached(cache.k), cached(cache.v), params);
    return layers::attention(g, q, kv, slice.mask, params);
}

ggml_tensor* Gemma::decode_layer(Graph& g, int i, ggml_tensor* h, ggml_tensor* positions,
                                 std::span<const DecodeSlice> slices) const {
    ggml_context* c = g.ctx();
    const Layer& layer = layers_[i];
    // One matmul each for all sequences: the weights are read once.
    ggml_tensor* a = layers::rms_norm(g, h, layer.attn_norm, config_.rms_eps);
    ggml_tensor* q = rope(g, heads(g, layer.q, a, config_.n_head), positions);
    ggml_tensor* k = rope(g, heads(g, layer.k, a, config_.n_head_kv), positions);
    ggml_tensor* v = layers::linear(g, layer.v, nullptr, a);
    ggml_tensor* seen = nullptr;
    int64_t begin = 0;
    for (const DecodeSlice& slice : slices) {
        auto part = [&](ggml_tensor* t) {  // of heads
            return ggml_view_3d(c, t, t->ne[0], t->ne[1], slice.n, t->nb[1], t->nb[2],
                                begin * t->nb[2]);
        };
        ggml_tensor* own =
            slices.size() == 1
                ? decode_attention(g, q, k, v, slice)
                : decode_attention(g, part(q), part(k), layers::rows(g, v, begin, slice.n), slice);
        seen = seen == nullptr ? own : ggml_concat(c, seen, own, 1);
        begin += slice.n;
    }
    h = ggml_add(c, h, attention_output(g, layer, seen));
    h = ggml_add(c, h, ffn(g, layer, h));
    return g.tap("layer." + std::to_string(i), h);
}

ggml_tensor* Gemma::logits(Graph& g, ggml_tensor* h) const {
    ggml_tensor* x = g.tap("final_norm", layers::rms_norm(g, h, output_norm_, config_.rms_eps));
    x = layers::linear(g, head_, nullptr, x);
    if (config_.final_softcap != 0.f) x = layers::soft_cap(g, x, config_.final_softcap);
    return x;
}

int Gemma::max_nodes(int n_layers, int64_t n) const {
    return layers::max_nodes(policy_, n_layers, 1, n, config_.n_head, config_.n_embd,
                             config_.n_head * config_.head_dim, config_.n_ff);
}

double Gemma::layer_flops(int64_t n) const {
    const double d = config_.n_embd, q = static_cast<double>(config_.n_head) * config_.head_dim,
                 kv = static_cast<double>(config_.n_head_kv) * config_.head_dim;
    return 2.0 * n * (2 * d * q + 2 * d * kv + 3 * d * config_.n_ff + 2 * n * q);
}

double Gemma::token_flops() const {
    return config_.n_layer * layer_flops(1) + 2.0 * config_.n_embd * config_.n_vocab;
}

}  // namespace paligemma
