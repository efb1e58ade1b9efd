// What requests with pictures and a prompt share: everything before the first logits.
#pragma once
#include <algorithm>
#include <span>

#include "engine/generator.h"
#include "engine/requests/model_request.h"
#include "engine/stopwatch.h"

namespace paligemma {

// Pictures and a prompt up to the first logits; the rest is the derived class's. `Result` derives
// from PromptCosts.
template <typename Params, typename Result>
class PromptRequest : public ModelRequest {
  public:
    PromptRequest(uint64_t id, Engine& engine, Params params)
        : ModelRequest(id, engine), params_(std::move(params)) {}

    Step step() override {
        const double waited = watch_.lap();
        if (stage_ == Stage::Queued) result_.queue_ms += waited;
        switch (stage_) {
            case Stage::Queued:
                return begin();
            case Stage::Encode:
                return encode();
            case Stage::Prefill:
                return prefill();
            case Stage::Decode:
                return proceed();
        }
        return Step::Finished;
    }
    void fail(const Error& error) override {
        sequence_.reset();
        slot_.reset();
        ModelRequest::fail(error);
    }

  protected:
    // KV rows needed after the prefix of n_prefix tokens; validates the request.
    virtual int64_t prepare(int64_t n_prefix) = 0;
    // One step after prefill, when sequence().logits() are those of the first token.
    virtual Step proceed() = 0;

    Sequence& sequence() { return *sequence_; }
    Step finish_result() {
        sequence_.reset();
        return finish(std::move(result_));
    }

    Params params_;
    Result result_;
    Stopwatch watch_;

  private:
    enum class Stage { Queued, Encode, Prefill, Decode };

    Step begin() {
        if (prefix_.empty()) {
            for (const auto& image : params_.images) check_image(image);
            const ModelConfig& config = model().config();
            // A trailing newline would merge with the separator in one reference implementation and
            // not in the other (spec section 4.1).
            while (params_.prompt.ends_with('\n')) params_.prompt.pop_back();
            prefix_ = model().tokenizer()->encode(params_.prompt);
            prefix_.insert(prefix_.begin(), config.tokens.bos);
            prefix_.push_back(config.tokens.separator);
            result_.n_image = static_cast<int>(params_.images.size()) * config.vision.n_patches();
            result_.n_prompt = static_cast<int>(prefix_.size());
            n_after_ = prepare(result_.n_image + result_.n_prompt);
        }
        const bool entered = enter_prefill([this] {
            slot_ = model().take_slot(result_.n_image + result_.n_prompt + n_after_);
            return slot_ != nullptr;
        });
        if (!entered) return Step::Waiting;
        stage_ = Stage::Encode;
        return Step::More;
    }

    // One step of a batch of pictures that are not encoded yet, until none is left.
    Step encode() {
        if (!encoder_) gather_batch();
        if (encoder_) {
            const bool done = encoder_->step();
            result_.encode_ms += watch_.lap();
            if (!done) return Step::More;
            for (size_t i = 0; i < batch_.size(); ++i) {
                images_[batch_[i]] = encoder_->features()[i];
                model().features().insert(std::move(params_.images[batch_[i]]), images_[batch_[i]]);
            }
            encoder_.reset();
            return Step::More;
        }
        sequence_ = std::make_unique<Sequence>(model(), std::move(slot_), std::move(images_),
                                               prefix_, cancel_flag);
        stage_ = Stage::Prefill;
        return Step::More;
    }

    // Takes what is in the cache, and makes an encoder for the first pictures that are not. The
    // second copy of a picture waits, and is then found in the cache.
    void gather_batch() {
        images_.resize(params_.images.size());
        batch_.clear();
        std::vector<std::span<const uint8_t>> pictures;
        for (size_t i = 0; i < images_.size(); ++i) {
            if (images_[i]) continue;
            const auto& pixels = params_.images[i];
            const bool is_known = std::any_of(batch_.begin(), batch_.end(), [&](size_t other) {
                return params_.images[other] == pixels;
            });
            if (is_known ||
                batch_.size() == static_cast<size_t>(model().networks().policy().max_pictures))
                continue;
            images_[i] = model().features().find(pixels);
            if (images_[i]) {
                ++result_.n_cached_images;
            } else {
                batch_.push_back(i);
                pictures.emplace_back(pixels);
            }
        }
        if (!batch_.empty())
            encoder_ = std::make_unique<PictureEncoder>(model(), std::move(pictures), cancel_flag);
    }

    Step prefill() {
        const bool done = sequence_->prefill_step();
        result_.prefill_ms += watch_.lap();
        if (!done) return Step::More;
        leave_prefill();
        stage_ = Stage::Decode;
        return proceed();
    }

    Stage stage_ = Stage::Queued;
    std::vector<int32_t> prefix_;
    int64_t n_after_ = 0;
    SlotLease slot_;                // until the sequence takes it
    std::vector<Features> images_;  // null: not encoded yet
    std::vector<size_t> batch_;     // those that the encoder has
    std::unique_ptr<PictureEncoder> encoder_;
    std::unique_ptr<Sequence> sequence_;
};

}  // namespace paligemma
