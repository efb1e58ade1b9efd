// Logits -> one token: greedy, or temperature, top-k and top-p with a seeded generator.
// Log-probabilities are those of the model itself, before temperature, truncation and grammar, so
// that a score means the same however it was sampled.
#pragma once
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <vector>

namespace paligemma {

struct SamplingParams {
    float temperature = 0.f;  // 0: greedy
    int top_k = 0;            // 0: off
    float top_p = 1.f;        // 1: off
    uint64_t seed = 0;
    int n_top_logprobs = 0;  // how many of the likeliest tokens to report
};

struct TokenLogprob {
    int32_t id;
    float logprob;
};

struct SampledToken {
    int32_t id;
    float logprob;                  // natural logarithm
    double log_sum;                 // logit - log_sum is the log-probability of any token
    std::vector<TokenLogprob> top;  // likeliest first
};

// Which tokens may come next. Empty: any.
using TokenFilter = std::function<bool(int32_t id)>;

class Sampler {
  public:
    explicit Sampler(const SamplingParams& params);
    // `logits`: those of the ids that may be sampled, from 0. Ties go to the lowest id. Throws
    // EngineNumeric when a logit is NaN or none is finite, OptionRange when `allows` refuses all.
    SampledToken sample(std::span<const float> logits, const TokenFilter& allows = {});

    // log(sum(exp(logits))): a logit less this is the token's log-probability. Throws EngineNumeric
    // as sample does.
    static double log_sum(std::span<const float> logits);

  private:
    int32_t draw(std::span<const float> logits, const TokenFilter& allows);

    SamplingParams params_;
    std::mt19937_64 random_;
    std::vector<TokenLogprob> candidates_;
};

}  // namespace paligemma
