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

SampledToken Sampler::sample(std::span<const float> logits) {
    int32_t best = 0;
    bool has_nan = false;
    for (size_t i = 0; i < logits.size(); ++i) {
        has_nan |= std::isnan(logits[i]);
        if (logits[i] > logits[best]) best = static_cast<int32_t>(i);
    }
    if (has_nan || logits.empty() || !std::isfinite(logits[best])) {
        throw Error(ErrorCode::EngineNumeric, "the model produced logits that are not finite",
                    {.name = "logits",
                     .found = "NaN or infinity",
                     .expected = "finite numbers",
                     .hint = "check the file with load option checkTensors"});
    }
    // log(sum(exp)) around the maximum
    double sum = 0;
    for (float z : logits) sum += std::exp(static_cast<double>(z - logits[best]));
    const double log_sum = logits[best] + std::log(sum);
    auto logprob = [&](int32_t id) { return static_cast<float>(logits[id] - log_sum); };

    SampledToken token;
    token.id = params_.temperature > 0.f ? draw(logits) : best;
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

int32_t Sampler::draw(std::span<const float> logits) {
    candidates_.clear();
    for (size_t i = 0; i < logits.size(); ++i)
        if (std::isfinite(logits[i])) candidates_.push_back({static_cast<int32_t>(i), logits[i]});
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
