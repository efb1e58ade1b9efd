#include "sampling/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "platform/cpu.h"

namespace paligemma {

namespace {

bool likelier(const TokenLogprob& a, const TokenLogprob& b) {
    return a.logprob != b.logprob ? a.logprob > b.logprob : a.id < b.id;
}

// Independent lanes, which the compiler vectorises: a vocabulary has a quarter of a million logits,
// for every token.
constexpr size_t LANES = 16;
constexpr size_t BLOCK = 64 * LANES;

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
// The loops below are compiled for each of these once more, and chosen at run time.
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define FOR_AVX512 __attribute__((target("avx512f")))
#define FOR_AVX2 __attribute__((target("avx2")))
#else
#define ALWAYS_INLINE inline
#endif

// Index of the first maximum; unspecified among NaN.
ALWAYS_INLINE size_t find_greatest(std::span<const float> x) {
    size_t best_block = 0;
    float best = -INFINITY;
    for (size_t i = 0; i < x.size(); i += BLOCK) {
        const size_t end = std::min(i + BLOCK, x.size());
        float most[LANES];
        for (float& m : most) m = x[i];
        size_t k = i;
        for (; k + LANES <= end; k += LANES)
            for (size_t j = 0; j < LANES; ++j) most[j] = x[k + j] > most[j] ? x[k + j] : most[j];
        for (; k < end; ++k) most[0] = x[k] > most[0] ? x[k] : most[0];
        for (float m : most) {
            if (!(m > best)) continue;
            best = m;
            best_block = i;
        }
    }
    for (size_t i = best_block; i < x.size(); ++i)
        if (x[i] == best) return i;
    return 0;
}

// e^x for x <= 0, to about 1e-7 of it (Cephes expf): 2^n times a polynomial in the rest. Exactly 1
// for 0, NaN for NaN, and about 1e-38 for all that is less than that.
ALWAYS_INLINE float exp_below(float x) {
    x = x < -87.f ? -87.f : x;
    // The sum rounds to an integer, which is then in its lowest bits.
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

ALWAYS_INLINE double sum_of_exp(std::span<const float> x, float best) {
    double sum = 0;
    size_t i = 0;
    // Adds up short runs in f32, so that many small terms are not lost next to a large one.
    for (; i + BLOCK <= x.size(); i += BLOCK) {
        float part[LANES] = {};
        for (size_t k = 0; k < BLOCK; k += LANES)
            for (size_t j = 0; j < LANES; ++j) part[j] += exp_below(x[i + k + j] - best);
        for (float p : part) sum += p;
    }
    for (; i < x.size(); ++i) sum += exp_below(x[i] - best);
    return sum;
}

struct Scan {
    size_t greatest;
    double sum;  // of e^(x - greatest)
};

ALWAYS_INLINE Scan scan_inline(std::span<const float> x) {
    const size_t greatest = find_greatest(x);
    return {greatest, sum_of_exp(x, x[greatest])};
}

#ifdef FOR_AVX512
FOR_AVX512 Scan scan_avx512(std::span<const float> x) {
    return scan_inline(x);
}
FOR_AVX2 Scan scan_avx2(std::span<const float> x) {
    return scan_inline(x);
}
#endif

Scan scan(std::span<const float> x) {
#ifdef FOR_AVX512
    if (has_avx512()) return scan_avx512(x);
    if (has_avx2()) return scan_avx2(x);
#endif
    return scan_inline(x);
}

// log(sum(exp(x))) and the index of the maximum. NaN anywhere makes the sum NaN.
std::pair<double, size_t> log_sum_and_greatest(std::span<const float> x) {
    const Scan found = x.empty() ? Scan{0, NAN} : scan(x);
    const double result = x.empty() ? NAN : x[found.greatest] + std::log(found.sum);
    if (!std::isfinite(result)) {
        throw Error(ErrorCode::EngineNumeric, "the model produced logits that are not finite",
                    {.name = "logits",
                     .found = "NaN or infinity",
                     .expected = "finite values",
                     .remedy = Remedy::CheckTensors});
    }
    return {result, found.greatest};
}

}  // namespace

Sampler::Sampler(const SamplingParams& params) : params_(params), random_(params.seed) {}

double Sampler::log_sum(std::span<const float> logits) {
    return log_sum_and_greatest(logits).first;
}

SampledToken Sampler::sample(std::span<const float> logits, const TokenFilter& filter) {
    const std::pair<double, size_t> found = log_sum_and_greatest(logits);
    const double log_sum = found.first;
    const auto best = static_cast<int32_t>(found.second);
    auto logprob = [&](int32_t id) { return static_cast<float>(logits[id] - log_sum); };

    auto allows = [&](int32_t id) { return !filter || filter(id); };
    SampledToken token{};
    if (params_.temperature > 0.f) {
        token.id = draw(logits, filter);
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
int32_t Sampler::draw(std::span<const float> logits, const TokenFilter& allows) {
    candidates_.clear();
    for (int32_t id = 0; id < static_cast<int32_t>(logits.size()); ++id)
        if (std::isfinite(logits[id]) && (!allows || allows(id)))
            candidates_.push_back({id, logits[id]});
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
