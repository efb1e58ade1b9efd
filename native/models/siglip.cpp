#include "models/siglip.h"

#include <cmath>
#include <string>

namespace paligemma {

Siglip::Siglip(const VisionConfig& config, const Weights& weights, const layers::Policy& policy)
    : config_(config), policy_(policy) {
    auto norm = [&](const std::string& name) {
        return Norm{weights.get(name + ".weight"), weights.get(name + ".bias")};
    };
    auto linear = [&](const std::string& name) {
        return layers::Linear{weights.get(name + ".weight"), weights.get(name + ".bias")};
    };
    patch_weight_ = weights.get("v.patch_embd.weight");
    patch_bias_ = weights.get("v.patch_embd.bias");
    position_ = weights.get("v.position_embd.weight");
    for (int i = 0; i < config.n_layer; ++i) {
        const std::string b = "v.blk." + std::to_string(i) + ".";
        blocks_.push_back({norm(b + "ln1"), norm(b + "ln2"), linear(b + "attn_q"),
                           linear(b + "attn_k"), linear(b + "attn_v"), linear(b + "attn_out"),
                           linear(b + "ffn_up"), linear(b + "ffn_down")});
    }
    post_ln_ = norm("v.post_ln");
}

void Siglip::embed(Graph& g, ggml_tensor* pixels, ggml_tensor* h) const {
    ggml_context* c = g.ctx();
    const int p = config_.patch_size;
    // A convolution whose stride is its width is one matmul of unrolled patches.
    ggml_tensor* patches =
        ggml_im2col(c, patch_weight_, pixels, p, p, 0, 0, 1, 1, true, GGML_TYPE_F32);
    patches = ggml_reshape_2d(c, patches, patches->ne[0], h->ne[1]);
    ggml_tensor* kernel = ggml_reshape_2d(c, patch_weight_, patches->ne[0], config_.n_embd);
    ggml_tensor* stem = g.tap("stem", layers::linear(g, kernel, patch_bias_, patches));
    // Every picture has the same positions.
    stem = ggml_reshape_3d(c, stem, config_.n_embd, config_.n_patches(), pixels->ne[3]);
    g.expand(ggml_cpy(c, g.tap("with_posemb", ggml_add(c, stem, position_)), h));
}

void Siglip::block(Graph& g, int i, ggml_tensor* h) const {
    ggml_context* c = g.ctx();
    const Block& b = blocks_[i];
    const int64_t n = config_.n_patches(), n_embd = config_.n_embd, n_head = config_.n_head;
    const int64_t head_dim = config_.head_dim();
    const layers::AttentionParams params{.scale = 1.f / std::sqrt(static_cast<float>(head_dim)),
                                         .softcap = 0.f,
                                         .fused = policy_.fused_prefill,
                                         .kernel = policy_.attention_kernel};

    auto linear = [&](const layers::Linear& w, ggml_tensor* x) {
        return layers::linear(g, w.weight, w.bias, x);
    };
    auto heads = [&](ggml_tensor* x, int64_t begin, int64_t m) {
        return ggml_reshape_3d(c, layers::rows(g, x, begin, m), head_dim, n_head, m);
    };
    ggml_tensor* y = layers::layer_norm(g, h, b.ln1.weight, b.ln1.bias, config_.eps);
    // Matmuls take all pictures at once; each picture attends only to itself.
    ggml_tensor *k = linear(b.k, y), *v = linear(b.v, y);
    const int64_t query_rows = std::min(policy_.query_rows(n, n_head, n_embd), n);
    ggml_tensor* q = query_rows == n ? linear(b.q, y) : nullptr;
    for (int64_t first = 0; first < h->ne[1]; first += n) {
        const auto kv = layers::keys_values(g, heads(k, first, n), heads(v, first, n), params);
        layers::for_rows(first, first + n, query_rows, [&](int64_t begin, int64_t m) {
            ggml_tensor* queries = q != nullptr
                                       ? heads(q, begin, m)
                                       : heads(linear(b.q, layers::rows(g, y, begin, m)), 0, m);
            ggml_tensor* a = layers::attention(g, queries, kv, nullptr, params);
            layers::add_to(g, layers::rows(g, h, begin, m), linear(b.out, a));
        });
    }
    const int64_t ffn_rows = policy_.rows_per_node(n_embd, config_.n_ff_padded);
    layers::for_rows(0, h->ne[1], ffn_rows, [&](int64_t begin, int64_t m) {
        ggml_tensor* part = layers::rows(g, h, begin, m);
        ggml_tensor* f = layers::layer_norm(g, part, b.ln2.weight, b.ln2.bias, config_.eps);
        layers::add_to(g, part, layers::gelu_ffn(g, policy_, b.up, b.down, f));
    });
    g.tap("encoder." + std::to_string(i), h);
}

ggml_tensor* Siglip::encoded(Graph& g, ggml_tensor* h) const {
    return g.tap("encoded", layers::layer_norm(g, h, post_ln_.weight, post_ln_.bias, config_.eps));
}

int Siglip::max_nodes(int n_blocks, int64_t n_pictures) const {
    return layers::max_nodes(policy_, n_blocks, n_pictures, config_.n_patches(), config_.n_head,
                             config_.n_embd, config_.n_embd, config_.n_ff_padded);
}

double Siglip::block_flops() const {
    const double n = config_.n_patches(), e = config_.n_embd;
    return 2 * n * (4 * e * e + 2 * e * config_.n_ff_padded + 2 * n * e);
}

}  // namespace paligemma
