// Four floats at a time with NEON, under the names that vector_math.h and what builds on it use.
// Everything is internal to the file that includes this, which may be compiled for instructions
// that not every CPU has.
#pragma once
#include <arm_neon.h>
#include <stdint.h>

namespace paligemma {
namespace {

using F32 = float32x4_t;
#define VECTOR_REGISTER "w"  // in asm
constexpr int LANES = 4;

inline F32 load(const float* p) {
    return vld1q_f32(p);
}
inline F32 load_f16(const uint16_t* p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
// *p in every lane
inline F32 all_f16(const uint16_t* p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(*p)));
}
inline F32 load_i8(const int8_t* p) {
    int32_t four;
    __builtin_memcpy(&four, p, sizeof(four));
    const int8x8_t bytes = vreinterpret_s8_s32(vdup_n_s32(four));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))));
}
inline void store(float* p, F32 a) {
    vst1q_f32(p, a);
}
inline F32 all(float a) {
    return vdupq_n_f32(a);
}
inline F32 add(F32 a, F32 b) {
    return vaddq_f32(a, b);
}
inline F32 sub(F32 a, F32 b) {
    return vsubq_f32(a, b);
}
inline F32 mul(F32 a, F32 b) {
    return vmulq_f32(a, b);
}
inline F32 div(F32 a, F32 b) {
    return vdivq_f32(a, b);
}
// a * b + c
inline F32 fma(F32 a, F32 b, F32 c) {
    return vfmaq_f32(c, a, b);
}
// NaN stays.
inline F32 max(F32 a, F32 b) {
    return vmaxq_f32(a, b);
}
inline F32 min(F32 a, F32 b) {
    return vminq_f32(a, b);
}
inline F32 abs(F32 a) {
    return vabsq_f32(a);
}
// To the nearest integer.
inline F32 round(F32 a) {
    return vrndnq_f32(a);
}
// 2^n for integer n from -126 to 127
inline F32 power_of_two(F32 n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
}
inline float sum_of(F32 a) {
    return vaddvq_f32(a);
}
inline float max_of(F32 a) {
    return vmaxvq_f32(a);
}
// The first n lanes of a, the others of b.
inline F32 first(int64_t n, F32 a, F32 b) {
    static const int32_t LANE[LANES] = {0, 1, 2, 3};
    const int32x4_t count = vdupq_n_s32(static_cast<int32_t>(n < LANES ? n : LANES));
    return vbslq_f32(vcltq_s32(vld1q_s32(LANE), count), a, b);
}
// a where b >= c or b is NaN, else 0
inline F32 unless_below(F32 a, F32 b, F32 c) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(a), vcltq_f32(b, c)));
}
// The first and the second of four pairs of BF16 elements.
inline F32 widen_first(const uint8_t* pairs) {
    return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_u8(vld1q_u8(pairs)), 16));
}
inline F32 widen_second(const uint8_t* pairs) {
    return vreinterpretq_f32_u32(
        vandq_u32(vreinterpretq_u32_u8(vld1q_u8(pairs)), vdupq_n_u32(0xffff0000u)));
}
// x[32] * inverse to the nearest integers; returns their sum.
inline int32_t quantise(const float* x, F32 inverse, int8_t* out) {
    int32x4_t sum = vdupq_n_s32(0);
    for (int i = 0; i < 32; i += 16) {
        int32x4_t q[4];
        for (int j = 0; j < 4; ++j) {
            q[j] = vcvtnq_s32_f32(vmulq_f32(vld1q_f32(x + i + j * 4), inverse));
            sum = vaddq_s32(sum, q[j]);
        }
        const int16x8_t low = vcombine_s16(vqmovn_s32(q[0]), vqmovn_s32(q[1]));
        const int16x8_t high = vcombine_s16(vqmovn_s32(q[2]), vqmovn_s32(q[3]));
        vst1q_s8(out + i, vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)));
    }
    return vaddvq_s32(sum);
}

}  // namespace
}  // namespace paligemma
