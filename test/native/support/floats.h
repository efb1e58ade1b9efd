// Random values for tensors, reading and writing tensors, and the difference of two results.
#pragma once
#include <ggml-backend.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support/random.h"
#include "support/test.h"

namespace paligemma::test {

using Floats = std::vector<float>;

inline Floats random_floats(size_t n, uint64_t seed, float scale = 1.f) {
    Random random(seed);
    Floats numbers(n);
    for (float& f : numbers) {
        // Uniform values added up: a few are large, as with activations.
        f = 0;
        for (int i = 0; i < 4; ++i) f += static_cast<float>(random.below(20001)) / 10000.f - 1.f;
        f *= scale;
    }
    return numbers;
}

// The largest difference in units of the expected values' root mean square.
inline double difference(const Floats& found, const Floats& expected) {
    CHECK_EQ(found.size(), expected.size());
    double max = 0, squares = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        max = std::max<double>(max, std::fabs(found[i] - expected[i]));
        squares += static_cast<double>(expected[i]) * expected[i];
    }
    CHECK(squares > 0);
    return max / std::sqrt(squares / static_cast<double>(expected.size()));
}

inline void check_close(const Floats& found, const Floats& expected, double bound,
                        const std::string& what) {
    checks()++;
    const double d = difference(found, expected);
    if (!(d <= bound))
        fail(__FILE__, __LINE__,
             what + ": differs by " + std::to_string(d * 1e6) + "e-6 of the RMS, allowed " +
                 std::to_string(bound * 1e6) + "e-6");
}

inline Floats read(const ggml_tensor* t) {
    Floats numbers(static_cast<size_t>(ggml_nelements(t)));
    if (t->type == GGML_TYPE_F32) {
        ggml_backend_tensor_get(t, numbers.data(), 0, ggml_nbytes(t));
    } else {
        std::vector<ggml_fp16_t> halves(numbers.size());
        ggml_backend_tensor_get(t, halves.data(), 0, ggml_nbytes(t));
        ggml_fp16_to_fp32_row(halves.data(), numbers.data(), ggml_nelements(t));
    }
    return numbers;
}

inline void write(ggml_tensor* t, const Floats& numbers) {
    CHECK_EQ(static_cast<int64_t>(numbers.size()), ggml_nelements(t));
    if (t->type == GGML_TYPE_F32) {
        ggml_backend_tensor_set(t, numbers.data(), 0, ggml_nbytes(t));
    } else {
        std::vector<uint8_t> bytes(ggml_nbytes(t));
        ggml_quantize_chunk(t->type, numbers.data(), bytes.data(), 0, ggml_nrows(t), t->ne[0],
                            nullptr);
        ggml_backend_tensor_set(t, bytes.data(), 0, bytes.size());
    }
}

}  // namespace paligemma::test
