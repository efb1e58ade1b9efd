#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>

#include "engine/requests/prompt_request.h"
#include "engine/requests/requests.h"

namespace paligemma {

namespace {

// Token by token behind a prefix, until the model, a limit or a repetition ends it.
class GenerateRequest : public PromptRequest<GenerateParams, GenerateResult> {
  public:
    GenerateRequest(uint64_t id, Engine& engine, GenerateParams params)
        : PromptRequest(id, engine, std::move(params)), sampler_(params_.sampling) {}

  private:
    int64_t prepare(int64_t n_prefix) override {
        if (!params_.pattern.empty())
            grammar_ = std::make_unique<Grammar>(model().symbols(), params_.pattern, &cancel_flag);
        max_tokens_ = resolve_max_tokens(model(), n_prefix, params_.max_tokens);
        for (const std::string& text : params_.drafts) {
            auto tokens = model().tokenizer()->encode(text);
            tokens.resize(std::min(tokens.size(), Sequence::MAX_DRAFT));
            if (!tokens.empty()) drafts_.push_back(std::move(tokens));
        }
        // Before any was said, the first is expected.
        said_ = drafts_.empty() ? 0 : drafts_.size() - 1;
        goes_on_ = true;
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
        const std::optional<float> presence = presence_of_box(token, logits);
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
        const bool is_loc = this->is_loc(token.id);
        if (is_loc && params_.stop_at_repetition && begins_repetition())
            return end(FinishReason::Repetition);
        if (grammar_) grammar_->accept(token.id);
        tokens_.push_back(token.id);
        ++result_.n_completion;
        TokenEvent event{.token = std::move(token),
                         .text = detokenizer_->push(tokens_.back()),
                         .presence = presence.value_or(NAN)};
        if (is_loc && params_.loc_probabilities) {
            event.loc_probabilities.reserve(N_LOC);
            for (float logit : logits.subspan(ids.first_loc, N_LOC))
                event.loc_probabilities.push_back(
                    static_cast<float>(std::exp(logit - event.token.log_sum)));
        }
        listener().on_token(id, std::move(event));
        if (result_.n_completion == max_tokens_) return end(FinishReason::Length);
        sequence().append(tokens_.back(), draft());
        return Step::More;
    }

    bool is_loc(int32_t id) {
        const int32_t first = model().config().tokens.first_loc;
        return first >= 0 && id >= first && id < first + N_LOC;
    }

    bool is_special(int32_t id) {
        const int32_t first = model().config().tokens.first_seg;
        return is_loc(id) || (first >= 0 && id >= first && id < first + N_SEG);
    }

    bool may_end() const { return !grammar_ || grammar_->may_end(); }

    bool allows(int32_t id) {
        if (id == model().config().tokens.eos) return may_end();
        return !grammar_ || grammar_->allows(id);
    }

    // The tokens that begin a box here, ascending: loc tokens at first, then separators.
    std::span<const int32_t> box_tokens() {
        if (!tokens_.empty()) return model().symbols().separators();
        if (locs_.empty() && model().config().tokens.first_loc >= 0) {
            locs_.resize(N_LOC);
            std::iota(locs_.begin(), locs_.end(), model().config().tokens.first_loc);
        }
        return locs_;
    }

    bool begins_box(int32_t id) { return std::ranges::binary_search(box_tokens(), id); }

    // Where a box may begin or the answer end: how probable the box is, of these two. Its
    // probability is the sum over all tokens that begin one. A model that hesitates between
    // positions spreads it over many, so that the end can be the likeliest token although a box is
    // far likelier than none. nullopt at any other place. `sampled`: the likeliest token, or one
    // drawn.
    std::optional<float> presence_of_box(const SampledToken& sampled,
                                         std::span<const float> logits) {
        const int32_t eos = model().config().tokens.eos;
        if (!params_.loc_probabilities || !may_end()) return std::nullopt;
        // After a label only the end or a separator says that the label is whole.
        if (!tokens_.empty() &&
            (is_special(tokens_.back()) || (sampled.id != eos && !begins_box(sampled.id))))
            return std::nullopt;
        const auto probability = [&](int32_t id) { return std::exp(logits[id] - sampled.log_sum); };
        double box = 0;
        for (int32_t id : box_tokens())
            if (allows(id)) box += probability(id);
        if (box <= 0) return std::nullopt;
        return static_cast<float>(box / (box + probability(eos)));
    }

    // The sampled token, or another where `presence` demands a box or the end.
    SampledToken decide(SampledToken sampled, float presence, std::span<const float> logits) {
        const int32_t eos = model().config().tokens.eos;
        if (params_.min_presence < 0) return sampled;
        const bool begins = presence >= params_.min_presence;
        if (begins != (sampled.id == eos)) return sampled;
        return sampler_.sample(
            logits, [&](int32_t id) { return begins ? begins_box(id) && allows(id) : id == eos; });
    }

    // What will probably follow the last token. Where a label begins that is the one behind the one
    // said last, or the same again: whichever was right before.
    std::span<const int32_t> draft() {
        if (drafts_.empty()) return {};
        const int32_t last = tokens_.back();
        if (is_special(last)) {
            if (++n_special_ != params_.draft_after) return {};
            const size_t expected = (said_ + (goes_on_ ? 1 : 0)) % drafts_.size();
            // The cache has rows for the longest answer, and no more.
            const auto room = static_cast<size_t>(max_tokens_ - result_.n_completion);
            return std::span(drafts_[expected]).first(std::min(drafts_[expected].size(), room));
        }
        if (n_special_ > 0) {
            n_special_ = 0;
            for (size_t step = 0; step < drafts_.size(); ++step) {
                const size_t i = (said_ + step) % drafts_.size();
                if (drafts_[i][0] != last) continue;
                goes_on_ = step > 0;
                said_ = i;
                break;
            }
        }
        return {};
    }

    Step end(FinishReason reason) {
        result_.finish_reason = reason;
        if (detokenizer_) result_.tail = detokenizer_->finish();
        return finish_result();
    }

    // A loc token comes next. Where it begins an instance: were the last ones, up to four, an exact
    // copy of as many before them? A model that says the same twice does not stop by itself.
    bool begins_repetition() {
        if (!tokens_.empty() && is_loc(tokens_.back())) return false;
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

    static constexpr int32_t N_LOC = 1024, N_SEG = 128;

    Sampler sampler_;
    std::unique_ptr<Grammar> grammar_;
    int max_tokens_ = 0;
    double sampling_ms_ = 0;
    std::vector<std::vector<int32_t>> drafts_;
    size_t said_ = 0;       // which of them came last
    bool goes_on_ = false;  // the one before that was another
    int n_special_ = 0;     // loc and seg tokens in a row, the last ones
    std::vector<int32_t> tokens_;
    std::vector<int32_t> locs_;      // ids of all loc tokens, once they are asked for
    std::vector<size_t> instances_;  // where in tokens_ each begins
    std::unique_ptr<Detokenizer> detokenizer_;
};

}  // namespace

RequestPtr generate_request(uint64_t id, Engine& engine, GenerateParams params) {
    return std::make_shared<GenerateRequest>(id, engine, std::move(params));
}

}  // namespace paligemma
