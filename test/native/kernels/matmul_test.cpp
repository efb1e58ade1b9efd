// Our kernels against sums in double precision over the same rounded numbers, for every number of
// rows that tiles differ in, odd panels, and several threads.
#include "kernels/matmul.h"

#include <ggml-cpp.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "compute/graph.h"
#include "compute/quantize.h"
#include "support/random.h"
#include "support/test.h"

namespace paligemma::test {

namespace {

struct Shape {
    int64_t k, n, m;
};

std::vector<float> uniform(Random& random, int64_t n) {
    std::vector<float> out(n);
    for (float& f : out) f = static_cast<float>(random.below(20001)) / 10000.f - 1.f;
    return out;
}

std::vector<uint8_t> quantized(const std::vector<float>& numbers, ggml_type type, int64_t k) {
    std::vector<uint8_t> bytes(numbers.size() * 4);
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return quantize(bytes, WeightType::F32, *weight_type_from_gguf(type), k,
                    static_cast<int64_t>(numbers.size()) / k, 1);
}

// What the kernels see of x [k, m]: 8-bit steps of each block's largest number, or BF16.
std::vector<double> rounded(const std::vector<float>& x, ActivationType type) {
    std::vector<double> out(x.size());
    for (size_t i = 0; i < x.size(); i += K_BLOCK) {
        float most = 0;
        for (int64_t j = 0; j < K_BLOCK; ++j) most = std::max(most, std::fabs(x[i + j]));
        for (size_t j = i; j < i + K_BLOCK; ++j) {
            out[j] = type == ActivationType::BF16
                         ? ggml_bf16_to_fp32(ggml_fp32_to_bf16(x[j]))
                         : std::nearbyint(x[j] * (127.f / most)) * (most / 127.f);
        }
    }
    return out;
}

double gelu(double x) {
    return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

// One weight in memory, packed, with the numbers it stands for.
struct Weight {
    std::vector<float> numbers;
    TensorBuffer buffer;
    ggml_tensor* tensor = nullptr;

    Weight(Backend& backend, Random& random, ggml_type type, int64_t k, int64_t n, bool pack) {
        const auto bytes = quantized(uniform(random, k * n), type, k);
        numbers.resize(k * n);
        ggml_get_type_traits(type)->to_float(bytes.data(), numbers.data(), k * n);
        buffer = TensorBuffer(backend, 1, "a weight", [&](ggml_context* ctx) {
            tensor = ggml_new_tensor_2d(ctx, type, k, n);
        });
        std::memcpy(tensor->data, bytes.data(), bytes.size());
        if (pack) pack_weight(tensor, find_kernel(type, k, n));
    }
    double times(const double* x, int64_t row) const {
        const int64_t k = tensor->ne[0];
        double sum = 0;
        for (int64_t i = 0; i < k; ++i) sum += numbers[row * k + i] * x[i];
        return sum;
    }
};

void check_products(Backend& backend, ggml_type type, const Shape& s) {
    const Kernel* kernel = find_kernel(type, s.k, s.n);
    Random random(static_cast<uint32_t>(s.k * 31 + s.n * 7 + s.m));
    const Weight a(backend, random, type, s.k, s.n, true), b(backend, random, type, s.k, s.n, true);
    const auto x = uniform(random, s.k * s.m), bias = uniform(random, s.n);
    const auto seen = rounded(x, kernel->activations);

    Graph g(32);
    ggml_tensor* input = g.input(GGML_TYPE_F32, s.k, s.m);
    ggml_tensor* bias_input = g.input(GGML_TYPE_F32, s.n);
    ggml_context* c = g.ctx();
    ggml_tensor* packed = pack_activations(c, kernel, input);
    ggml_tensor* plain = g.output(packed_product(c, a.tensor, nullptr, packed, s.m, false, false));
    ggml_tensor* through =
        g.output(packed_product(c, a.tensor, bias_input, packed, s.m, true, false));
    ggml_tensor* gated = g.output(packed_gated_product(c, a.tensor, b.tensor, packed, s.m, false));
    // What is packed at once has the very bytes of what is packed afterwards.
    std::vector<std::pair<ggml_tensor*, ggml_tensor*>> same;
    if (s.n % K_BLOCK == 0) {
        same = {{packed_product(c, a.tensor, bias_input, packed, s.m, true, true),
                 pack_activations(c, kernel, through)},
                {packed_gated_product(c, a.tensor, b.tensor, packed, s.m, true),
                 pack_activations(c, kernel, gated)}};
        for (auto [once, after] : same) {
            g.output(once);
            g.output(after);
        }
    }
    GraphMemory memory(backend);
    memory.allocate(g);
    ggml_backend_tensor_set(input, x.data(), 0, ggml_nbytes(input));
    ggml_backend_tensor_set(bias_input, bias.data(), 0, ggml_nbytes(bias_input));
    CHECK(backend.compute(g.cgraph(), 1e12));

    for (auto [once, after] : same) {
        CHECK_EQ(ggml_nbytes(once), ggml_nbytes(after));
        CHECK(std::memcmp(once->data, after->data, ggml_nbytes(once)) == 0);
    }

    // In units of what the products would add up to if all had one sign.
    const double tolerance = 2e-6 * std::sqrt(static_cast<double>(s.k)) + 1e-6;
    double worst = 0;
    for (int64_t row = 0; row < s.m; ++row) {
        for (int64_t i = 0; i < s.n; ++i) {
            const double ya = a.times(&seen[row * s.k], i), yb = b.times(&seen[row * s.k], i);
            const double expected[] = {ya, gelu(ya + bias[i]), gelu(ya) * yb};
            const ggml_tensor* results[] = {plain, through, gated};
            for (int t = 0; t < 3; ++t) {
                const double got = static_cast<const float*>(results[t]->data)[row * s.n + i];
                const double scale = std::sqrt(static_cast<double>(s.k)) *
                                     (t == 2 ? std::fabs(ya) + std::fabs(yb) + 1 : 1);
                worst = std::max(worst, std::fabs(got - expected[t]) / scale);
            }
        }
    }
    if (!(worst <= tolerance)) {
        CHECK_EQ(std::string(kernel->name) + " " + ggml_type_name(type) + " k " +
                     std::to_string(s.k) + " n " + std::to_string(s.n) + " m " +
                     std::to_string(s.m) + ": error " + std::to_string(worst),
                 std::string());
    }
}

}  // namespace

TEST("packed rows come back byte for byte") {
    Random random(3);
    for (auto type : {GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0}) {
        constexpr int64_t K = 96, N = 48;
        const auto bytes = quantized(uniform(random, K * N), type, K);
        const size_t row_bytes = bytes.size() / N;
        auto packed = bytes;
        pack_rows(type, K, N, packed.data());
        CHECK(packed != bytes);
        std::vector<uint8_t> row(row_bytes);
        for (int64_t i = 0; i < N; ++i) {
            unpack_row(type, K, N, packed.data(), i, row.data());
            CHECK(std::memcmp(row.data(), bytes.data() + i * row_bytes, row_bytes) == 0);
        }
    }
}

TEST("only shapes that fill whole panels and blocks are packed") {
    CHECK(can_pack(GGML_TYPE_Q8_0, 64, 32));
    CHECK(!can_pack(GGML_TYPE_Q8_0, 64, 24));
    CHECK(!can_pack(GGML_TYPE_BF16, 72, 32));
    CHECK(!can_pack(GGML_TYPE_Q4_K, 256, 32));
    CHECK(!can_pack(GGML_TYPE_F32, 64, 32));
}

TEST("products of every kernel of this CPU") {
    for (int threads : {1, 3}) {
        auto backend = Backend::open("cpu", threads);
        for (auto type : {GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0}) {
            if (find_kernel(type, 64, 32) == nullptr) {
                std::fprintf(stderr, "skipped: this CPU has no kernel for %s\n",
                             ggml_type_name(type));
                continue;
            }
            for (int64_t m = 1; m <= 26; ++m) check_products(*backend, type, {96, 48, m});
            for (const Shape& s :
                 {Shape{32, 16, 1}, {1024, 80, 5}, {1056, 64, 67}, {64, 1056, 13}, {64, 32, 801}})
                check_products(*backend, type, s);
        }
    }
}

}  // namespace paligemma::test
