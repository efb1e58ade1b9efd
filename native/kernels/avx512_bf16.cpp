// BF16 weights with VDPBF16PS: dot products of BF16 pairs, accumulated in f32. Activations are
// rounded to BF16, as ggml does for BF16 weights.
#include "kernels/tile.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && \
    defined(__AVX512BF16__)
#include <string.h>

#include "kernels/avx512_math.h"

namespace paligemma {
namespace {

constexpr int TILE_ROWS = 12;  // times two panels: 24 of 32 registers
constexpr int64_t PAIRS = K_BLOCK / 2;

inline __m512bh as_bf16(__m512i bits) {
    __m512bh out;
    memcpy(&out, &bits, sizeof(out));
    return out;
}

inline __m512bh broadcast(const uint16_t* pair) {
    int32_t word;
    memcpy(&word, pair, 4);
    return as_bf16(_mm512_set1_epi32(word));
}

template <int ROWS, int PANELS>
void multiply(const Tile& t) {
    __m512 sum[ROWS][PANELS];
    for (int r = 0; r < ROWS; ++r)
        for (int p = 0; p < PANELS; ++p)
            sum[r][p] =
                t.accumulate ? _mm512_loadu_ps(t.out + r * 32 + p * 16) : _mm512_setzero_ps();
    const auto* x = static_cast<const uint16_t*>(t.x);
    for (int64_t i = 0; i < t.blocks * PAIRS; ++i, x += ROWS * 2) {
        __m512bh weights[PANELS];
        for (int p = 0; p < PANELS; ++p)
            weights[p] = as_bf16(_mm512_loadu_si512(t.weights + (i * PANELS + p) * 64));
        for (int r = 0; r < ROWS; ++r) {
            const __m512bh pair = broadcast(x + r * 2);
            for (int p = 0; p < PANELS; ++p)
                sum[r][p] = _mm512_dpbf16_ps(sum[r][p], weights[p], pair);
        }
    }
    for (int r = 0; r < ROWS; ++r)
        for (int p = 0; p < PANELS; ++p) _mm512_storeu_ps(t.out + r * 32 + p * 16, sum[r][p]);
}

template <int ROWS>
void multiply_rows(const Tile& t) {
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) multiply_rows<ROWS - 1>(t);
    } else if (t.panels == 2) {
        multiply<ROWS, 2>(t);
    } else {
        multiply<ROWS, 1>(t);
    }
}

void pack(const float* x, int64_t stride, int rows, int64_t k, void* out, float*, int32_t*) {
    auto* into = static_cast<uint16_t*>(out);
    for (int64_t b = 0; b < k / K_BLOCK; ++b, into += rows * K_BLOCK) {
        for (int r = 0; r < rows; ++r) {
            const float* from = x + r * stride + b * K_BLOCK;
            const __m512bh both =
                _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + 16), _mm512_loadu_ps(from));
            uint16_t elements[K_BLOCK];
            memcpy(elements, &both, sizeof(elements));
            for (int64_t i = 0; i < PAIRS; ++i)
                memcpy(into + (i * rows + r) * 2, elements + i * 2, 4);
        }
    }
}

double peak(int64_t rounds) {
    constexpr int ACCUMULATORS = 16;  // enough to hide the latency
    __m512 sum[ACCUMULATORS];
#pragma GCC unroll 16
    for (int i = 0; i < ACCUMULATORS; ++i) sum[i] = _mm512_setzero_ps();
    const auto a = (__m512bh)_mm512_set1_epi16(0x3f80);  // ones
    for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
        for (int i = 0; i < ACCUMULATORS; ++i) {
            sum[i] = _mm512_dpbf16_ps(sum[i], a, a);
            asm volatile("" : "+v"(sum[i]));  // else it is hoisted out of the loop
        }
    }
    return static_cast<double>(rounds) * ACCUMULATORS * 32 * 2;
}

constexpr Kernel BF16{
    "avx512-bf16", ActivationType::BF16, TILE_ROWS, multiply_rows<TILE_ROWS>, pack, normalise, gelu,
    peak};

}  // namespace

const Kernel* avx512_bf16() {
    return &BF16;
}

}  // namespace paligemma

#else

namespace paligemma {
const Kernel* avx512_bf16() {
    return nullptr;
}
}  // namespace paligemma

#endif
