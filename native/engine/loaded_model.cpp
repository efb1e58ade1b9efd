#include "engine/loaded_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/attention.h"
#include "kernels/kernel_sets.h"
#include "kernels/matmul.h"

namespace paligemma {

namespace {

// Two lists of one length: ids, and how each is found (bits of AddedToken).
void read_added_tokens(const GgufFile& file, Vocabulary& v) {
    const char* const keys[] = {"paligemma.added_tokens.ids", "paligemma.added_tokens.flags"};
    const auto ids = file.get_ints(keys[0]), flags = file.get_ints(keys[1]);
    if (!ids && !flags) return;
    if (!ids || !flags || ids->size() != flags->size())
        throw mismatch(ErrorCode::ModelFormat, keys[0],
                       std::to_string(ids ? ids->size() : 0) + " long",
                       std::to_string(flags ? flags->size() : 0) + " as " + keys[1]);
    for (size_t i = 0; i < ids->size(); ++i) {
        // Tokenizer checks the values.
        v.added.push_back({static_cast<int32_t>(std::clamp<int64_t>((*ids)[i], -1, INT32_MAX)),
                           static_cast<uint32_t>(std::clamp<int64_t>((*flags)[i], 0, UINT8_MAX))});
    }
}

Vocabulary read_vocabulary(const GgufFile& file, const TokenIds& tokens) {
    Vocabulary v;
    const auto model = file.get_string("tokenizer.ggml.model").value_or("absent");
    if (model != "llama")
        throw mismatch(ErrorCode::ModelFormat, "tokenizer.ggml.model", model,
                       "llama (SentencePiece BPE)");
    const auto pieces = file.get_strings("tokenizer.ggml.tokens");
    const auto scores = file.get_floats("tokenizer.ggml.scores");
    const auto types = file.get_ints("tokenizer.ggml.token_type");
    for (auto [key, there] : {std::pair{"tokenizer.ggml.tokens", pieces.has_value()},
                              {"tokenizer.ggml.scores", scores.has_value()},
                              {"tokenizer.ggml.token_type", types.has_value()}}) {
        if (!there)
            throw mismatch(ErrorCode::ModelFormat, key, "absent",
                           "an array with one entry per token");
    }
    v.pieces.assign(pieces->begin(), pieces->end());
    v.scores = *scores;
    for (int64_t t : *types)
        v.types.push_back(static_cast<TokenType>(std::clamp<int64_t>(t, 0, 100)));
    v.bos = tokens.bos;
    v.eos = tokens.eos;
    v.unk = static_cast<int32_t>(file.get_int("tokenizer.ggml.unknown_token_id").value_or(3));
    v.pad = static_cast<int32_t>(file.get_int("tokenizer.ggml.padding_token_id").value_or(0));
    // Files of other converters mark loc and seg tokens as normal pieces, which splits them (spec
    // section 4.3).
    auto user_defined = [&](int32_t first, int32_t n) {
        for (int32_t i = first;
             first >= 0 && i < first + n && i < static_cast<int32_t>(v.types.size()); ++i)
            v.types[i] = TokenType::UserDefined;
    };
    user_defined(tokens.first_loc, 1024);
    user_defined(tokens.first_seg, 128);
    read_added_tokens(file, v);
    return v;
}

// A head is read by itself, so it must be whole blocks.
ggml_type cache_type(const std::string& name, int head_dim) {
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_F32, GGML_TYPE_Q8_0}) {
        if (name != ggml_type_name(type)) continue;
        if (head_dim % ggml_blck_size(type) == 0) return type;
        throw mismatch(ErrorCode::OptionRange, "kvType", name,
                       "f16 or f32, as this model's heads of " + std::to_string(head_dim) +
                           " numbers are not multiples of " + std::to_string(ggml_blck_size(type)));
    }
    throw mismatch(ErrorCode::OptionRange, "kvType", name, "f16, f32 or q8_0");
}

}  // namespace

int max_nodes(const layers::Policy& policy, int n_layers, int64_t n_sequences, int64_t n,
              int64_t n_head, int64_t n_in, int64_t n_query, int64_t n_ff) {
    constexpr int64_t PER_LAYER = 48, PER_CHUNK = 32, REST = 64;
    const int64_t rows =
        std::min(policy.query_rows(n, n_head, n_query), policy.rows_per_node(n_in, n_query));
    const int64_t queries = n_sequences * (n / rows + 1);
    const int64_t ffn = n_sequences * n / policy.rows_per_node(n_in, n_ff) + 1;
    return static_cast<int>(n_layers * (PER_LAYER + PER_CHUNK * (queries + ffn)) + REST);
}

