// What kernels need besides the matmul itself, written once on the operations of avx2_vector.h or
// neon_vector.h, one of which is included before. Internal to each file, for the reason
// stated there.
#pragma once
#include <string.h>

#include "kernels/tile.h"

namespace paligemma {
namespace {

// e^x to about 2 units in the last place: 2^n times a polynomial in the rest (Cephes expf). Inputs
// are kept within ±87.3, beyond which f32 has no room; NaN stays.
inline F32 exponential(F32 x) {
    x = min(all(87.3f), max(all(-87.3f), x));
    const F32 n = round(mul(x, all(1.44269504088896f)));
    // ln 2 in two parts, so that the multiplication is exact.
    F32 r = fma(n, all(-0.693359375f), x);
    r = fma(n, all(2.12194440e-4f), r);
    F32 p = all(1.9875691500e-4f);
    p = fma(p, r, all(1.3981999507e-3f));
    p = fma(p, r, all(8.3334519073e-3f));
    p = fma(p, r, all(4.1665795894e-2f));
    p = fma(p, r, all(1.6666665459e-1f));
    p = fma(p, r, all(5.0000001201e-1f));
    p = fma(p, mul(r, r), add(r, all(1.f)));
    return mul(p, power_of_two(n));
}

// Kernel::normalise
inline void normalise(const float* x, int64_t n, const float* weight, const float* bias, float eps,
                      float* y) {
    F32 mean = all(0.f);
    if (bias != nullptr) {
        for (int64_t i = 0; i < n; i += LANES) mean = add(mean, load(x + i));
        mean = all(sum_of(mean) / static_cast<float>(n));
    }
    F32 squares = all(0.f);
    for (int64_t i = 0; i < n; i += LANES) {
        const F32 d = sub(load(x + i), mean);
        squares = fma(d, d, squares);
    }
    const float variance = sum_of(squares) / static_cast<float>(n);
    const F32 scale = all(1.f / __builtin_sqrtf(variance + eps));
    for (int64_t i = 0; i < n; i += LANES) {
        F32 out = mul(mul(sub(load(x + i), mean), scale), load(weight + i));
        if (bias != nullptr) out = add(out, load(bias + i));
        store(y + i, out);
    }
}

// Kernel::gelu: 0.5 x (1 + tanh(u)) is x / (1 + e^(-2u)).
inline void gelu(float* x, const float* factor, int64_t n) {
    for (int64_t i = 0; i < n; i += LANES) {
        const F32 a = load(x + i);
        const F32 cubic = fma(mul(a, a), all(0.044715f), all(1.f));
        const F32 e = exponential(mul(mul(a, cubic), all(-1.5957691216057308f)));
        F32 y = div(a, add(e, all(1.f)));
        if (factor != nullptr) y = mul(y, load(factor + i));
        store(x + i, y);
    }
}

// The scale of a block of 32 elements x, and x over it as integers with their sum.
inline float quantise_block(const float* x, int8_t* q, int32_t* sum) {
    F32 most = all(0.f);
    for (int i = 0; i < K_BLOCK; i += LANES) most = max(most, abs(load(x + i)));
    const float largest = max_of(most);
    *sum = quantise(x, all(largest > 0.f ? 127.f / largest : 0.f), q);
    return largest / 127.f;
}

// Kernel::pack for ActivationType::I8 (N = 4) and I8x8 (N = 8): of each row N elements side by side
template <int64_t N>
inline void pack_i8(const float* x, int64_t stride, int rows, int64_t k, void* out, float* scales,
                    int32_t* sums) {
    auto* to = static_cast<int8_t*>(out);
    for (int64_t b = 0; b < k / K_BLOCK; ++b, to += rows * K_BLOCK) {
        for (int r = 0; r < rows; ++r) {
            int8_t q[K_BLOCK];
            scales[b * rows + r] =
                quantise_block(x + r * stride + b * K_BLOCK, q, sums + b * rows + r);
            for (int64_t i = 0; i < K_BLOCK / N; ++i) memcpy(to + (i * rows + r) * N, q + i * N, N);
        }
    }
}

// Kernel::pack for ActivationType::F32
inline void pack_f32(const float* x, int64_t stride, int rows, int64_t k, void* out, float*,
                     int32_t*) {
    auto* to = static_cast<float*>(out);
    for (int r = 0; r < rows; ++r)
        for (int64_t i = 0; i < k; ++i) to[i * rows + r] = x[r * stride + i];
}

// Two elements of each row of a panel, 64 bytes: `load(at, second, vector, of)` returns the first
// or the second of LANES rows in f32, from `of` interleaved panels.
struct BF16Weights {
    static F32 load(const uint8_t* at, bool second, int vector, int) {
        const uint8_t* pairs = at + vector * LANES * 4;
        return second ? widen_second(pairs) : widen_first(pairs);
    }
};
struct F16Weights {
    static F32 load(const uint8_t* at, bool second, int vector, int of) {
        return load_f16(reinterpret_cast<const uint16_t*>(at) + (second ? of * 16 : 0) +
                        vector * LANES);
    }
};

// PANELS panels from vector FIRST on, of OF interleaved panels, times rows in f32.
template <typename Weights, int ROWS, int PANELS, int OF, int FIRST>
inline void multiply_f32_panels(const Tile& t) {
    constexpr int VECTORS = PANELS * 16 / LANES;
    float* out = t.out + FIRST * LANES;
    F32 sum[ROWS][VECTORS];
    for (int r = 0; r < ROWS; ++r)
        for (int v = 0; v < VECTORS; ++v)
            sum[r][v] = t.accumulate ? load(out + r * 32 + v * LANES) : all(0.f);
    const auto* x = static_cast<const float*>(t.x);
    const uint8_t* weights = t.weights;
    for (int64_t i = 0; i < t.blocks * K_BLOCK / 2; ++i, weights += OF * 64) {
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            F32 w[VECTORS];
            for (int v = 0; v < VECTORS; ++v)
                w[v] = Weights::load(weights, half == 1, FIRST + v, OF);
            for (int r = 0; r < ROWS; ++r)
                for (int v = 0; v < VECTORS; ++v) sum[r][v] = fma(w[v], all(x[r]), sum[r][v]);
            x += ROWS;
        }
    }
    for (int r = 0; r < ROWS; ++r)
        for (int v = 0; v < VECTORS; ++v) store(out + r * 32 + v * LANES, sum[r][v]);
}

// Kernel::multiply for ActivationType::F32
template <typename Weights, int ROWS>
void multiply_f32(const Tile& t) {
    constexpr int PANEL = 16 / LANES;
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) multiply_f32<Weights, ROWS - 1>(t);
    } else if (t.panels == 1) {
        multiply_f32_panels<Weights, ROWS, 1, 1, 0>(t);
    } else if constexpr (ROWS <= 2) {
        // With few rows registers suffice for both, so that weights from memory are one stream.
        multiply_f32_panels<Weights, ROWS, 2, 2, 0>(t);
    } else {
        multiply_f32_panels<Weights, ROWS, 1, 2, 0>(t);
        multiply_f32_panels<Weights, ROWS, 1, 2, PANEL>(t);
    }
}

// Kernel::peak of fused multiply-adds
inline double peak_f32(int64_t rounds) {
    constexpr int ACCUMULATORS = 12;  // hide the latency; of 16 registers
    F32 sum[ACCUMULATORS];
#pragma GCC unroll 12
    for (int i = 0; i < ACCUMULATORS; ++i) sum[i] = all(0.f);
    const F32 a = all(1.f);
    for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (int i = 0; i < ACCUMULATORS; ++i) {
            sum[i] = fma(a, a, sum[i]);
            asm volatile("" : "+" VECTOR_REGISTER(sum[i]));  // else hoisted out of the loop
        }
    }
    return static_cast<double>(rounds) * ACCUMULATORS * LANES * 2;
}

}  // namespace
}  // namespace paligemma
