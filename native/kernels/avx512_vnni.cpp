// Q8_0 and Q4_0 weights with VPDPBUSD: a dot product of four unsigned and four signed bytes per
// lane, accumulated in 32 bits. The weights are the unsigned side, stored with an offset of 128 or
// 8. Per block of 32: out += (sum(w q) - offset * sum(q)) * d_w * d_x.
#include "kernels/tile.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && \
    defined(__AVX512VNNI__)
#include <string.h>

#include "kernels/avx512_math.h"

namespace paligemma {
namespace {

constexpr int TILE_ROWS = 6;  // two accumulators of two panels each: 24 of 32 registers
constexpr int64_t WORDS = K_BLOCK / 4;

// For loops over a tile's rows and panels: unrolled late, GCC spills the accumulators.
#define UNROLLED _Pragma("GCC unroll 16")

inline __m512i broadcast(const int8_t* four) {
    int32_t word;
    memcpy(&word, four, 4);
    return _mm512_set1_epi32(word);
}

// The unsigned bytes of 4-element word `w` of panel `p` in a block.
template <WeightStorage S, int PANELS>
inline __m512i weight_word(const uint8_t* block, int64_t w, int p) {
    if constexpr (S == WeightStorage::Bytes) {
        return _mm512_loadu_si512(block + (w * PANELS + p) * 64);
    } else {
        const __m512i both = _mm512_loadu_si512(block + (w % 4 * PANELS + p) * 64);
        return _mm512_and_si512(w < 4 ? both : _mm512_srli_epi16(both, 4), _mm512_set1_epi8(0x0f));
    }
}

template <WeightStorage S, int ROWS, int PANELS>
void multiply(const Tile& t) {
    constexpr int64_t ELEMENTS_BYTES = PANELS * (S == WeightStorage::Bytes ? 512 : 256);
    constexpr int64_t BLOCK_BYTES = ELEMENTS_BYTES + PANELS * 32;
    constexpr int32_t OFFSET = S == WeightStorage::Bytes ? 128 : 8;
    __m512 sum[ROWS][PANELS];
    UNROLLED
    for (int r = 0; r < ROWS; ++r) UNROLLED
    for (int p = 0; p < PANELS; ++p)
        sum[r][p] = t.accumulate ? _mm512_loadu_ps(t.out + r * 32 + p * 16) : _mm512_setzero_ps();
    const auto* x = static_cast<const int8_t*>(t.x);
    const uint8_t* block = t.weights;
    for (int64_t b = 0; b < t.blocks; ++b, x += ROWS * K_BLOCK, block += BLOCK_BYTES) {
        // The hardware prefetcher suffices, except where a block of few bytes takes many
        // instructions.
        if constexpr (S == WeightStorage::Nibbles && ROWS > 2)
            if (t.from_memory) fetch_ahead<BLOCK_BYTES>(block);
        // One accumulator chain is latency-bound: use two, added at the end.
        constexpr int CHAINS = ROWS == 1 ? 2 : 1;
        __m512i dot[CHAINS][ROWS][PANELS];
        UNROLLED
        for (int r = 0; r < ROWS; ++r) {
            UNROLLED
            for (int p = 0; p < PANELS; ++p) {
                dot[0][r][p] = _mm512_set1_epi32(-OFFSET * t.x_sums[b * ROWS + r]);
                if constexpr (CHAINS == 2) dot[1][r][p] = _mm512_setzero_si512();
            }
        }
        UNROLLED
        for (int64_t w = 0; w < WORDS; ++w) {
            __m512i weights[PANELS];
            UNROLLED
            for (int p = 0; p < PANELS; ++p) weights[p] = weight_word<S, PANELS>(block, w, p);
            UNROLLED
            for (int r = 0; r < ROWS; ++r) {
                const __m512i q = broadcast(x + (w * ROWS + r) * 4);
                UNROLLED
                for (int p = 0; p < PANELS; ++p) {
                    __m512i& sum_of = dot[w % CHAINS][r][p];
                    sum_of = _mm512_dpbusd_epi32(sum_of, weights[p], q);
                }
            }
        }
        if constexpr (CHAINS == 2) {
            UNROLLED
            for (int p = 0; p < PANELS; ++p)
                dot[0][0][p] = _mm512_add_epi32(dot[0][0][p], dot[1][0][p]);
        }
        __m512 scale[PANELS];
        UNROLLED
        for (int p = 0; p < PANELS; ++p)
            scale[p] = _mm512_cvtph_ps(_mm256_loadu_si256(
                reinterpret_cast<const __m256i*>(block + ELEMENTS_BYTES + p * 32)));
        UNROLLED
        for (int r = 0; r < ROWS; ++r) {
            const __m512 d = _mm512_set1_ps(t.x_scales[b * ROWS + r]);
            UNROLLED
            for (int p = 0; p < PANELS; ++p)
                sum[r][p] = _mm512_fmadd_ps(
                    _mm512_mul_ps(_mm512_cvtepi32_ps(dot[0][r][p]), scale[p]), d, sum[r][p]);
        }
    }
    UNROLLED
    for (int r = 0; r < ROWS; ++r) UNROLLED
    for (int p = 0; p < PANELS; ++p) _mm512_storeu_ps(t.out + r * 32 + p * 16, sum[r][p]);
}

template <WeightStorage S, int ROWS>
void multiply_rows(const Tile& t) {
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) multiply_rows<S, ROWS - 1>(t);
    } else if (t.panels == 2) {
        multiply<S, ROWS, 2>(t);
    } else {
        multiply<S, ROWS, 1>(t);
    }
}