EmbeddingRows::EmbeddingRows(const ModelFile& file, const GgufTensor& tensor,
                             const ggml_tensor* weight, bool readable, float scale)
    : file_(file),
      weight_(weight),
      tensor_(tensor),
      data_(readable ? static_cast<const uint8_t*>(weight->data) : nullptr),
      row_bytes_(tensor.n_bytes / tensor.ne[1]),
      scale_(scale) {}

void EmbeddingRows::get(int32_t id, float* out) const {
    if (id < 0 || id >= tensor_.ne[1]) {
        throw mismatch(ErrorCode::OptionRange, "token id", std::to_string(id),
                       "0 to " + std::to_string(tensor_.ne[1] - 1));
    }
    std::vector<uint8_t> row;
    const uint8_t* in = data_ + static_cast<uint64_t>(id) * row_bytes_;
    if (data_ == nullptr || kernel_of(weight_) != nullptr) {
        row.resize(row_bytes_);
        in = row.data();
    }
    if (data_ == nullptr) {
        file_.require_unchanged();
        file_.read(row.data(), tensor_.offset + static_cast<uint64_t>(id) * row_bytes_, row_bytes_);
    } else if (kernel_of(weight_) != nullptr) {
        unpack_row(weight_->type, kernel_of(weight_)->weight_bytes, tensor_.ne[0], tensor_.ne[1],
                   data_, id, row.data());
    }
    if (tensor_.type == WeightType::F32) {
        std::memcpy(out, in, row_bytes_);
    } else {
        ggml_get_type_traits(static_cast<ggml_type>(traits_of(tensor_.type).gguf_id))
            ->to_float(in, out, tensor_.ne[0]);
    }
    for (int64_t i = 0; i < tensor_.ne[0]; ++i) out[i] *= scale_;
}

LoadedModel::LoadedModel(const LoadParams& p,
                         const std::function<void(uint64_t, uint64_t)>& on_progress,
                         const std::atomic<int>& cancel)
    : params(p), features(p.feature_cache_bytes) {
    require_kernel_set(params.kernels);
    read_files();
    const ggml_type kv_type = cache_type(params.kv_type, config.text.head_dim);
    backend = Backend::open(params.device, params.n_threads.most());
    load_weights(on_progress, cancel);
    choose_policy();
    siglip = std::make_unique<Siglip>(config.vision, *weights, policy);
    projector = std::make_unique<Projector>(*weights);
    gemma = std::make_unique<Gemma>(config.text, *weights, policy);
    memory = std::make_unique<GraphMemory>(*backend);
    for (int i = 0; i < params.n_slots; ++i)
        slots.push_back(std::make_unique<Slot>(*backend, config.text, kv_type));
    decoding = std::make_unique<DecodeBatch>(*this);
    probe();
    for (const auto& file : files) file->require_unchanged();
}

void LoadedModel::read_files() {
    for (const auto& path : params.paths) {
        files.push_back(std::make_unique<ModelFile>(path));
        gguf.push_back(files.back()->parse());
    }
    config = read_config(gguf);
    if (params.attention_softcap) config.text.attention_softcap = *params.attention_softcap;
    if (params.final_softcap) config.text.final_softcap = *params.final_softcap;
    n_ctx = params.n_ctx == 0 ? config.text.n_ctx : params.n_ctx;
    if (n_ctx > config.text.n_ctx || n_ctx < config.min_ctx()) {
        throw mismatch(ErrorCode::OptionRange, "contextLength", std::to_string(n_ctx),
                       std::to_string(config.min_ctx()) + " to " +
                           std::to_string(config.text.n_ctx) + " for this model");
    }
    for (const auto& file : gguf) {
        if (file.has("tokenizer.ggml.tokens")) {
            tokenizer = std::make_shared<const Tokenizer>(read_vocabulary(file, config.tokens));
            break;
        }
    }
}

void LoadedModel::choose_policy() {
    policy.exact_gelu = params.exact_gelu;
    if (!backend->is_cpu()) {
        policy.fused_prefill = true;
        policy.max_node_flops = 2e12;
        policy.max_score_bytes = 512 << 20;
        policy.max_pictures = std::clamp(1024 / config.vision.n_patches(), 1, 16);
        return;
    }
    policy.attention_kernel = find_attention_kernel(params.kernels);
    if (const Kernel* kernel = kernel_of(weights->get("blk.0.ffn_gate.weight")))
        policy.max_node_flops = kernel->node_flops;
}

