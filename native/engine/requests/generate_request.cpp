#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "engine/requests/box_presence.h"
#include "engine/requests/label_drafts.h"
#include "engine/requests/prompt_request.h"
#include "engine/requests/requests.h"

namespace paligemma {

namespace {

// Token by token after a prefix, until the model, a limit or a repetition ends it.
class GenerateRequest : public PromptRequest<GenerateParams, GenerateResult> {
  public:
    GenerateRequest(uint64_t id, Engine& engine, GenerateParams params)
        : PromptRequest(id, engine, std::move(params)), sampler_(params_.sampling) {}

  private:
    int64_t prepare(int64_t n_prefix) override {
        if (!params_.pattern.empty())
            grammar_ = std::make_unique<Grammar>(model().symbols(), params_.pattern, &cancel_flag);
        max_tokens_ = resolve_max_tokens(model(), n_prefix, params_.max_tokens);
        if (params_.loc_probabilities)
            presence_ =
                std::make_unique<BoxPresence>(model().config().tokens, model().symbols(),
                                              [this](int32_t token) { return allows(token); });
        std::vector<std::vector<int32_t>> labels;
        for (const std::string& text : params_.drafts) {
            auto tokens = model().tokenizer()->encode(text);
            tokens.resize(std::min(tokens.size(), Sequence::MAX_DRAFT));
            if (!tokens.empty()) labels.push_back(std::move(tokens));
        }
        drafts_ = LabelDrafts(std::move(labels), params_.draft_after);
        return max_tokens_;
    }

    // Samples from the current logits and posts the token, or the end.
    Step proceed() override {
        const bool is_second_token = result_.n_completion == 1;
        if (sequence().is_pending() && !model().decoding().is_due(is_second_token))
            return Step::Waiting;
        const TokenIds& ids = model().config().tokens;
        const std::span<const float> logits = sequence().logits();
        watch_.lap();
        SampledToken token = sampler_.sample(
            logits,
            grammar_ ? TokenFilter([this](int32_t id) { return allows(id); }) : TokenFilter{});
        const std::optional<float> presence =
            presence_ ? presence_->presence(last_token(), token, logits) : std::nullopt;
        if (presence) token = decide(std::move(token), *presence, logits);
        sampling_ms_ += watch_.lap();
        result_.decode_ms = sampling_ms_ + sequence().step_ms();
        if (token.id == ids.eos) {
            result_.end_logprob = token.logprob;
            result_.end_presence = presence.value_or(NAN);
            return end(FinishReason::Stop);
        }
        if (!detokenizer_)
            detokenizer_ = std::make_unique<Detokenizer>(model().tokenizer()->vocabulary());
        const bool is_loc = ids.is_loc(token.id);
        if (is_loc && params_.stop_at_repetition && begins_repetition())
            return end(FinishReason::Repetition);
        if (grammar_) grammar_->accept(token.id);
        tokens_.push_back(token.id);
        ++result_.n_completion;
        TokenEvent event{.token = std::move(token),
                         .text = detokenizer_->push(tokens_.back()),
                         .presence = presence.value_or(NAN)};
        if (is_loc && params_.loc_probabilities) {
            event.loc_probabilities.reserve(TokenIds::N_LOC);
            for (float logit : logits.subspan(ids.first_loc, TokenIds::N_LOC))
                event.loc_probabilities.push_back(
                    static_cast<float>(std::exp(logit - event.token.log_sum)));
        }
        listener().on_token(id, std::move(event));
        if (result_.n_completion == max_tokens_) return end(FinishReason::Length);
        // The cache has rows for the longest answer and no more.
        const auto room = static_cast<size_t>(max_tokens_ - result_.n_completion);
        const int32_t last = tokens_.back();
        sequence().append(last, drafts_.after(last, ids.is_loc_or_seg(last), room));
        return Step::More;
    }

    bool may_end() const { return !grammar_ || grammar_->may_end(); }

    bool allows(int32_t id) {
        if (id == model().config().tokens.eos) return may_end();
        return !grammar_ || grammar_->allows(id);
    }

    std::optional<int32_t> last_token() const {
        return tokens_.empty() ? std::nullopt : std::optional(tokens_.back());
    }

    // The sampled token, or another where `presence` demands a box or the end.
    SampledToken decide(SampledToken sampled, float presence, std::span<const float> logits) {
        const int32_t eos = model().config().tokens.eos;
        if (params_.min_presence < 0) return sampled;
        const bool begins = presence >= params_.min_presence;
        if (begins != (sampled.id == eos)) return sampled;
        return sampler_.sample(logits, [&](int32_t token) {
            return begins ? presence_->begins_box(last_token(), token) && allows(token)
                          : token == eos;
        });
    }

    Step end(FinishReason reason) {
        result_.finish_reason = reason;
        if (detokenizer_) result_.tail = detokenizer_->finish();
        return finish_result();
    }

    // Called before a loc token is appended. If it begins an instance: are the last one to four
    // instances an exact copy of those before? A model that repeats itself does not stop by itself.
    bool begins_repetition() {
        if (!tokens_.empty() && model().config().tokens.is_loc(tokens_.back())) return false;
        instances_.push_back(tokens_.size());
        constexpr size_t LONGEST = 4;
        const size_t last = instances_.size() - 1;
        for (size_t n = 1; n <= LONGEST && 2 * n <= last; ++n) {
            const auto at = [&](size_t i) {
                return tokens_.begin() + static_cast<ptrdiff_t>(instances_[i]);
            };
            if (std::equal(at(last - 2 * n), at(last - n), at(last - n), at(last))) return true;
        }
        return false;
    }

    Sampler sampler_;
    std::unique_ptr<Grammar> grammar_;
    int max_tokens_ = 0;
    double sampling_ms_ = 0;
    std::unique_ptr<BoxPresence> presence_;  // null: not asked for
    LabelDrafts drafts_;
    std::vector<int32_t> tokens_;
    std::vector<size_t> instances_;  // index in tokens_ at which each begins
    std::unique_ptr<Detokenizer> detokenizer_;
};

}  // namespace

RequestPtr generate_request(uint64_t id, Engine& engine, GenerateParams params) {
    return std::make_shared<GenerateRequest>(id, engine, std::move(params));
}

}  // namespace paligemma
