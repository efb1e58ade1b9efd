// Sampling: greedy, truncation, seeds, log-probabilities.
#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "support/random.h"
#include "support/test.h"

namespace paligemma::test {

namespace {

const std::vector<float> LOGITS = {0.f, 3.f, 1.f, 3.f, -2.f};

std::map<int32_t, int> draw(const SamplingParams& params, int n) {
    Sampler sampler(params);
    std::map<int32_t, int> counts;
    for (int i = 0; i < n; ++i) ++counts[sampler.sample(LOGITS).id];
    return counts;
}

}  // namespace

TEST("greedy takes the largest logit, the first of equal ones, with its log-probability") {
    Sampler sampler({});
    const auto token = sampler.sample(LOGITS);
    CHECK_EQ(token.id, 1);
    double sum = 0;
    for (float z : LOGITS) sum += std::exp(z);
    CHECK(std::fabs(token.logprob - (3 - std::log(sum))) < 1e-6);
}

TEST("a whole vocabulary: the greatest of many blocks, and log_sum") {
    Random random(7);
    std::vector<float> logits(257'153);  // no multiple of anything the loops step by
    for (float& z : logits) z = static_cast<float>(random.below(200'001)) / 10'000.f - 10.f;
    Sampler sampler({});
    for (size_t at : {size_t{0}, size_t{1023}, size_t{1024}, size_t{200'000}, logits.size() - 1}) {
        auto with_one = logits;
        with_one[at] = 11.f;
        with_one.back() = std::max(with_one.back(), 11.f);  // an equal one later on
        double sum = 0;
        for (float z : with_one) sum += std::exp(static_cast<double>(z));
        const auto token = sampler.sample(with_one);
        CHECK_EQ(token.id, static_cast<int32_t>(at));
        CHECK(std::fabs(token.log_sum - std::log(sum)) < 1e-6);
    }
}

TEST("drawing follows the probabilities") {
    constexpr int N = 40000;
    const auto counts = draw({.temperature = 1.f, .seed = 3}, N);
    double sum = 0;
    for (float z : LOGITS) sum += std::exp(z);
    for (int32_t id = 0; id < 5; ++id) {
        const double p = std::exp(LOGITS[id]) / sum;
        // five standard deviations
        CHECK(std::fabs(counts.contains(id) ? counts.at(id) - p * N : -p * N) <
              5 * std::sqrt(N * p * (1 - p)) + 1);
    }
}

TEST("top-k and top-p cut off the tail") {
    for (const auto& [id, n] : draw({.temperature = 5.f, .top_k = 2, .seed = 1}, 500))
        CHECK(id == 1 || id == 3);
    // The two equal ones hold 0.88 together: a mass of 0.5 needs both, one of 0.4 needs the first
    // alone.
    CHECK_EQ(draw({.temperature = 1.f, .top_p = 0.5f, .seed = 1}, 500).size(), size_t{2});
    CHECK_EQ(draw({.temperature = 1.f, .top_p = 0.4f, .seed = 1}, 500).size(), size_t{1});
}

TEST("however small top-p is, the likeliest token stays") {
    CHECK_EQ(draw({.temperature = 1.f, .top_p = 0.f, .seed = 1}, 50).size(), size_t{1});
}

TEST("the same seed draws the same") {
    CHECK(draw({.temperature = 1.f, .seed = 9}, 50) == draw({.temperature = 1.f, .seed = 9}, 50));
    CHECK(draw({.temperature = 1.f, .seed = 9}, 50) != draw({.temperature = 1.f, .seed = 10}, 50));
}

TEST("the likeliest tokens come sorted") {
    Sampler sampler({.n_top_logprobs = 3});
    const auto top = sampler.sample(LOGITS).top;
    CHECK_EQ(top.size(), size_t{3});
    CHECK_EQ(top[0].id, 1);
    CHECK_EQ(top[1].id, 3);
    CHECK_EQ(top[2].id, 2);
}

TEST("probabilities of large logits are right and at most 1") {
    // A float near 1000 is off by up to 3e-5.
    Sampler sampler({});
    const auto even = sampler.sample(std::vector<float>{1000.f, 1000.f});
    CHECK(std::abs(std::exp(1000.f - even.log_sum) - 0.5) < 1e-7);
    for (int i = 0; i < 1000; ++i) {
        const float best = 900.f + static_cast<float>(i) / 7.f;
        const auto sure = sampler.sample(std::vector<float>{best, best - 30.f, -best});
        CHECK(std::exp(best - sure.log_sum) <= 1.0);
        CHECK(sure.logprob <= 0.f);
    }
}

TEST("logits that are not finite are an error") {
    const float inf = std::numeric_limits<float>::infinity(),
                nan = std::numeric_limits<float>::quiet_NaN();
    for (const std::vector<float>& bad :
         {std::vector<float>{0.f, nan}, {nan, nan}, {inf, 0.f}, {-inf, -inf}, {}}) {
        Sampler sampler({.temperature = 1.f});
        CHECK_THROWS(ErrorCode::EngineNumeric, sampler.sample(bad));
    }
}

}  // namespace paligemma::test