void LoadedModel::load_weights(const std::function<void(uint64_t, uint64_t)>& on_progress,
                               const std::atomic<int>& cancel) {
    const auto table = tensor_table(config);
    const auto places = check_inventory(table, gguf);
    std::vector<WeightRequest> requests;
    const TensorPlace* embedding_place = nullptr;
    for (const auto& place : places) {
        if (place.spec->use == TensorUse::Codec) {
            codec_requests_.push_back({.file = files[place.file].get(),
                                       .tensor = place.tensor,
                                       .name = place.spec->name,
                                       .product = false,
                                       .force_f32 = false,
                                       .kernels = "ggml"});
            continue;
        }
        requests.push_back({
            .file = files[place.file].get(),
            .tensor = place.tensor,
            .name = place.spec->name,
            // Beside a head of its own the embedding is only looked up.
            .product = place.spec->use == TensorUse::Product ||
                       (place.spec->use == TensorUse::Embedding && config.text.tied_head),
            .force_f32 = place.spec->use == TensorUse::Plain,
            .kernels = params.kernels,
        });
        if (place.spec->use == TensorUse::Embedding) embedding_place = &place;
    }
    weights =
        std::make_unique<Weights>(*backend, requests, params.check_tensors, on_progress, cancel);
    ggml_tensor* e = weights->get("token_embd.weight");
    // Only plain host memory holds the rows as they are in the file.
    const bool readable = ggml_backend_buffer_is_host(e->buffer) &&
                          ggml_backend_buffer_get_type(e->buffer) == backend->default_buffer_type();
    embedding = std::make_unique<EmbeddingRows>(*files[embedding_place->file],
                                                *embedding_place->tensor, e, readable,
                                                std::sqrt(static_cast<float>(config.text.n_embd)));
}

void LoadedModel::visit_graphs(const std::function<void(GraphKind, Graph&)>& visit) {
    const VisionConfig& v = config.vision;
    const TextConfig& t = config.text;
    for (GraphKind kind : {GraphKind::Encode, GraphKind::EncodeSeveral}) {
        const int pictures = kind == GraphKind::Encode ? 1 : policy.max_pictures;
        if (kind == GraphKind::EncodeSeveral && pictures == 1) continue;
        const int64_t n_rows = int64_t{pictures} * v.n_patches();
        Graph encode(max_nodes(policy, 1, pictures, v.n_patches(), v.n_head, v.n_embd, v.n_embd,
                               v.n_ff_padded));
        ggml_tensor* pixels = encode.input(GGML_TYPE_F32, v.image_size, v.image_size, 3, pictures);
        ggml_tensor* patches =
            pictures == 1 ? vision_hidden(n_rows) : encode.input(GGML_TYPE_F32, v.n_embd, n_rows);
        siglip->embed(encode, pixels, patches);
        siglip->block(encode, 0, patches);
        encode.output(projector->project(encode, siglip->encoded(encode, patches)));
        visit(kind, encode);
    }
    const int64_t n = v.n_patches() + 8;
    Slot& slot = *slots[0];
    slot.cache.require(n);
    Graph prefill(max_nodes(policy, 1, 1, n, t.n_head, t.n_embd, t.n_head * t.head_dim, t.n_ff));
    ggml_tensor* h = layers::rows(prefill, text_hidden(n), 0, n);
    gemma->prefill_layer(prefill, 0, h, prefill.input(GGML_TYPE_I32, n), slot.cache.layer(0),
                         /*first=*/0);
    prefill.output(gemma->logits(prefill, layers::rows(prefill, h, n - 1, 1)));
    visit(GraphKind::Prefill, prefill);
    const DecodePart one{&slot, KvCache::BUCKET, 1}, two{&slot, KvCache::BUCKET, 2};
    for (const auto& parts : {std::vector{one}, std::vector{two}, std::vector{one, one}}) {
        DecodeGraph decode(*this, parts, nullptr);
        visit(GraphKind::Decode, decode.graph);
    }
}

