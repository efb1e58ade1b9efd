// Attention in f32, as avx512_attention.cpp computes it, written once on the operations of
// avx2_vector.h or neon_vector.h, one of which is included before. Internal to each file.
#pragma once
#include <float.h>

#include "kernels/attention_tile.h"
#include "kernels/vector_math.h"

namespace paligemma {
namespace {

constexpr int ATTENTION_ROWS = 6;          // AVX2: 12 accumulators in 16 registers, NEON: 24 in 32
constexpr int GROUP_VECTORS = 16 / LANES;  // of 16 keys or values

// scores[ROWS][16 keys of group `g`] = queries x keys
template <int ROWS>
inline void multiply_keys(const AttentionTile& t, int64_t g) {
    F32 sum[ROWS][GROUP_VECTORS];
    for (int r = 0; r < ROWS; ++r)
        for (int v = 0; v < GROUP_VECTORS; ++v) sum[r][v] = all(0.f);
    const float* keys = t.keys + g * t.head_dim * 16;
    for (int64_t i = 0; i < t.head_dim; ++i, keys += 16) {
        F32 key[GROUP_VECTORS];
        for (int v = 0; v < GROUP_VECTORS; ++v) key[v] = load(keys + v * LANES);
        for (int r = 0; r < ROWS; ++r) {
            const F32 q = all(t.queries[r * t.stride + i]);
            for (int v = 0; v < GROUP_VECTORS; ++v) sum[r][v] = fma(q, key[v], sum[r][v]);
        }
    }
    for (int r = 0; r < ROWS; ++r)
        for (int v = 0; v < GROUP_VECTORS; ++v)
            store(t.scores + r * KEY_BLOCK + g * 16 + v * LANES, sum[r][v]);
}

// cap * tanh(s / cap), with tanh(u) = 1 - 2 / (e^(2u) + 1)
inline F32 capped(F32 s, float cap) {
    const F32 e = exponential(mul(s, all(2.f / cap)));
    return mul(sub(all(1.f), div(all(2.f), add(e, all(1.f)))), all(cap));
}

// Scores become e^(score - max). Returns the rescale factor of earlier blocks (online softmax).
inline float softmax_block(const AttentionTile& t, int row) {
    float* scores = t.scores + row * KEY_BLOCK;
    const F32 least = all(-FLT_MAX);
    F32 most = least;
    for (int64_t k = 0; k < t.n_keys; k += LANES) {
        F32 s = mul(load(scores + k), all(t.scale));
        if (t.softcap != 0.f) s = capped(s, t.softcap);
        most = max(most, first(t.n_keys - k, s, least));
        store(scores + k, s);
    }
    const float before = t.max[row], block_max = max_of(most);
    const float largest = before > block_max ? before : block_max;
    F32 sum = all(0.f);
    for (int64_t k = 0; k < t.n_keys; k += LANES) {
        const F32 p =
            first(t.n_keys - k, exponential(sub(load(scores + k), all(largest))), all(0.f));
        sum = add(sum, p);
        store(scores + k, p);
    }
    float correction[LANES] = {};
    if (before > -FLT_MAX) store(correction, exponential(all(before - largest)));
    t.max[row] = largest;
    t.sum[row] = t.sum[row] * correction[0] + sum_of(sum);
    return correction[0];
}

// out[ROWS][16 from column `first` on] = out * corrections + scores x values
template <int ROWS>
inline void add_values(const AttentionTile& t, const float* corrections, int64_t column) {
    F32 sum[ROWS][GROUP_VECTORS];
    for (int r = 0; r < ROWS; ++r)
        for (int v = 0; v < GROUP_VECTORS; ++v)
            sum[r][v] = mul(load(t.out + r * t.width + column + v * LANES), all(corrections[r]));
    for (int64_t k = 0; k < t.n_keys; ++k) {
        F32 value[GROUP_VECTORS];
        for (int v = 0; v < GROUP_VECTORS; ++v)
            value[v] = load(t.values + k * t.width + column + v * LANES);
        for (int r = 0; r < ROWS; ++r) {
            const F32 p = all(t.scores[r * KEY_BLOCK + k]);
            for (int v = 0; v < GROUP_VECTORS; ++v) sum[r][v] = fma(p, value[v], sum[r][v]);
        }
    }
    for (int r = 0; r < ROWS; ++r)
        for (int v = 0; v < GROUP_VECTORS; ++v)
            store(t.out + r * t.width + column + v * LANES, sum[r][v]);
}

// AttentionKernel::add
template <int ROWS>
void add_tile(const AttentionTile& t) {
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) add_tile<ROWS - 1>(t);
        return;
    }
    for (int64_t g = 0; g * 16 < t.n_keys; ++g) multiply_keys<ROWS>(t, g);
    float corrections[ROWS];
    for (int r = 0; r < ROWS; ++r) corrections[r] = softmax_block(t, r);
    for (int64_t column = 0; column < t.width; column += 16)
        add_values<ROWS>(t, corrections, column);
}

constexpr int DECODE_HEADS = 4;

