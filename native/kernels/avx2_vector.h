// Eight floats at a time with AVX2, FMA and F16C, under the names that vector_math.h and what
// builds on it use. Everything is internal to the file that includes this, which alone is compiled
// for these instructions.
#pragma once
#include <immintrin.h>
#include <stdint.h>

namespace paligemma {
namespace {

using F32 = __m256;
#define VECTOR_REGISTER "x"  // in asm
constexpr int LANES = 8;

inline F32 load(const float* p) {
    return _mm256_loadu_ps(p);
}
inline F32 load_f16(const uint16_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
// *p in every lane
inline F32 all_f16(const uint16_t* p) {
    return _mm256_cvtph_ps(_mm_set1_epi16(static_cast<int16_t>(*p)));
}
inline F32 load_i8(const int8_t* p) {
    return _mm256_cvtepi32_ps(
        _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline void store(float* p, F32 a) {
    _mm256_storeu_ps(p, a);
}
inline F32 all(float a) {
    return _mm256_set1_ps(a);
}
inline F32 add(F32 a, F32 b) {
    return _mm256_add_ps(a, b);
}
inline F32 sub(F32 a, F32 b) {
    return _mm256_sub_ps(a, b);
}
inline F32 mul(F32 a, F32 b) {
    return _mm256_mul_ps(a, b);
}
inline F32 div(F32 a, F32 b) {
    return _mm256_div_ps(a, b);
}
// a * b + c
inline F32 fma(F32 a, F32 b, F32 c) {
    return _mm256_fmadd_ps(a, b, c);
}
// NaN in `b` stays.
inline F32 max(F32 a, F32 b) {
    return _mm256_max_ps(a, b);
}
inline F32 min(F32 a, F32 b) {
    return _mm256_min_ps(a, b);
}
inline F32 abs(F32 a) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.f), a);
}
// To the nearest integer.
inline F32 round(F32 a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// 2^n for integer n from -126 to 127
inline F32 power_of_two(F32 n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
inline float sum_of(F32 a) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float max_of(F32 a) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
// The first n lanes of a, the others of b.
inline F32 first(int64_t n, F32 a, F32 b) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask =
        _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n < LANES ? n : LANES)), lane);
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(mask));
}
// a where b >= c or b is NaN, else 0
inline F32 unless_below(F32 a, F32 b, F32 c) {
    return _mm256_and_ps(a, _mm256_cmp_ps(b, c, _CMP_NLT_UQ));
}
// The first and the second of eight pairs of BF16 elements.
inline F32 widen_first(const uint8_t* pairs) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(pairs)), 16));
}
inline F32 widen_second(const uint8_t* pairs) {
    const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(pairs));
    return _mm256_castsi256_ps(_mm256_and_si256(both, _mm256_set1_epi32(-65536)));
}
// x[32] * inverse to the nearest integers; returns their sum.
inline int32_t quantise(const float* x, F32 inverse, int8_t* out) {
    __m256i q[4], sum = _mm256_setzero_si256();
    for (int i = 0; i < 4; ++i) {
        q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i * 8), inverse));
        sum = _mm256_add_epi32(sum, q[i]);
    }
    // Packing works within halves; the last step puts their words in order.
    const __m256i bytes = _mm256_permutevar8x32_epi32(
        _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3])),
        _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

}  // namespace
}  // namespace paligemma
