#include "sampling/sampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/error.h"

namespace paligemma {

namespace {

bool likelier(const TokenLogprob& a, const TokenLogprob& b) {
    return a.logprob != b.logprob ? a.logprob > b.logprob : a.id < b.id;
}

// Independent lanes, which the compiler puts side by side: a vocabulary has a quarter of a million
// numbers, for every token.
constexpr size_t LANES = 16;

float greatest(std::span<const float> x) {
    std::array<float, LANES> most;
    most.fill(x[0]);
    const size_t whole = x.size() / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t j = 0; j < LANES; ++j) most[j] = x[i + j] > most[j] ? x[i + j] : most[j];
    for (size_t i = whole; i < x.size(); ++i) most[0] = std::max(most[0], x[i]);
    return *std::max_element(most.begin(), most.end());
}

// e^x for x <= 0, to about 1e-7 of it (Cephes expf): 2^n times a polynomial in the rest. Exactly 1
// for 0, NaN for NaN, and about 1e-38 for all that is less than that.
inline float exp_below(float x) {
    x = x < -87.f ? -87.f : x;
    // The sum rounds to a whole number, which then stands in its lowest bits.
    constexpr float ROUND = 12582912.f;  // 1.5 x 2^23
    const float shifted = x * 1.44269504088896f + ROUND, n = shifted - ROUND;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(p) +
                                (std::bit_cast<uint32_t>(shifted) << 23));
}

double sum_of_exp(std::span<const float> x, float best) {
    double sum = 0;
    size_t i = 0;
    // Short sums in f32, so that many small numbers are not lost beside a large one.
    constexpr size_t BLOCK = 64 * LANES;
    for (; i + BLOCK <= x.size(); i += BLOCK) {
        std::array<float, LANES> part{};
        for (size_t k = 0; k < BLOCK; k += LANES)
            for (size_t j = 0; j < LANES; ++j) part[j] += exp_below(x[i + k + j] - best);
        for (float p : part) sum += p;
    }
    for (; i < x.size(); ++i) sum += exp_below(x[i] - best);
    return sum;
}

}  // namespace

Sampler::Sampler(const SamplingParams& params) : params_(params), random_(params.seed) {}

double Sampler::log_sum(std::span<const float> logits) {
    const float best = logits.empty() ? NAN : greatest(logits);
    // Around the maximum. NaN anywhere makes the sum NaN.
    const double result = best + std::log(sum_of_exp(logits, best));
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
