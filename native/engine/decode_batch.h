// Steps of running sequences, together: one pass over the weights gives the next logits of all.
#pragma once
#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "compute/graph.h"
#include "engine/prefill_queue.h"
#include "models/networks.h"

namespace paligemma {

struct Slot;
class Sequence;

// Rows of a decode step that belong to one slot.
struct DecodePart {
    Slot* slot;
    int64_t n_kv;  // rows of the cache they may see: a multiple of KvCache::BUCKET
    int64_t n;
    bool operator==(const DecodePart&) const = default;
};

// The graph of a decode step.
struct DecodeGraph {
    DecodeGraph(const Networks& networks, std::span<const DecodePart> parts, Taps* taps);

    // Embedding, position and cache row of each token, and what each sees: masks [n_kv, n], those
    // of the parts one after another.
    void set_inputs(const Networks& networks, std::span<const int32_t> tokens,
                    std::span<const int32_t> positions, std::span<const int64_t> cache_rows,
                    std::span<const ggml_fp16_t> masks);
    // Those of row i, as many as may be sampled.
    void get_logits(int64_t i, std::vector<float>& logits) const;

    // Rows of logits one node may hold: the output head is the largest product of all.
    static constexpr int64_t LOGIT_ROWS = 8;

    std::vector<DecodePart> parts;
    int64_t n = 0;  // rows of all parts
    Graph graph;
    ggml_tensor *h, *positions;
    std::vector<ggml_tensor*> rows, masks;  // of each part
    std::vector<ggml_tensor*> logits;       // [n_vocab, up to LOGIT_ROWS] each, in order
};

class DecodeBatch {
  public:
    // `networks` and `prefill_queue` must outlive this.
    DecodeBatch(const Networks& networks, const PrefillQueue& prefill_queue, int n_slots,
                int n_threads);

    // The sequence has a new token and will want its logits.
    void add(Sequence& sequence) { waiting_.push_back(&sequence); }
    void remove(Sequence& sequence) { std::erase(waiting_, &sequence); }
    // One step of all that wait. Those whose request was cancelled go on waiting, and end it early
    // for the others, for whom it is done again.
    void run();

    // Whether it is time for a step, which a sequence wants for its second token or a later one.
    // While somebody waits for a first token, steps take an eighth of the time at most: running
    // answers go on, slowly, and soon all run together. Only a second token comes at once: short
    // answers end with it.
    bool is_due(bool is_second_token) const;

    // To be called before a cache that was used moves.
    void forget_graph() { graph_.reset(); }
    uint64_t size() const { return memory_.size(); }

  private:
    bool step(std::span<Sequence* const> members);
    double prefill_per_decode(size_t n_running) const;

    const Networks& networks_;
    const PrefillQueue& prefill_queue_;
    int n_slots_, n_threads_;
    GraphMemory memory_;
    std::vector<Sequence*> waiting_;
    std::chrono::steady_clock::time_point due_;
    // The last one: mostly the same sequences come again.
    std::unique_ptr<DecodeGraph> graph_;
};

}  // namespace paligemma
