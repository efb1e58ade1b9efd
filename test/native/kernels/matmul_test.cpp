// Our kernels against double precision over the same rounded elements, for every row count that
// changes the tiles, odd panels, and several threads.
#include "kernels/matmul.h"

#include <ggml-cpp.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "compute/graph.h"
#include "compute/quantize.h"
#include "kernels/all_kernels.h"
#include "models/layers.h"
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

// What the kernels see of x [k, m]: 8-bit steps of each block's largest element, BF16, or x itself.
std::vector<double> rounded(const std::vector<float>& x, ActivationType type) {
    std::vector<double> out(x.size());
    for (size_t i = 0; i < x.size(); i += K_BLOCK) {
        float most = 0;
        for (int64_t j = 0; j < K_BLOCK; ++j) most = std::max(most, std::fabs(x[i + j]));
        for (size_t j = i; j < i + K_BLOCK; ++j) {
            if (type == ActivationType::F32)
                out[j] = x[j];
            else if (type == ActivationType::BF16 || type == ActivationType::BF16Rows)
                out[j] = ggml_bf16_to_fp32(ggml_fp32_to_bf16(x[j]));
            else
                out[j] = std::nearbyint(x[j] * (127.f / most)) * (most / 127.f);
        }
    }
    return out;
}

double gelu(double x) {
    return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

// Whether a kernel multiplies with BF16 instead of what the weights are.
bool rounds_weights(const Kernel* kernel) {
    return kernel->widen != nullptr && kernel->activations == ActivationType::BF16Rows;
}

// One weight in memory, packed, with the values of its elements.
struct Weight {
    std::vector<float> numbers;
    TensorBuffer buffer;
    ggml_tensor* tensor = nullptr;

    Weight(Backend& backend, Random& random, ggml_type type, int64_t k, int64_t n,
           const Kernel* kernel)
        : Weight(backend, quantized(uniform(random, k * n), type, k), type, k, n, kernel) {}
    Weight(Backend& backend, const std::vector<uint8_t>& bytes, ggml_type type, int64_t k,
           int64_t n, const Kernel* kernel) {
        numbers.resize(k * n);
        ggml_get_type_traits(type)->to_float(bytes.data(), numbers.data(), k * n);
        if (rounds_weights(kernel))
            for (float& f : numbers) f = ggml_bf16_to_fp32(ggml_fp32_to_bf16(f));
        buffer = TensorBuffer(backend, 1, "a weight", [&](ggml_context* ctx) {
            tensor = ggml_new_tensor_2d(ctx, type, k, n);
        });
        std::memcpy(tensor->data, bytes.data(), bytes.size());
        pack_weight(tensor, kernel);
    }
    double times(const double* x, int64_t row) const {
        const int64_t k = tensor->ne[0];
        double sum = 0;
        for (int64_t i = 0; i < k; ++i) sum += numbers[row * k + i] * x[i];
        return sum;
    }
};

void check_products(Backend& backend, ggml_type type, const Kernel* kernel, const Shape& s) {
    Random random(static_cast<uint32_t>(s.k * 31 + s.n * 7 + s.m));
    const Weight a(backend, random, type, s.k, s.n, kernel),
        b(backend, random, type, s.k, s.n, kernel);
    const auto x = uniform(random, s.k * s.m), bias = uniform(random, s.n);
    const auto seen = rounded(x, kernel->activations);

    Graph g(32);
    ggml_tensor* input = g.input(GGML_TYPE_F32, s.k, s.m);
    ggml_tensor* bias_input = g.input(GGML_TYPE_F32, s.n);
    ggml_context* c = g.ctx();
    ggml_tensor* packed = pack_activations(c, kernel, input);
    ggml_tensor* plain = g.output(packed_matmul(c, a.tensor, nullptr, packed, s.m));
    ggml_tensor* through =
        g.output(packed_matmul(c, a.tensor, bias_input, packed, s.m, Activation::Gelu));
    ggml_tensor* gated =
        g.output(packed_gated_matmul(c, a.tensor, b.tensor, packed, s.m, Result::F32));
    // What is packed at once has the very bytes of what is packed afterwards.
    std::vector<std::pair<ggml_tensor*, ggml_tensor*>> same;
    if (s.n % K_BLOCK == 0) {
        same = {
            {packed_matmul(c, a.tensor, bias_input, packed, s.m, Activation::Gelu, Result::Packed),
             pack_activations(c, kernel, through)},
            {packed_gated_matmul(c, a.tensor, b.tensor, packed, s.m, Result::Packed),
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

    // In units of the result if all terms had one sign.
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
    for (auto [type, bytes_as] : {std::pair{GGML_TYPE_BF16, WeightBytes::Unsigned},
                                  {GGML_TYPE_F16, WeightBytes::Unsigned},
                                  {GGML_TYPE_Q8_0, WeightBytes::Unsigned},
                                  {GGML_TYPE_Q8_0, WeightBytes::Signed},
                                  {GGML_TYPE_Q4_0, WeightBytes::Unsigned}}) {
        constexpr int64_t K = 96, N = 48;
        const auto bytes = quantized(uniform(random, K * N), type, K);
        const size_t row_bytes = bytes.size() / N;
        auto packed = bytes;
        pack_rows(type, bytes_as, K, N, packed.data());
        CHECK(packed != bytes);
        std::vector<uint8_t> row(row_bytes);
        for (int64_t i = 0; i < N; ++i) {
            unpack_row(type, bytes_as, K, N, packed.data(), i, row.data());
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

TEST("matmuls of every kernel of this CPU") {
    const auto kernels = all_kernels();
    for (int threads : {1, 3}) {
        auto backend = Backend::open("cpu", threads);
        for (const auto& [set, type, kernel] : kernels) {
            for (int64_t m = 1; m <= 26; ++m) check_products(*backend, type, kernel, {96, 48, m});
            for (const Shape& s :
                 {Shape{32, 16, 1}, {1024, 80, 5}, {1056, 64, 67}, {64, 1056, 13}, {64, 32, 801}})
                check_products(*backend, type, kernel, s);
        }
    }
}

// A kernel for many rows takes the same packed weights, and takes over where there are many.
TEST("few rows and many go through the kernels for so many") {
    std::vector<std::pair<ggml_type, Kernel>> kernels;
    for (const auto& [set, type, kernel] : usable_kernels())
        if (kernel->for_many != nullptr) kernels.push_back({type, *kernel});
    for (auto [type, many] : {std::pair{GGML_TYPE_Q8_0, emulated_amx_q8_0()},
                              {GGML_TYPE_Q4_0, emulated_amx_q4_0()},
                              {GGML_TYPE_BF16, emulated_amx_bf16()}}) {
        const Kernel* few = find_kernel("auto", type, 32, 16);
        if (few == nullptr || many == nullptr) continue;
        CHECK(few->weight_bytes == many->weight_bytes);
        kernels.push_back({type, *few});
        kernels.back().second.for_many = many;
    }
    if (kernels.empty()) left_out("this CPU has none of our kernels for many rows");
    auto backend = Backend::open("cpu", 2);
    for (const auto& [type, few] : kernels) {
        constexpr int64_t K = 544, N = 96;
        Random random(5);
        const Weight w(*backend, random, type, K, N, &few);
        for (int64_t m : {int64_t{1}, MANY_ROWS - 1, MANY_ROWS, int64_t{40}}) {
            const Kernel* kernel = kernel_of(w.tensor, m);
            CHECK(kernel == (m < MANY_ROWS ? &few : few.for_many));
            const auto x = uniform(random, K * m);
            const auto seen = rounded(x, kernel->activations);
            Graph g(8);
            ggml_tensor* input = g.input(GGML_TYPE_F32, K, m);
            ggml_tensor* y = g.output(layers::linear(g, w.tensor, nullptr, input));
            GraphMemory memory(*backend);
            memory.allocate(g);
            ggml_backend_tensor_set(input, x.data(), 0, ggml_nbytes(input));
            CHECK(backend->compute(g.cgraph(), 1e12));
            // `times` holds what is rounded to the plain weights.
            const double tolerance = rounds_weights(kernel) ? 2e-3 : 1e-4;
            for (int64_t i = 0; i < N * m; ++i) {
                const double error =
                    static_cast<const float*>(y->data)[i] - w.times(&seen[i / N * K], i % N);
                CHECK(std::fabs(error) < tolerance * std::sqrt(static_cast<double>(K)));
            }
        }
    }
}

// The largest elements on both sides, all of one sign: what overflows if anything does.
TEST("matmuls of the largest elements do not overflow") {
    auto backend = Backend::open("cpu", 1);
    constexpr int64_t K = 64, N = 16, M = 7;
    for (const auto& [set, type, kernel] : all_kernels()) {
        for (float sign : {1.f, -1.f}) {
            // ggml's Q4_0 encodes -1 with its largest magnitude, -8.
            const std::vector<float> rows(K * N, -1.f), x(K * M, sign);
            const Weight w(*backend, quantized(rows, type, K), type, K, N, kernel);
            Graph g(8);
            ggml_tensor* input = g.input(GGML_TYPE_F32, K, M);
            ggml_tensor* y = g.output(layers::linear(g, w.tensor, nullptr, input));
            GraphMemory memory(*backend);
            memory.allocate(g);
            ggml_backend_tensor_set(input, x.data(), 0, ggml_nbytes(input));
            CHECK(backend->compute(g.cgraph(), 1e12));
            for (int64_t i = 0; i < N * M; ++i)
                CHECK(std::fabs(static_cast<const float*>(y->data)[i] + sign * K) < K * 2e-3);
        }
    }
}

TEST("a set that this CPU lacks is refused, with those it has") {
    for (const KernelSet& set : kernel_sets()) {
        try {
            require_kernel_set(set.name);
            CHECK(set.available);
        } catch (const Error& e) {
            CHECK(!set.available);
            CHECK(e.code() == ErrorCode::OptionRange);
            CHECK(e.message().find("auto, ggml") != std::string::npos);
        }
        // A set takes nothing from another one.
        for (auto type : {GGML_TYPE_BF16, GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0}) {
            const Kernel* kernel = find_kernel(set.name, type, 64, 32);
            if (!set.available || set.name == "ggml") CHECK(kernel == nullptr);
            if (kernel != nullptr && set.name != "auto")
                CHECK(std::string(kernel->name).starts_with(set.name));
        }
    }
}

}  // namespace paligemma::test
