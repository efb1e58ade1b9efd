// What the AVX2 kernels for quantised weights share: the end of a block, and the dispatch by row
// count. Internal to each file that includes it; see avx2_vector.h.
#pragma once
#include "kernels/avx2_vector.h"
#include "kernels/vector_math.h"

namespace paligemma {
namespace {

constexpr int64_t WORDS = K_BLOCK / 4;
// Bytes of the elements in a panel's block, and the offset that packing adds to each of them.
template <WeightStorage S>
constexpr int64_t ELEMENTS_BYTES = S == WeightStorage::Nibbles ? 256 : 512;
template <WeightStorage S>
constexpr int32_t OFFSET = S == WeightStorage::Bytes ? 128 : 8;

inline __m256i load_bytes(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

// Four bytes in all lanes.
inline __m256i broadcast(const void* four) {
    int32_t word;
    memcpy(&word, four, 4);
    return _mm256_set1_epi32(word);
}

// The unsigned bytes of half `v` (8 weight rows) of 4-element word `w` in a block of PANELS
// interleaved panels.
template <WeightStorage S, int PANELS>
inline __m256i weight_word(const uint8_t* block, int64_t w, int v) {
    if constexpr (S != WeightStorage::Nibbles) {
        return load_bytes(block + w * PANELS * 64 + v * 32);
    } else {
        const __m256i both = load_bytes(block + w % 4 * PANELS * 64 + v * 32);
        return _mm256_and_si256(w < 4 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(0x0f));
    }
}

// out[rows][8 V] += dot * the scales of block `b`, for weights scale_of(vector). Registers suffice
// for the integer accumulators only, so the float ones stay in L1; the asm barrier keeps the
// compiler from hoisting them into registers.
template <int ROWS, int V, typename ScaleOf>
inline void add_block(const Tile& t, int64_t b, ScaleOf&& scale_of, const __m256i (&dot)[ROWS][V],
                      float* out) {
    asm volatile("" ::: "memory");
    const float* x_scales = t.x_scales + b * ROWS;
#pragma GCC unroll 4  // else the accumulators are spilled
    for (int v = 0; v < V; ++v) {
        const F32 scale = scale_of(v);
#pragma GCC unroll 6
        for (int r = 0; r < ROWS; ++r) {
            float* to = out + r * 32 + v * 8;
            const F32 d = _mm256_broadcast_ss(x_scales + r);
            store(to, fma(mul(_mm256_cvtepi32_ps(dot[r][v]), scale), d, load(to)));
        }
    }
}

// One kernel's inner loop is Dot::run<S, ROWS, V, PANELS>(block, t, b, dot), which computes
// dot[ROWS][V] = V vectors of 8 weight rows x activations.
template <typename Dot, WeightStorage S, int ROWS, int PANELS>
inline void multiply_panels(const Tile& t) {
    constexpr int VECTORS = 2 * PANELS;
    // A single row has registers for everything, so the weights are read in memory order and the
    // speed is that of memory.
    constexpr int V = ROWS == 1 ? VECTORS : 2;
    constexpr int64_t BLOCK_BYTES = PANELS * (ELEMENTS_BYTES<S> + 32);
    // Prefetch distance: some hundred cycles.
    constexpr int64_t AHEAD = S == WeightStorage::Nibbles ? 2 * BLOCK_BYTES : BLOCK_BYTES;
    if (!t.accumulate)
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < VECTORS; ++v) store(t.out + r * 32 + v * 8, all(0.f));
    const uint8_t* block = t.weights;
    for (int64_t b = 0; b < t.blocks; ++b, block += BLOCK_BYTES) {
        const auto* scales = reinterpret_cast<const uint16_t*>(block + PANELS * ELEMENTS_BYTES<S>);
        if (t.from_memory)
            for (int64_t i = 0; i < BLOCK_BYTES; i += 64)
                _mm_prefetch(reinterpret_cast<const char*>(block + AHEAD + i), _MM_HINT_T0);
        for (int v = 0; v < VECTORS; v += V) {
            __m256i dot[ROWS][V];
            Dot::template run<S, ROWS, V, PANELS>(block + v * 32, t, b, dot);
            const auto scale_of = [&](int i) { return load_f16(scales + (v + i) * 8); };
            add_block<ROWS, V>(t, b, scale_of, dot, t.out + v * 8);
        }
    }
}

template <typename Dot, WeightStorage S, int ROWS>
void multiply(const Tile& t) {
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) multiply<Dot, S, ROWS - 1>(t);
    } else if (t.panels == 2) {
        multiply_panels<Dot, S, ROWS, 2>(t);
    } else {
        multiply_panels<Dot, S, ROWS, 1>(t);
    }
}

}  // namespace
}  // namespace paligemma
