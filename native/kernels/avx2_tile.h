// What the AVX2 kernels for quantised weights share: the end of a block, and the choice by number
// of rows. Internal to each file that includes it; see avx2_vector.h.
#pragma once
#include "kernels/avx2_vector.h"
#include "kernels/vector_math.h"

namespace paligemma {
namespace {

// How the numbers of weights are stored: bytes, two in a byte, or two in a byte that were taken
// apart.
enum class Nibbles : uint8_t { No, Yes, Apart };

constexpr int64_t WORDS = K_BLOCK / 4;
// Bytes of the numbers in a block of a panel, and what packed weights are larger by than they are.
template <Nibbles N>
constexpr int64_t NUMBER_BYTES = N == Nibbles::Yes ? 256 : 512;
template <Nibbles N>
constexpr int32_t OFFSET = N == Nibbles::No ? 128 : 8;

inline __m256i load_bytes(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

// Four bytes in all lanes.
inline __m256i broadcast(const void* four) {
    int32_t word;
    memcpy(&word, four, 4);
    return _mm256_set1_epi32(word);
}

// The unsigned bytes of half `v` (8 rows of the weights) of 4-number word `w` of a panel's block,
// of which PANELS stand side by side.
template <Nibbles N, int PANELS>
inline __m256i weight_word(const uint8_t* block, int64_t w, int v) {
    if constexpr (N != Nibbles::Yes) {
        return load_bytes(block + w * PANELS * 64 + v * 32);
    } else {
        const __m256i both = load_bytes(block + w % 4 * PANELS * 64 + v * 32);
        return _mm256_and_si256(w < 4 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(0x0f));
    }
}

// out[rows][8 V] += dot * the scales of block `b`, for weights scale_of(vector). There are
// registers for the integer sums only: these wait in the level 1 cache, where the compiler would
// not leave them if it was not told.
template <int ROWS, int V, typename ScaleOf>
inline void add_block(const Tile& t, int64_t b, ScaleOf&& scale_of, const __m256i (&dot)[ROWS][V],
                      float* out) {
    asm volatile("" ::: "memory");
    const float* x_scales = t.x_scales + b * ROWS;
#pragma GCC unroll 4  // else the sums go through the stack
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

// What of a block is left to the files: dot[ROWS][V] = V vectors of 8 weight rows x activations.
// `Dot` has a function run<N, ROWS, V, PANELS>(block, t, b, dot).
template <typename Dot, Nibbles N, int ROWS, int PANELS>
inline void multiply_panels(const Tile& t) {
    constexpr int VECTORS = 2 * PANELS;
    // A single row has registers for all, so that the weights are read in the order in which they
    // stand: one row is as fast as memory.
    constexpr int V = ROWS == 1 ? VECTORS : 2;
    constexpr int64_t BLOCK_BYTES = PANELS * (NUMBER_BYTES<N> + 32);
    // What will be read some hundred cycles later.
    constexpr int64_t AHEAD = N == Nibbles::Yes ? 2 * BLOCK_BYTES : BLOCK_BYTES;
    if (!t.accumulate)
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < VECTORS; ++v) store(t.out + r * 32 + v * 8, all(0.f));
    const uint8_t* block = t.weights;
    for (int64_t b = 0; b < t.blocks; ++b, block += BLOCK_BYTES) {
        const auto* scales = reinterpret_cast<const uint16_t*>(block + PANELS * NUMBER_BYTES<N>);
        if (t.from_memory)
            for (int64_t i = 0; i < BLOCK_BYTES; i += 64)
                _mm_prefetch(reinterpret_cast<const char*>(block + AHEAD + i), _MM_HINT_T0);
        for (int v = 0; v < VECTORS; v += V) {
            __m256i dot[ROWS][V];
            Dot::template run<N, ROWS, V, PANELS>(block + v * 32, t, b, dot);
            const auto scale_of = [&](int i) { return load_f16(scales + (v + i) * 8); };
            add_block<ROWS, V>(t, b, scale_of, dot, t.out + v * 8);
        }
    }
}

template <typename Dot, Nibbles N, int ROWS>
void multiply(const Tile& t) {
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) multiply<Dot, N, ROWS - 1>(t);
    } else if (t.panels == 2) {
        multiply_panels<Dot, N, ROWS, 2>(t);
    } else {
        multiply_panels<Dot, N, ROWS, 1>(t);
    }
}

}  // namespace
}  // namespace paligemma
