// Logits -> one token: greedy, or temperature, top-k and top-p with a seeded generator.
// Log-probabilities are those of the model itself, before temperature and truncation, so that a
// score means the same however it was sampled.
#pragma once
#include <cstdint>
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
    std::vector<TokenLogprob> top;  // likeliest first
};

class Sampler {
  public:
    explicit Sampler(const SamplingParams& params);
    // `logits`: those of the ids that may be sampled, from 0. Ties go to the lowest id. Throws
    // EngineNumeric when a logit is NaN or none is finite.
    SampledToken sample(std::span<const float> logits);

  private:
    int32_t draw(std::span<const float> logits);

    SamplingParams params_;
    std::mt19937_64 random_;
    std::vector<TokenLogprob> candidates_;
};

}  // namespace paligemma
