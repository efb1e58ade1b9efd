// Q8_0 and Q4_0 weights with VPDPBUSD on 256 bits (AVX-VNNI: laptops without AVX-512, from Alder
// Lake on). As avx512_vnni.cpp, with half the width and half the registers.
#include "kernels/tile.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__) && defined(__AVXVNNI__)
#include "kernels/avx2_tile.h"

namespace paligemma {
namespace {

constexpr int TILE_ROWS = 6;  // two accumulators each: 12 of 16 registers

inline __m256i dot_product(__m256i sum, __m256i weights, __m256i q) {
    return _mm256_dpbusd_avx_epi32(sum, weights, q);
}

struct Bytes {
    template <WeightStorage S, int ROWS, int V, int PANELS>
    static void run(const uint8_t* block, const Tile& t, int64_t b, __m256i (&dot)[ROWS][V]) {
        const auto* x = static_cast<const int8_t*>(t.x) + b * ROWS * K_BLOCK;
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < V; ++v)
                dot[r][v] = _mm256_set1_epi32(-OFFSET<S> * t.x_sums[b * ROWS + r]);
        for (int64_t w = 0; w < WORDS; ++w, x += 4 * ROWS) {
            __m256i weights[V];
            for (int v = 0; v < V; ++v) weights[v] = weight_word<S, PANELS>(block, w, v);
            for (int r = 0; r < ROWS; ++r) {
                const __m256i q = broadcast(x + r * 4);
                for (int v = 0; v < V; ++v) dot[r][v] = dot_product(dot[r][v], weights[v], q);
            }
        }
    }
};

double peak(int64_t rounds) {
    constexpr int ACCUMULATORS = 12;  // enough to hide the latency
    __m256i sum[ACCUMULATORS];
#pragma GCC unroll 12
    for (int i = 0; i < ACCUMULATORS; ++i) sum[i] = _mm256_setzero_si256();
    const __m256i a = _mm256_set1_epi8(1);
    for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (int i = 0; i < ACCUMULATORS; ++i) {
            sum[i] = dot_product(sum[i], a, a);
            asm volatile("" : "+x"(sum[i]));  // else it is hoisted out of the loop
        }
    }
    return static_cast<double>(rounds) * ACCUMULATORS * 32 * 2;
}

constexpr Kernel Q8_0{.name = "avx2-vnni",
                      .activations = ActivationType::I8,
                      .tile_rows = TILE_ROWS,
                      .multiply = multiply<Bytes, WeightStorage::Bytes, TILE_ROWS>,
                      .pack = pack_i8<4>,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak};
constexpr Kernel Q4_0{.name = "avx2-vnni",
                      .activations = ActivationType::I8,
                      .tile_rows = TILE_ROWS,
                      .multiply = multiply<Bytes, WeightStorage::Nibbles, TILE_ROWS>,
                      .pack = pack_i8<4>,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak};

}  // namespace

const Kernel* avx2_vnni_q8_0() {
    return &Q8_0;
}
const Kernel* avx2_vnni_q4_0() {
    return &Q4_0;
}

}  // namespace paligemma

#else

namespace paligemma {
const Kernel* avx2_vnni_q8_0() {
    return nullptr;
}
const Kernel* avx2_vnni_q4_0() {
    return nullptr;
}
}  // namespace paligemma

#endif
