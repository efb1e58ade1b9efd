#include "models/networks.h"

#include <algorithm>
#include <cmath>

#include "kernels/attention.h"
#include "kernels/kernel_sets.h"
#include "kernels/matmul.h"

namespace paligemma {

Networks::Networks(const ModelFiles& files, const NetworkParams& params, int n_threads,
                   const LoadProgress& on_progress, const std::atomic<int>& cancel)
    : files_(files) {
    require_kernel_set(params.kernels);
    backend_ = Backend::open(params.device, n_threads);
    weights_ = std::make_unique<Weights>(*backend_, files.network_weights(params.kernels),
                                         params.check_tensors, on_progress, cancel);
    choose_policy(params);
    const TensorPlace& embedding = files.embedding();
    // Text embeddings are scaled, image tokens are not (spec section 3.4).
    embedding_ = std::make_unique<EmbeddingRows>(
        *backend_, files.file(embedding), *embedding.tensor, weights_->get(embedding.spec->name),
        std::sqrt(static_cast<float>(config().text.n_embd)));
    siglip_ = std::make_unique<Siglip>(config().vision, *weights_, policy_);
    projector_ = std::make_unique<Projector>(*weights_);
    gemma_ = std::make_unique<Gemma>(config().text, *weights_, policy_);
}

void Networks::choose_policy(const NetworkParams& params) {
    policy_.exact_gelu = params.exact_gelu;
    if (!backend_->is_cpu()) {
        policy_.fused_prefill = true;
        policy_.max_node_flops = 2e12;
        policy_.max_score_bytes = 512 << 20;
        policy_.max_pictures = std::clamp(1024 / config().vision.n_patches(), 1, 16);
        return;
    }
    policy_.attention_kernel = find_attention_kernel(params.kernels);
    if (const Kernel* kernel = kernel_of(weights_->get("blk.0.ffn_gate.weight")))
        policy_.max_node_flops = kernel->node_flops;
}

MaskCodec& Networks::mask_codec(const std::atomic<int>& cancel) {
    if (!codec_) {
        if (!backend_->is_cpu() && !codec_backend_)
            codec_backend_ = Backend::open("cpu", backend_->n_threads());
        auto codec = std::make_unique<MaskCodec>(codec_backend_ ? *codec_backend_ : *backend_,
                                                 files_.codec_weights(), cancel);
        files_.require_unchanged();
        codec_ = std::move(codec);
    }
    return *codec_;
}

}  // namespace paligemma