// Asks the backend for every operation of the worst graphs once, and falls back to plain products
// where it has no fused attention for the head size. Afterwards no request can meet an operation
// that would abort the process.
void LoadedModel::probe() {
    auto check = [&](GraphKind kind, Graph& graph) {
        require_supported(*backend, graph);
        if (kind == GraphKind::Encode || kind == GraphKind::Prefill) memory->reserve(graph);
    };
    try {
        visit_graphs(check);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::DeviceUnavailable) throw;
        // Without fused attention a GPU would widen all of such a cache for every token.
        if (!backend->is_cpu() && params.kv_type == ggml_type_name(GGML_TYPE_Q8_0)) {
            throw Error(ErrorCode::DeviceUnavailable,
                        error.message() + "; kvType is " + params.kv_type,
                        {.name = "kvType",
                         .found = params.kv_type,
                         .expected = "a type that " + backend->info().name + " can attend to",
                         .hint = "load with kvType: 'f16'"});
        }
        policy.fused_prefill = policy.fused_decode = false;
        visit_graphs(check);
    }
}

ggml_tensor* LoadedModel::Hidden::require(Backend& backend, int64_t n_embd, int64_t n_rows,
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

ggml_tensor* LoadedModel::vision_hidden(int64_t n_patches) {
    return vision_hidden_.require(*backend, config.vision.n_embd, n_patches,
                                  "the vision tower's activations");
}

ggml_tensor* LoadedModel::text_hidden(int64_t n_tokens) {
    return text_hidden_.require(*backend, config.text.n_embd, KvCache::rounded(n_tokens),
                                "the prompt's activations");
}

MaskCodec& LoadedModel::mask_codec(const std::atomic<int>& cancel) {
    if (!codec_) {
        if (!backend->is_cpu() && !codec_backend_)
            codec_backend_ = Backend::open("cpu", params.n_threads.most());
        auto codec = std::make_unique<MaskCodec>(codec_backend_ ? *codec_backend_ : *backend,
                                                 codec_requests_, cancel);
        for (const auto& file : files) file->require_unchanged();
        codec_ = std::move(codec);
    }
    return *codec_;
}

SlotLease LoadedModel::take_slot(int64_t n_tokens) {
    // The free slot with the most room, so that caches need not grow.
    Slot* best = nullptr;
    for (auto& slot : slots)
        if (!slot->taken && (best == nullptr || slot->cache.n_ctx() > best->cache.n_ctx()))
            best = slot.get();
    if (best == nullptr) return nullptr;
    if (best->cache.n_ctx() < n_tokens)
        decoding->forget_graph();  // it points into memory that goes now
    best->cache.require(n_tokens);
    best->taken = true;
    return SlotLease(best);
}

const TokenSymbols& LoadedModel::symbols() {
    if (!symbols_) {
        const TokenIds& t = config.tokens;
        symbols_ = std::make_unique<TokenSymbols>(tokenizer->vocabulary(), t.first_loc, t.first_seg,
                                                  t.n_usable);
    }
    return *symbols_;
}

ModelInfo LoadedModel::describe() const {
    ModelInfo info;
    const TextConfig& t = config.text;
    const VisionConfig& v = config.vision;
    info.architecture = t.architecture;
    info.version = config.version;
    info.name = config.name;
    info.variant = config.variant;
    info.device = backend->info().name;
    info.device_description = backend->info().description;
    info.features = backend->info().features;
    info.n_threads = backend->n_threads();
    info.n_slots = params.n_slots;
    info.n_ctx = static_cast<int>(n_ctx);
    info.image_size = v.image_size;
    info.patch_size = v.patch_size;
    info.n_image_tokens = v.n_patches();
    info.n_vocab = config.tokens.n_usable;
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
    info.has_mask_codec = config.has_mask_codec;
    for (size_t i = 0; i < gguf.size(); ++i) {
        info.file_bytes += files[i]->size();
        for (const auto& tensor : gguf[i].tensors())
            info.weight_types[std::string(traits_of(tensor.type).name)] += tensor.n_bytes;
    }
    for (size_t i = 0; i < gguf.size(); ++i) {
        for (const auto& tensor : gguf[i].tensors()) {
            const bool is_text = tensor.name.starts_with("blk.") ||
                                 tensor.name.starts_with("token_embd.") ||
                                 tensor.name.starts_with("output");
            info.text["bytes"] += is_text ? static_cast<double>(tensor.n_bytes) : 0;
        }
    }
    info.kernels = weights->kernels();
    info.weights_bytes = weights->size();
    info.compute_bytes = memory->size() + vision_hidden_.buffer.size() + text_hidden_.buffer.size();
    info.compute_bytes += decoding->size();
    for (const auto& slot : slots) info.kv_cache_bytes += slot->cache.size();
    if (codec_) {
        info.weights_bytes += codec_->weights_size();
        info.compute_bytes += codec_->compute_size();
    }
    info.feature_cache_bytes = features.size();
    return info;
}

}  // namespace paligemma
