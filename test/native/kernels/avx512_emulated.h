// The AVX-512 intrinsics that the AMX kernels use, as plain loops under the same names. For one
// file, which is not compiled for AVX-512 and includes the kernels after this.
#pragma once
#include <ggml.h>
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace avx512_emulated {

template <typename To>
To load(const void* from) {
    To to;
    std::memcpy(&to, from, sizeof(to));
    return to;
}
inline __m512 load_floats(const void* from) {
    return load<__m512>(from);
}
inline __m512i load_words(const void* from) {
    return load<__m512i>(from);
}
inline __m256i load_half(const void* from) {
    return load<__m256i>(from);
}
template <typename V>
void store(void* to, V v) {
    std::memcpy(to, &v, sizeof(v));
}

// f(i) in lane i.
template <typename F>
__m512 floats(F&& f) {
    float y[16];
    for (int i = 0; i < 16; ++i) y[i] = f(i);
    return load<__m512>(y);
}
template <typename F>
__m512i words(F&& f) {
    uint32_t y[16];
    for (int i = 0; i < 16; ++i) y[i] = f(i);
    return load<__m512i>(y);
}
struct Words {
    uint32_t at[16];
    explicit Words(__m512i v) { std::memcpy(at, &v, sizeof(at)); }
};

inline __m512 set(float x) {
    return floats([&](int) { return x; });
}
inline __m512 zero() {
    return set(0);
}
inline __m512i set_words(int32_t x) {
    return words([&](int) { return static_cast<uint32_t>(x); });
}
inline __m512 add(__m512 a, __m512 b) {
    return a + b;
}
inline __m512 sub(__m512 a, __m512 b) {
    return a - b;
}
inline __m512 mul(__m512 a, __m512 b) {
    return a * b;
}
inline __m512 div(__m512 a, __m512 b) {
    return a / b;
}
inline __m512 fmadd(__m512 a, __m512 b, __m512 c) {
    return floats([&](int i) { return std::fma(a[i], b[i], c[i]); });
}
inline __m512 fnmadd(__m512 a, __m512 b, __m512 c) {
    return fmadd(-a, b, c);
}
inline __m512 min(__m512 a, __m512 b) {
    return floats([&](int i) { return std::min(a[i], b[i]); });
}
inline __m512 max(__m512 a, __m512 b) {
    return floats([&](int i) { return std::max(a[i], b[i]); });
}
inline __m512 round(__m512 a, int) {
    return floats([&](int i) { return std::nearbyint(a[i]); });
}
inline __m512 scale(__m512 a, __m512 n) {
    return floats([&](int i) { return std::ldexp(a[i], static_cast<int>(n[i])); });
}
inline float reduce_add(__m512 a) {
    float sum = 0;
    for (int i = 0; i < 16; ++i) sum += a[i];
    return sum;
}
inline __m512i bit_and(__m512i a, __m512i b) {
    return a & b;
}
inline __m512i shift_right(__m512i v, unsigned n) {
    const Words w(v);
    return words([&](int i) { return w.at[i] >> n; });
}
inline __m512 to_floats(__m512i v) {
    const Words w(v);
    return floats([&](int i) { return static_cast<float>(static_cast<int32_t>(w.at[i])); });
}
inline __m512 from_f16(__m256i halves) {
    ggml_fp16_t h[16];
    std::memcpy(h, &halves, sizeof(h));
    return floats([&](int i) { return ggml_fp16_to_fp32(h[i]); });
}
// The second register's elements come first.
inline __m512i to_bf16(__m512 high, __m512 low) {
    ggml_bf16_t y[32];
    for (int i = 0; i < 32; ++i) y[i] = ggml_fp32_to_bf16(i < 16 ? low[i] : high[i - 16]);
    return load_words(y);
}
inline __m512i permute_16(__m512i order, __m512i v) {
    uint16_t at[32], from[32], to[32];
    std::memcpy(at, &order, sizeof(at));
    std::memcpy(from, &v, sizeof(from));
    for (int i = 0; i < 32; ++i) to[i] = from[at[i] % 32];
    return load_words(to);
}

}  // namespace avx512_emulated

#define __AVX512F__ 1
#define __AVX512BW__ 1
#define __AVX512VL__ 1
#define __AVX512BF16__ 1
#undef _mm512_roundscale_ps
#undef _mm512_srli_epi32
#define __m512bh __m512i
#define _mm256_loadu_si256 avx512_emulated::load_half
#define _mm512_add_ps avx512_emulated::add
#define _mm512_and_si512 avx512_emulated::bit_and
#define _mm512_cvtepi32_ps avx512_emulated::to_floats
#define _mm512_cvtne2ps_pbh avx512_emulated::to_bf16
#define _mm512_cvtph_ps avx512_emulated::from_f16
#define _mm512_div_ps avx512_emulated::div
#define _mm512_fmadd_ps avx512_emulated::fmadd
#define _mm512_fnmadd_ps avx512_emulated::fnmadd
#define _mm512_load_si512 avx512_emulated::load_words
#define _mm512_loadu_ps avx512_emulated::load_floats
#define _mm512_loadu_si512 avx512_emulated::load_words
#define _mm512_max_ps avx512_emulated::max
#define _mm512_min_ps avx512_emulated::min
#define _mm512_mul_ps avx512_emulated::mul
#define _mm512_permutexvar_epi16 avx512_emulated::permute_16
#define _mm512_reduce_add_ps avx512_emulated::reduce_add
#define _mm512_roundscale_ps avx512_emulated::round
#define _mm512_scalef_ps avx512_emulated::scale
#define _mm512_set1_epi32 avx512_emulated::set_words
#define _mm512_set1_ps avx512_emulated::set
#define _mm512_setzero_ps avx512_emulated::zero
#define _mm512_srli_epi32 avx512_emulated::shift_right
#define _mm512_storeu_ps avx512_emulated::store
#define _mm512_storeu_si512 avx512_emulated::store
#define _mm512_sub_ps avx512_emulated::sub
