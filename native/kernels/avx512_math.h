// Arithmetic that the AVX-512 kernels share. Everything is static: each file that includes this is
// compiled for other instructions.
#pragma once
#include <immintrin.h>
#include <stdint.h>

// For loops over arrays of registers: unrolled late, GCC spills them.
#define UNROLLED _Pragma("GCC unroll 16")

namespace paligemma {
namespace {

// e^x to about 2 units in the last place: 2^n times a polynomial in the rest (Cephes expf). Inputs
// are kept within ±87.3, beyond which f32 has no room.
inline __m512 exp_ps(__m512 x) {
    x = _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(-87.3f)), _mm512_set1_ps(87.3f));
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504088896f)),
                                          _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    // ln 2 in two parts, so that the multiplication is exact.
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
    p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, _mm512_set1_ps(1.f)));
    return _mm512_scalef_ps(p, n);
}

// 0.5 x (1 + tanh(u)) is x / (1 + e^(-2u)).
inline __m512 gelu_ps(__m512 x) {
    const __m512 cubic =
        _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(0.044715f), _mm512_set1_ps(1.f));
    const __m512 u = _mm512_mul_ps(_mm512_mul_ps(x, cubic), _mm512_set1_ps(-1.5957691216057308f));
    return _mm512_div_ps(x, _mm512_add_ps(exp_ps(u), _mm512_set1_ps(1.f)));
}

// How far ahead weights are prefetched.
constexpr int64_t FETCH_BYTES = 4096;

// Prefetches the block of BYTES that is FETCH_BYTES after `block`. Past the end of the weights this
// is harmless: a prefetch never faults.
template <int64_t BYTES>
inline void fetch_ahead(const uint8_t* block) {
    for (int64_t line = 0; line < BYTES; line += 64)
        _mm_prefetch(reinterpret_cast<const char*>(block + FETCH_BYTES + line), _MM_HINT_NTA);
}

inline void normalise(const float* x, int64_t n, const float* weight, const float* bias, float eps,
                      float* y) {
    __m512 mean = _mm512_setzero_ps();
    if (bias != nullptr) {
        for (int64_t i = 0; i < n; i += 16) mean = _mm512_add_ps(mean, _mm512_loadu_ps(x + i));
        mean = _mm512_set1_ps(_mm512_reduce_add_ps(mean) / static_cast<float>(n));
    }
    __m512 squares = _mm512_setzero_ps();
    for (int64_t i = 0; i < n; i += 16) {
        const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(x + i), mean);
        squares = _mm512_fmadd_ps(d, d, squares);
    }
    const float variance = _mm512_reduce_add_ps(squares) / static_cast<float>(n);
    const __m512 scale = _mm512_set1_ps(1.f / __builtin_sqrtf(variance + eps));
    for (int64_t i = 0; i < n; i += 16) {
        const __m512 d = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(x + i), mean), scale);
        __m512 out = _mm512_mul_ps(d, _mm512_loadu_ps(weight + i));
        if (bias != nullptr) out = _mm512_add_ps(out, _mm512_loadu_ps(bias + i));
        _mm512_storeu_ps(y + i, out);
    }
}

inline void gelu(float* x, const float* factor, int64_t n) {
    for (int64_t i = 0; i < n; i += 16) {
        __m512 y = gelu_ps(_mm512_loadu_ps(x + i));
        if (factor != nullptr) y = _mm512_mul_ps(y, _mm512_loadu_ps(factor + i));
        _mm512_storeu_ps(x + i, y);
    }
}

}  // namespace
}  // namespace paligemma
