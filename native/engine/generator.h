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
    // What comes next is `token`; not before logits() of the last one were read. `draft` is what
    // may come behind it: computed in the same step, and when it does come, that takes no step.
    void append(int32_t token, std::span<const int32_t> draft = {});
    // Of the ids that may be sampled, behind the last token; valid until append() or branch(). The
    // first call after append() takes all sequences that wait for theirs one step further. Throws
    // Aborted when cancelled.
    std::span<const float> logits();
    // The longest draft.
    static constexpr size_t MAX_DRAFT = 5;
    // Milliseconds of the steps it had a part in.
    double step_ms() const { return step_ms_; }

    // Tokens that continue the prefix in several ways at once, as a forest: parents[i] < i is the
    // token before tokens[i], -1 the prefix. `visit(i, logits)` gets what comes after each. What
    // was decoded before is forgotten, and this is forgotten by the next call.
    void branch(std::span<const int32_t> tokens, std::span<const int32_t> parents,
                const std::function<void(size_t, std::span<const float>)>& visit);

    // For DecodeBatch.
    bool is_pending() const { return is_pending_; }
    // The token and its draft, which follow n_past() others.
    std::span<const int32_t> pending() const { return tokens_; }
    bool is_cancelled() const { return cancel_.load() != 0; }
    const std::atomic<int>& cancel_flag() const { return cancel_; }
    Slot& slot() const { return *slot_; }
    int64_t n_past() const { return n_past_; }
    Taps* taps() const { return taps_; }
    // The pending tokens are in the cache after a step of `ms`; gives where the logits behind each
    // are to be stored.
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
    std::vector<int32_t> tokens_;  // of the last step: one that was appended and its draft
    size_t at_ = 0;                // which of them is the last token
    double step_ms_ = 0;
    std::vector<std::vector<float>> logits_;  // behind each of them
};

// How many tokens may follow a prefix of n_prefix when `wanted` (0: the default) were asked for.
// Throws PromptTooLong with all the counts.
int resolve_max_tokens(const ServingModel& model, int64_t n_prefix, int wanted);

}  // namespace paligemma
