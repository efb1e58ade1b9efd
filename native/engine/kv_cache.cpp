#include "engine/kv_cache.h"

namespace paligemma {

void KvCache::require(int64_t n_tokens) {
    const int64_t n_ctx = rounded(n_tokens);
    if (n_ctx <= n_ctx_) {
        buffer_.clear();
        return;
    }
    buffer_ = {};  // the old one first: both together might not fit
    layers_.clear();
    n_ctx_ = 0;
    const int64_t width = static_cast<int64_t>(config_.head_dim) * config_.n_head_kv;
    buffer_ = TensorBuffer(backend_, 2 * config_.n_layer, "the KV cache", [&](ggml_context* ctx) {
        for (int i = 0; i < config_.n_layer; ++i)
            layers_.push_back({ggml_new_tensor_2d(ctx, type_, width, n_ctx),
                               ggml_new_tensor_2d(ctx, type_, width, n_ctx)});
    });
    n_ctx_ = n_ctx;
}

}  // namespace paligemma
