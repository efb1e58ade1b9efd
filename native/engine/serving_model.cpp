#include "engine/serving_model.h"

#include "engine/probe.h"

namespace paligemma {

namespace {

int64_t checked_ctx(const ModelConfig& config, int64_t wanted) {
    const int64_t n_ctx = wanted == 0 ? config.text.n_ctx : wanted;
    if (n_ctx <= config.text.n_ctx && n_ctx >= config.min_ctx()) return n_ctx;
    throw mismatch(ErrorCode::OptionRange, "contextLength", std::to_string(n_ctx),
                   std::to_string(config.min_ctx()) + " to " + std::to_string(config.text.n_ctx) +
                       " for this model");
}

}  // namespace

ServingModel::ServingModel(const LoadParams& params, const LoadProgress& on_progress,
                           const std::atomic<int>& cancel)
    : files_(params.paths, params.overrides),
      n_ctx_(checked_ctx(config(), params.n_ctx)),
      n_threads_(params.n_threads),
      kv_type_(KvCache::type_named(params.kv_type, config().text.head_dim)),
      networks_(std::make_unique<Networks>(files_, params.networks, n_threads_.most(), on_progress,
                                           cancel)),
      memory_(networks_->backend()),
      features_(params.feature_cache_bytes) {
    for (int i = 0; i < params.n_slots; ++i)
        slots_.push_back(std::make_unique<Slot>(networks_->backend(), config().text, kv_type_));
    decoding_ = std::make_unique<DecodeBatch>(*networks_, prefill_queue_, params.n_slots,
                                              n_threads_.decode);
    probe(*this, kv_type_);
    files_.require_unchanged();
}

ggml_tensor* ServingModel::Hidden::require(Backend& backend, int64_t n_embd, int64_t n_rows,
                                           const char* what) {
    if (tensor == nullptr || tensor->ne[1] < n_rows) {
        tensor = nullptr;
        buffer = {};
        ggml_tensor* t = nullptr;
        buffer = TensorBuffer(backend, 1, what, [&](ggml_context* ctx) {
            t = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n_embd, n_rows);
        });
        tensor = t;
    }
    return tensor;
}

ggml_tensor* ServingModel::vision_hidden(int64_t n_patches) {
    return vision_hidden_.require(networks_->backend(), config().vision.n_embd, n_patches,
                                  "the vision tower's activations");
}

ggml_tensor* ServingModel::text_hidden(int64_t n_tokens) {
    return text_hidden_.require(networks_->backend(), config().text.n_embd,
                                KvCache::rounded(n_tokens), "the prompt's activations");
}

SlotLease ServingModel::take_slot(int64_t n_tokens) {
    // The free slot with the most room, so that caches need not grow.
    Slot* best = nullptr;
    for (auto& slot : slots_)
        if (!slot->taken && (best == nullptr || slot->cache.n_ctx() > best->cache.n_ctx()))
            best = slot.get();
    if (best == nullptr) return nullptr;
    // The graph points into the memory that is about to be freed.
    if (best->cache.n_ctx() < n_tokens) decoding_->forget_graph();
    best->cache.require(n_tokens);
    best->taken = true;
    return SlotLease(best);
}

const TokenSymbols& ServingModel::symbols() {
    if (!symbols_) {
        const TokenIds& t = config().tokens;
        symbols_ = std::make_unique<TokenSymbols>(tokenizer()->vocabulary(), t.first_loc,
                                                  t.first_seg, t.n_usable);
    }
    return *symbols_;
}

ModelInfo ServingModel::describe() const {
    ModelInfo info;
    const TextConfig& t = config().text;
    const VisionConfig& v = config().vision;
    const Backend& backend = networks_->backend();
    info.architecture = t.architecture;
    info.version = config().version;
    info.name = config().name;
    info.variant = config().variant;
    info.device = backend.info().name;
    info.device_description = backend.info().description;
    info.features = backend.info().features;
    info.n_threads = backend.n_threads();
    info.n_slots = static_cast<int>(slots_.size());
    info.n_ctx = static_cast<int>(n_ctx_);
    info.image_size = v.image_size;
    info.patch_size = v.patch_size;
    info.n_image_tokens = v.n_patches();
    info.n_vocab = config().tokens.n_usable;
    info.text = {{"width", t.n_embd},
                 {"layers", t.n_layer},
                 {"feedForward", t.n_ff},
                 {"heads", t.n_head},
                 {"kvHeads", t.n_head_kv},
                 {"headDim", t.head_dim},
                 {"queryScale", t.query_scale},
                 {"ropeTheta", t.rope_theta},
                 {"attentionSoftcap", t.attention_softcap},
                 {"finalSoftcap", t.final_softcap},
                 {"contextLength", t.n_ctx}};
    info.vision = {
        {"width", v.n_embd}, {"layers", v.n_layer}, {"feedForward", v.n_ff}, {"heads", v.n_head}};
    info.has_mask_codec = config().has_mask_codec;
    info.file_bytes = files_.size();
    for (const GgufFile& file : files_.headers()) {
        for (const GgufTensor& tensor : file.tensors()) {
            info.weight_types[std::string(traits_of(tensor.type).name)] += tensor.n_bytes;
            const bool is_text = tensor.name.starts_with("blk.") ||
                                 tensor.name.starts_with("token_embd.") ||
                                 tensor.name.starts_with("output");
            info.text["bytes"] += is_text ? static_cast<double>(tensor.n_bytes) : 0;
        }
    }
    info.kernels = networks_->weights().kernels();
    info.memory = used_memory();
    return info;
}

ModelMemory ServingModel::used_memory() const {
    ModelMemory used;
    used.weights = networks_->weights().size();
    used.compute = memory_.size() + vision_hidden_.buffer.size() + text_hidden_.buffer.size() +
                   decoding_->size();
    for (const auto& slot : slots_) used.kv_cache += slot->cache.size();
    if (const MaskCodec* codec = networks_->mask_codec_if_used()) {
        used.weights += codec->weights_size();
        used.compute += codec->compute_size();
    }
    used.feature_cache = features_.size();
    return used;
}

}  // namespace paligemma
