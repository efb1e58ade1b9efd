#include "engine/kv_cache.h"

#include "base/error.h"

namespace paligemma {

// A head is read by itself, so it must be whole blocks.
ggml_type KvCache::type_named(const std::string& name, int head_dim) {
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_F32, GGML_TYPE_Q8_0}) {
        if (name != ggml_type_name(type)) continue;
        if (head_dim % ggml_blck_size(type) == 0) return type;
        throw mismatch(ErrorCode::OptionRange, "kvType", name,
                       "f16 or f32, as this model's heads of " + std::to_string(head_dim) +
                           " elements are not multiples of " +
                           std::to_string(ggml_blck_size(type)));
    }
    throw mismatch(ErrorCode::OptionRange, "kvType", name, "f16, f32 or q8_0");
}

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
