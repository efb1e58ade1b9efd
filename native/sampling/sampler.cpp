#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace paligemma {

namespace {

bool likelier(const TokenLogprob& a, const TokenLogprob& b) {
    return a.logprob != b.logprob ? a.logprob > b.logprob : a.id < b.id;
}

}  // namespace

Sampler::Sampler(const SamplingParams& params) : params_(params), random_(params.seed) {}

double Sampler::log_sum(std::span<const float> logits) {
    const float best = logits.empty() ? NAN : *std::max_element(logits.begin(), logits.end());
    // Around the maximum. NaN anywhere makes the sum NaN.
    double sum = 0;
    for (float z : logits) sum += std::exp(static_cast<double>(z) - best);
    const double result = best + std::log(sum);
    if (!std::isfinite(result)) {
        throw Error(ErrorCode::EngineNumeric, "the model produced logits that are not finite",
                    {.name = "logits",
                     .found = "NaN or infinity",
                     .expected = "finite numbers",
                     .hint = "check the file with load option checkTensors"});
    }
    return result;
}

SampledToken Sampler::sample(std::span<const float> logits, Grammar* grammar, int32_t eos) {
    const double log_sum = Sampler::log_sum(logits);
    const auto best =
        static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    auto logprob = [&](int32_t id) { return static_cast<float>(logits[id] - log_sum); };

    auto allows = [&](int32_t id) {
        return grammar == nullptr || (id == eos ? grammar->may_end() : grammar->allows(id));
    };
    SampledToken token{};
    if (params_.temperature > 0.f) {
        token.id = draw(logits, allows);
    } else if (allows(best)) {
        token.id = best;
    } else {
        // Only tokens better than the best so far need to be asked about.
        token.id = -1;
        for (int32_t id = 0; id < static_cast<int32_t>(logits.size()); ++id)
            if ((token.id < 0 || logits[id] > logits[token.id]) && allows(id)) token.id = id;
    }
    if (token.id < 0) {
        throw Error(ErrorCode::OptionRange, "no token continues the answer as the pattern demands",
                    {.name = "pattern",
                     .found = "a pattern with characters that the vocabulary lacks",
                     .expected = "a pattern that the vocabulary can spell",
                     .hint = ""});
    }
    token.log_sum = log_sum;
    token.logprob = logprob(token.id);
    if (params_.n_top_logprobs > 0) {
        candidates_.clear();
        for (size_t i = 0; i < logits.size(); ++i)
            candidates_.push_back({static_cast<int32_t>(i), logprob(static_cast<int32_t>(i))});
        const size_t n = std::min<size_t>(params_.n_top_logprobs, candidates_.size());
        std::partial_sort(candidates_.begin(), candidates_.begin() + n, candidates_.end(),
                          likelier);
        token.top.assign(candidates_.begin(), candidates_.begin() + n);
    }
    return token;
}

// -1 when no token is allowed.
template <typename Allows>
int32_t Sampler::draw(std::span<const float> logits, Allows&& allows) {
    candidates_.clear();
    for (int32_t id = 0; id < static_cast<int32_t>(logits.size()); ++id)
        if (std::isfinite(logits[id]) && allows(id)) candidates_.push_back({id, logits[id]});
    if (candidates_.empty()) return -1;
    size_t n = candidates_.size();
    if (params_.top_k > 0) n = std::min<size_t>(n, params_.top_k);
    // Sorting is only needed where something is cut off.
    if (n < candidates_.size() || params_.top_p < 1.f) {
        std::partial_sort(candidates_.begin(), candidates_.begin() + n, candidates_.end(),
                          likelier);
        candidates_.resize(n);
    }
    float max = candidates_[0].logprob;
    for (const auto& c : candidates_) max = std::max(max, c.logprob);
    double sum = 0;
    for (auto& c : candidates_) {
        c.logprob = std::exp((c.logprob - max) / params_.temperature);
        sum += c.logprob;
    }
    if (params_.top_p < 1.f) {
        // The smallest set of the likeliest tokens whose probability reaches top_p.
        double kept = 0;
        size_t keep = 0;
        do kept += candidates_[keep++].logprob;
        while (keep < candidates_.size() && kept < params_.top_p * sum);
        candidates_.resize(keep);
        sum = kept;
    }
    // 53 random bits -> [0, 1): the same on every platform, unlike std::uniform_real_distribution.
    double at = static_cast<double>(random_() >> 11) * 0x1.0p-53 * sum;
    for (const auto& c : candidates_) {
        at -= c.logprob;
        if (at < 0) return c.id;
    }
    return candidates_.back().id;
}

}  // namespace paligemma
