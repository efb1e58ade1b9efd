// A model that serves requests: its networks (models/networks.h), and what requests share or take
// turns at: slots, caches, working memory, the prefill stage. Belongs to the pump's worker.
#pragma once
#include <memory>
#include <vector>

#include "engine/decode_batch.h"
#include "engine/engine.h"
#include "engine/feature_cache.h"
#include "engine/prefill_queue.h"
#include "engine/slot.h"
#include "models/networks.h"
#include "sampling/grammar.h"

namespace paligemma {

class ServingModel {
  public:
    // Throws what ModelFiles and Networks throw, and OptionRange for a contextLength or kvType that
    // this model cannot have, before any weight is read.
    ServingModel(const LoadParams& params, const LoadProgress& on_progress,
                 const std::atomic<int>& cancel);

    Networks& networks() { return *networks_; }
    const Networks& networks() const { return *networks_; }
    const ModelConfig& config() const { return files_.config(); }
    const std::shared_ptr<const Tokenizer>& tokenizer() const { return files_.tokenizer(); }
    int64_t n_ctx() const { return n_ctx_; }
    const StageThreads& n_threads() const { return n_threads_; }
    // Operations one step of an encode or a prefill should take at most.
    double step_flops() const { return networks_->backend().is_cpu() ? 3e10 : 2e12; }

    // A slot with room for n_tokens, or null when all are taken.
    SlotLease take_slot(int64_t n_tokens);
    FeatureCache& features() { return features_; }
    PrefillQueue& prefill_queue() { return prefill_queue_; }
    DecodeBatch& decoding() { return *decoding_; }

    // Working memory of encode and prefill graphs.
    GraphMemory& memory() { return memory_; }
    // Tensors that hold the activations between the steps of the one encode or prefill that is
    // under way.
    ggml_tensor* vision_hidden(int64_t n_patches);  // [n_embd, at least n_patches]
    ggml_tensor* text_hidden(int64_t n_tokens);     // [n_embd, at least n_tokens]

    // What the tokens mean to a grammar.
    const TokenSymbols& symbols();

    ModelInfo describe() const;
    ModelMemory used_memory() const;

  private:
    // Activations between two graphs, grown when a request has more rows.
    struct Hidden {
        TensorBuffer buffer;
        ggml_tensor* tensor = nullptr;
        ggml_tensor* require(Backend& backend, int64_t n_embd, int64_t n_rows, const char* what);
    };

    ModelFiles files_;
    int64_t n_ctx_;
    StageThreads n_threads_;
    ggml_type kv_type_;
    std::unique_ptr<Networks> networks_;
    GraphMemory memory_;
    FeatureCache features_;
    std::vector<std::unique_ptr<Slot>> slots_;
    PrefillQueue prefill_queue_;
    std::unique_ptr<DecodeBatch> decoding_;
    std::unique_ptr<TokenSymbols> symbols_;
    Hidden vision_hidden_, text_hidden_;
};

}  // namespace paligemma