void pack(const float* x, int64_t stride, int rows, int64_t k, void* out, float* scales,
          int32_t* sums) {
    auto* q = static_cast<int8_t*>(out);
    for (int64_t b = 0; b < k / K_BLOCK; ++b, q += rows * K_BLOCK) {
        for (int r = 0; r < rows; ++r) {
            const float* from = x + r * stride + b * K_BLOCK;
            const __m512 low = _mm512_loadu_ps(from), high = _mm512_loadu_ps(from + 16);
            const float most =
                _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
            const __m512 inverse = _mm512_set1_ps(most > 0.f ? 127.f / most : 0.f);
            const __m512i a = _mm512_cvtps_epi32(_mm512_mul_ps(low, inverse));
            const __m512i c = _mm512_cvtps_epi32(_mm512_mul_ps(high, inverse));
            scales[b * rows + r] = most / 127.f;
            sums[b * rows + r] = _mm512_reduce_add_epi32(_mm512_add_epi32(a, c));
            alignas(32) int8_t bytes[K_BLOCK];
            int8_t* to = rows == 1 ? q : bytes;
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtsepi32_epi8(a));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), _mm512_cvtsepi32_epi8(c));
            if (rows == 1) continue;
            for (int64_t w = 0; w < WORDS; ++w) memcpy(q + (w * rows + r) * 4, bytes + w * 4, 4);
        }
    }
}

double peak(int64_t rounds) {
    constexpr int ACCUMULATORS = 16;  // enough to hide the latency
    __m512i sum[ACCUMULATORS];
#pragma GCC unroll 16
    for (int i = 0; i < ACCUMULATORS; ++i) sum[i] = _mm512_setzero_si512();
    const __m512i a = _mm512_set1_epi8(1);
    for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
        for (int i = 0; i < ACCUMULATORS; ++i) {
            sum[i] = _mm512_dpbusd_epi32(sum[i], a, a);
            asm volatile("" : "+v"(sum[i]));  // else it is hoisted out of the loop
        }
    }
    return static_cast<double>(rounds) * ACCUMULATORS * 64 * 2;
}

constexpr Kernel Q8_0{
    "avx512-vnni", ActivationType::I8, TILE_ROWS, multiply_rows<WeightStorage::Bytes, TILE_ROWS>,
    pack,          normalise,          gelu,      peak};
constexpr Kernel Q4_0{
    "avx512-vnni", ActivationType::I8, TILE_ROWS, multiply_rows<WeightStorage::Nibbles, TILE_ROWS>,
    pack,          normalise,          gelu,      peak};

}  // namespace

const Kernel* avx512_vnni_q8_0() {
    return &Q8_0;
}
const Kernel* avx512_vnni_q4_0() {
    return &Q4_0;
}

}  // namespace paligemma

#else

namespace paligemma {
const Kernel* avx512_vnni_q8_0() {
    return nullptr;
}
const Kernel* avx512_vnni_q4_0() {
    return nullptr;
}
}  // namespace paligemma

#endif
