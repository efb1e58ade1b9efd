// Everything of one model in memory: weights, networks, caches, slots. Belongs to the pump's
// worker.
#pragma once
#include <memory>
#include <set>
#include <vector>

#include "compute/weights.h"
#include "engine/decode_batch.h"
#include "engine/engine.h"
#include "engine/feature_cache.h"
#include "engine/kv_cache.h"
#include "models/config.h"
#include "models/gemma.h"
#include "models/mask_codec.h"
#include "models/projector.h"
#include "models/siglip.h"
#include "models/tensor_table.h"
#include "sampling/grammar.h"
#include "text/tokenizer.h"

namespace paligemma {

// What one running sequence needs.
struct Slot {
    Slot(Backend& backend, const TextConfig& config, ggml_type type)
        : cache(backend, config, type) {}
    KvCache cache;
    bool taken = false;
};

// A slot in use; free again when this goes.
struct SlotRelease {
    void operator()(Slot* slot) const { slot->taken = false; }
};
using SlotLease = std::unique_ptr<Slot, SlotRelease>;

// Reads embedding rows for lookup. The weight itself may be repacked for the output head or live on
// a device; then rows come from the file.
class EmbeddingRows {
  public:
    EmbeddingRows(const ModelFile& file, const GgufTensor& tensor, const ggml_tensor* weight,
                  bool readable, float scale);
    // Row `id` times sqrt(n_embd): text embeddings are scaled, image tokens are not (spec
    // section 3.4). Throws OptionRange for an id outside the table, ModelChanged when the file is
    // needed and no longer the same.
    void get(int32_t id, float* out) const;

  private:
    const ModelFile& file_;
    const ggml_tensor* weight_;
    GgufTensor tensor_;
    const uint8_t* data_;  // null: read from the file
    uint64_t row_bytes_;
    float scale_;
};

struct LoadedModel {
    LoadedModel(const LoadParams& params,
                const std::function<void(uint64_t, uint64_t)>& on_progress,
                const std::atomic<int>& cancel);

    // Tensors in which activations live between the steps of the one encoding or prefill that is
    // under way.
    ggml_tensor* vision_hidden(int64_t n_patches);  // [n_embd, at least n_patches]
    ggml_tensor* text_hidden(int64_t n_tokens);     // [n_embd, at least n_tokens]

    // A slot with room for n_tokens, or null when all are taken.
    SlotLease take_slot(int64_t n_tokens);
    // What the tokens stand for in a grammar.
    const TokenSymbols& symbols();

    // Read from the file at first use, as most models are never asked for masks. Throws
    // ModelChanged, and what MaskCodec throws.
    MaskCodec& mask_codec(const std::atomic<int>& cancel);

    ModelInfo describe() const;

    // Builds the graphs with the most varied operations, one layer each, and shows them; none runs.
    enum class GraphKind { Encode, EncodeSeveral, Prefill, Decode };
    void visit_graphs(const std::function<void(GraphKind, Graph&)>& visit);

    LoadParams params;
    std::vector<std::unique_ptr<ModelFile>> files;
    std::vector<GgufFile> gguf;
    ModelConfig config;
    int64_t n_ctx;
    std::unique_ptr<Backend> backend;
    layers::Policy policy;
    std::unique_ptr<Weights> weights;
    std::unique_ptr<EmbeddingRows> embedding;
    std::unique_ptr<Siglip> siglip;
    std::unique_ptr<Projector> projector;
    std::unique_ptr<Gemma> gemma;
    std::shared_ptr<const Tokenizer> tokenizer;
    std::unique_ptr<GraphMemory> memory;  // of encode and prefill graphs
    FeatureCache features;
    std::vector<std::unique_ptr<Slot>> slots;
    std::unique_ptr<DecodeBatch> decoding;
    // Who encodes or prefills now (there is one set of hidden tensors), and who waits for it, by
    // order of arrival.
    const Request* prefilling = nullptr;
    std::set<uint64_t> queued;

    double step_flops() const { return backend->is_cpu() ? 3e10 : 2e12; }

  private:
    void read_files();
    void load_weights(const std::function<void(uint64_t, uint64_t)>& on_progress,
                      const std::atomic<int>& cancel);
    void choose_policy();
    void probe();

    std::unique_ptr<TokenSymbols> symbols_;
    // Activations between two graphs, grown when a request has more rows.
    struct Hidden {
        TensorBuffer buffer;
        ggml_tensor* tensor = nullptr;
        ggml_tensor* require(Backend& backend, int64_t n_embd, int64_t n_rows, const char* what);
    };
    Hidden vision_hidden_, text_hidden_;
    std::vector<WeightRequest> codec_requests_;
    std::unique_ptr<Backend> codec_backend_;  // null: the model's own is the CPU
    std::unique_ptr<MaskCodec> codec_;
};

// Nodes an encode or prefill graph of `n_layers` layers over `n_sequences` of n rows, each of which
// attends to itself alone, needs at most.
int max_nodes(const layers::Policy& policy, int n_layers, int64_t n_sequences, int64_t n,
              int64_t n_head, int64_t n_in, int64_t n_query, int64_t n_ff);

}  // namespace paligemma