template <CacheType T>
inline F32 load_cached(const void* rows, int64_t row, int64_t stride, int64_t i) {
    const char* from = static_cast<const char*>(rows) + row * stride;
    if constexpr (T == CacheType::F16) return load_f16(reinterpret_cast<const uint16_t*>(from) + i);
    if constexpr (T == CacheType::F32) return load(reinterpret_cast<const float*>(from) + i);
    const char* block = from + i / CACHE_BLOCK * CACHE_BLOCK_BYTES;
    const F32 scale = all_f16(reinterpret_cast<const uint16_t*>(block));
    return mul(scale, load_i8(reinterpret_cast<const int8_t*>(block + 2 + i % CACHE_BLOCK)));
}

// scores of KEYS keys from `first` on
template <CacheType T, int HEADS, int KEYS>
inline void score_keys(const DecodeTile& t, int64_t from, int64_t stride) {
    F32 sum[HEADS][KEYS];
    for (int h = 0; h < HEADS; ++h)
        for (int k = 0; k < KEYS; ++k) sum[h][k] = all(0.f);
    for (int64_t i = 0; i < t.head_dim; i += LANES) {
        F32 key[KEYS];
        for (int k = 0; k < KEYS; ++k) key[k] = load_cached<T>(t.keys, from + k, t.key_stride, i);
        for (int h = 0; h < HEADS; ++h) {
            const F32 q = load(t.queries + h * t.head_dim + i);
            for (int k = 0; k < KEYS; ++k) sum[h][k] = fma(q, key[k], sum[h][k]);
        }
    }
    for (int h = 0; h < HEADS; ++h)
        for (int k = 0; k < KEYS; ++k) t.scores[h * stride + from + k] = sum_of(sum[h][k]);
}

// Scores of one head become probabilities.
inline void softmax(const DecodeTile& t, float* scores) {
    const F32 least = all(-FLT_MAX), hidden = all(-__builtin_inff());
    F32 most = least;
    for (int64_t k = 0; k < t.n_keys; k += LANES) {
        const int64_t n = t.n_keys - k < LANES ? t.n_keys - k : LANES;
        uint16_t mask[LANES] = {};
        memcpy(mask, t.mask + k, static_cast<size_t>(n) * sizeof(uint16_t));
        F32 s = mul(load(scores + k), all(t.scale));
        if (t.softcap != 0.f) s = capped(s, t.softcap);
        s = first(n, add(s, load_f16(mask)), hidden);
        store(scores + k, s);
        most = max(most, s);
    }
    const F32 largest = all(max_of(most));
    F32 sum = all(0.f);
    for (int64_t k = 0; k < t.n_keys; k += LANES) {
        const F32 s = load(scores + k);
        // "Not less than" the lowest finite value: NaN passes through and is detected.
        const F32 p = unless_below(exponential(sub(s, largest)), s, least);
        sum = add(sum, p);
        store(scores + k, p);
    }
    const F32 factor = all(1.f / sum_of(sum));
    for (int64_t k = 0; k < t.n_keys; k += LANES) store(scores + k, mul(load(scores + k), factor));
}

// out[HEADS][16 from `column` on] = probabilities x values
template <CacheType T, int HEADS>
inline void sum_values(const DecodeTile& t, int64_t column, int64_t stride) {
    F32 sum[HEADS][GROUP_VECTORS];
    for (int h = 0; h < HEADS; ++h)
        for (int v = 0; v < GROUP_VECTORS; ++v) sum[h][v] = all(0.f);
    for (int64_t k = 0; k < t.n_keys; ++k) {
        F32 value[GROUP_VECTORS];
        for (int v = 0; v < GROUP_VECTORS; ++v)
            value[v] = load_cached<T>(t.values, k, t.value_stride, column + v * LANES);
        for (int h = 0; h < HEADS; ++h) {
            const F32 p = all(t.scores[h * stride + k]);
            for (int v = 0; v < GROUP_VECTORS; ++v) sum[h][v] = fma(p, value[v], sum[h][v]);
        }
    }
    for (int h = 0; h < HEADS; ++h)
        for (int v = 0; v < GROUP_VECTORS; ++v)
            store(t.out + h * t.head_dim + column + v * LANES, sum[h][v]);
}

template <CacheType T, int HEADS>
void decode_heads(const DecodeTile& t) {
    const int64_t stride = (t.n_keys + 15) / 16 * 16;
    int64_t k = 0;
    for (; k + 2 <= t.n_keys; k += 2) score_keys<T, HEADS, 2>(t, k, stride);
    if (k < t.n_keys) score_keys<T, HEADS, 1>(t, k, stride);
    for (int h = 0; h < HEADS; ++h) softmax(t, t.scores + h * stride);
    for (int64_t column = 0; column < t.head_dim; column += 16)
        sum_values<T, HEADS>(t, column, stride);
}

// AttentionKernel::decode
template <int HEADS>
void decode_tile(const DecodeTile& t) {
    if (t.heads != HEADS) {
        if constexpr (HEADS > 1) decode_tile<HEADS - 1>(t);
    } else if (t.type == CacheType::F16) {
        decode_heads<CacheType::F16, HEADS>(t);
    } else if (t.type == CacheType::Q8_0) {
        decode_heads<CacheType::Q8_0, HEADS>(t);
    } else {
        decode_heads<CacheType::F32, HEADS>(t);
    }
}

}  // namespace
}  // namespace paligemma
