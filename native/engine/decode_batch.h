// Batched decode steps: one pass over the weights computes the next logits of all running
// sequences.
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

    // Embedding, position and cache row of each token, and masks [n_kv, n] of its visible keys,
    // part after part.
    void set_inputs(const Networks& networks, std::span<const int32_t> tokens,
                    std::span<const int32_t> positions, std::span<const int64_t> cache_rows,
                    std::span<const ggml_fp16_t> masks);
    // The logits of row i, for the ids that may be sampled.
    void get_logits(int64_t i, std::vector<float>& logits) const;

    // Rows of logits per node, at most: the output head is the largest matmul of all.
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

    // The sequence has a new token and waits for its logits.
    void add(Sequence& sequence) { waiting_.push_back(&sequence); }
    void remove(Sequence& sequence) { std::erase(waiting_, &sequence); }
    // One step of all waiting sequences. A cancelled member aborts the step; it is re-run for the
    // rest.
    void run();

    // Whether a step may run now. While any request is in prefill, decode gets at most 1/8 of the
    // time: running answers progress slowly, and soon all are decoded together. A second token
    // never waits: short answers end with it.
    bool is_due(bool is_second_token) const;

    // Call before a cache in use moves.
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
    // Of the last step: mostly the same sequences run again.
    std::unique_ptr<DecodeGraph> graph_;
};

}  // namespace paligemma
