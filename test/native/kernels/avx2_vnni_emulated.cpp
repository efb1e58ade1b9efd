// The kernels for AVX-VNNI with its instruction done in plain C++, under other names: many CPUs
// have AVX2 without it, and so the arithmetic around it is tested on those as well.
#if defined(__AVX2__)
#include <immintrin.h>

#include <cstdint>
#include <cstring>

// VPDPBUSD: adds the dot product of four unsigned and four signed bytes to each accumulator.
static __m256i dot_products(__m256i sums, __m256i unsigned_bytes, __m256i signed_bytes) {
    int32_t sum[8];
    uint8_t a[32];
    int8_t b[32];
    std::memcpy(sum, &sums, sizeof(sum));
    std::memcpy(a, &unsigned_bytes, sizeof(a));
    std::memcpy(b, &signed_bytes, sizeof(b));
    for (int i = 0; i < 32; ++i) sum[i / 4] += a[i] * b[i];
    std::memcpy(&sums, sum, sizeof(sum));
    return sums;
}

#undef _mm256_dpbusd_avx_epi32
#define _mm256_dpbusd_avx_epi32 dot_products
#define __AVXVNNI__ 1
#endif

#define avx2_vnni_q8_0 emulated_vnni_q8_0
#define avx2_vnni_q4_0 emulated_vnni_q4_0
#include "kernels/avx2_vnni.cpp"
