// The work of a request, cut into steps: encode a picture, run the prefix through the language
// model, decode token by token.
#pragma once
#include <chrono>
#include <functional>
#include <span>
#include <vector>

#include "engine/serving_model.h"
#include "text/detokenizer.h"

namespace paligemma {

// Pixels -> projected image tokens, some blocks per step.
class PictureEncoder {
  public:
    // `cancel` is the flag of the request; it, the model and the pixels must outlive this object.
    // `pictures`: 1 to Policy::max_pictures, each as in GenerateParams; they go through the network
    // together.
    PictureEncoder(ServingModel& model, std::vector<std::span<const uint8_t>> pictures,
                   const std::atomic<int>& cancel, Taps* taps = nullptr)
        : model_(model), pictures_(std::move(pictures)), cancel_(cancel), taps_(taps) {}

    // True when features() are there. Throws Aborted when cancelled.
    bool step();
    // Of each picture.
    const std::vector<Features>& features() const { return features_; }

  private:
    ServingModel& model_;
    std::vector<std::span<const uint8_t>> pictures_;
    const std::atomic<int>& cancel_;
    Taps* taps_;
    int next_block_ = 0;
    std::vector<Features> features_;
};

// One sequence in one slot: prefill, then one token at a time.
class Sequence {
  public:
    // `prefix`: BOS, prompt, separator. The slot must have room for all that will be decoded.
    Sequence(ServingModel& model, SlotLease slot, std::vector<Features> images,
             std::vector<int32_t> prefix, const std::atomic<int>& cancel, Taps* taps = nullptr);

    ~Sequence();
    Sequence(const Sequence&) = delete;
    Sequence& operator=(const Sequence&) = delete;

    // Some layers of the prefix. True when logits() are those of the first token.
    bool prefill_step();
    // Appends `token`; read logits() first. `draft`: speculative tokens after it, verified in the
    // same step (speculative decoding); those that are then appended cost no step.
    void append(int32_t token, std::span<const int32_t> draft = {});
    // Logits after the last token, for the ids that may be sampled; valid until append() or
    // branch(). The first call after append() runs one decode step for all waiting sequences.
    // Throws Aborted when cancelled.
    std::span<const float> logits();
    // Tokens of `draft`, at most.
    static constexpr size_t MAX_DRAFT = 5;
    // Milliseconds of the steps it took part in.
    double step_ms() const { return step_ms_; }

    // Several continuations of the prefix at once, as a forest: parents[i] < i is the token before
    // tokens[i], -1 the prefix. Calls visit(i, logits) with the logits after each. Discards what
    // was decoded before, and is itself discarded by the next call.
    void branch(std::span<const int32_t> tokens, std::span<const int32_t> parents,
                const std::function<void(size_t, std::span<const float>)>& visit);

    // For DecodeBatch.
    bool is_pending() const { return is_pending_; }
    // The appended token and the speculative ones, at positions from n_past() on.
    std::span<const int32_t> pending() const { return tokens_; }
    bool is_cancelled() const { return cancel_.load() != 0; }
    const std::atomic<int>& cancel_flag() const { return cancel_; }
    Slot& slot() const { return *slot_; }
    int64_t n_past() const { return n_past_; }
    Taps* taps() const { return taps_; }
    // A step of `ms` has put the pending tokens into the cache; returns buffers for the logits
    // after each token.
    std::span<std::vector<float>> accept_step(double ms);

  private:
    void begin();

    ServingModel& model_;
    SlotLease slot_;
    std::vector<Features> images_;
    std::vector<int32_t> prefix_;
    const std::atomic<int>& cancel_;
    Taps* taps_;
    int64_t n_past_ = 0;
    int64_t n_prefix_ = 0;
    int next_layer_ = 0;
    bool is_pending_ = false;      // tokens_ are appended, without logits yet
    std::vector<int32_t> tokens_;  // of the last step: the appended one, then speculative ones
    size_t at_ = 0;                // index of the last token in it
    double step_ms_ = 0;
    std::vector<std::vector<float>> logits_;  // after each of them
};

// The most tokens that may follow a prefix of n_prefix; `wanted`: as requested, 0 for the default.
// Throws PromptTooLong with all the counts.
int resolve_max_tokens(const ServingModel& model, int64_t n_prefix, int wanted);

}  // namespace paligemma
