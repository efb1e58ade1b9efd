// Attention in f32 with AVX-512.
#include "kernels/attention_tile.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include <float.h>

#include "kernels/avx512_math.h"

namespace paligemma {
namespace {

constexpr int TILE_ROWS = 6;
constexpr int GROUPS = 4;  // of 16 keys or values: with 6 rows 24 accumulators in 32 registers

// scores[ROWS][64 keys from group `first` on] = queries x keys
template <int ROWS>
inline void multiply_keys(const AttentionTile& t, int64_t first) {
    __m512 sum[ROWS][GROUPS];
    for (int r = 0; r < ROWS; ++r)
        for (int g = 0; g < GROUPS; ++g) sum[r][g] = _mm512_setzero_ps();
    const float* keys = t.keys + first * t.head_dim * 16;
    for (int64_t i = 0; i < t.head_dim; ++i) {
        __m512 key[GROUPS];
        for (int g = 0; g < GROUPS; ++g) key[g] = _mm512_loadu_ps(keys + (g * t.head_dim + i) * 16);
        for (int r = 0; r < ROWS; ++r) {
            const __m512 q = _mm512_set1_ps(t.queries[r * t.stride + i]);
            for (int g = 0; g < GROUPS; ++g) sum[r][g] = _mm512_fmadd_ps(q, key[g], sum[r][g]);
        }
    }
    for (int r = 0; r < ROWS; ++r)
        for (int g = 0; g < GROUPS; ++g)
            _mm512_storeu_ps(t.scores + r * KEY_BLOCK + (first + g) * 16, sum[r][g]);
}

// cap * tanh(s / cap), with tanh(u) = 1 - 2 / (e^(2u) + 1)
inline __m512 capped(__m512 s, float cap) {
    const __m512 e = exp_ps(_mm512_mul_ps(s, _mm512_set1_ps(2.f / cap)));
    const __m512 below = _mm512_div_ps(_mm512_set1_ps(2.f), _mm512_add_ps(e, _mm512_set1_ps(1.f)));
    return _mm512_mul_ps(_mm512_sub_ps(_mm512_set1_ps(1.f), below), _mm512_set1_ps(cap));
}

// Scores become e^(score - max). Returns the rescale factor of earlier blocks (online softmax).
inline float softmax_block(const AttentionTile& t, int row) {
    float* scores = t.scores + row * KEY_BLOCK;
    __m512 most = _mm512_set1_ps(-FLT_MAX);
    const int64_t groups = (t.n_keys + 15) / 16;
    const auto tail = static_cast<__mmask16>(0xffff >> (groups * 16 - t.n_keys));
    for (int64_t g = 0; g < groups; ++g) {
        __m512 s = _mm512_mul_ps(_mm512_loadu_ps(scores + g * 16), _mm512_set1_ps(t.scale));
        if (t.softcap != 0.f) s = capped(s, t.softcap);
        most = _mm512_mask_max_ps(most, g + 1 == groups ? tail : 0xffff, most, s);
        _mm512_storeu_ps(scores + g * 16, s);
    }
    const float before = t.max[row], block_max = _mm512_reduce_max_ps(most);
    const float max = before > block_max ? before : block_max;
    __m512 sum = _mm512_setzero_ps();
    for (int64_t g = 0; g < groups; ++g) {
        const __m512 difference =
            _mm512_sub_ps(_mm512_loadu_ps(scores + g * 16), _mm512_set1_ps(max));
        const __m512 p = _mm512_maskz_mov_ps(g + 1 == groups ? tail : 0xffff, exp_ps(difference));
        sum = _mm512_add_ps(sum, p);
        _mm512_storeu_ps(scores + g * 16, p);
    }
    float correction = 0.f;
    if (before > -FLT_MAX) {
        correction = _mm512_cvtss_f32(exp_ps(_mm512_set1_ps(before - max)));
    }
    t.max[row] = max;
    t.sum[row] = t.sum[row] * correction + _mm512_reduce_add_ps(sum);
    return correction;
}

// out[ROWS][16 G from column `first` on] = out * corrections + scores x values
template <int ROWS, int G>
inline void add_values(const AttentionTile& t, const float* corrections, int64_t first) {
    __m512 sum[ROWS][G];
    for (int r = 0; r < ROWS; ++r)
        for (int g = 0; g < G; ++g)
            sum[r][g] = _mm512_mul_ps(_mm512_loadu_ps(t.out + r * t.width + first + g * 16),
                                      _mm512_set1_ps(corrections[r]));
    for (int64_t k = 0; k < t.n_keys; ++k) {
        __m512 value[G];
        for (int g = 0; g < G; ++g)
            value[g] = _mm512_loadu_ps(t.values + k * t.width + first + g * 16);
        for (int r = 0; r < ROWS; ++r) {
            const __m512 p = _mm512_set1_ps(t.scores[r * KEY_BLOCK + k]);
            for (int g = 0; g < G; ++g) sum[r][g] = _mm512_fmadd_ps(p, value[g], sum[r][g]);
        }
    }
    for (int r = 0; r < ROWS; ++r)
        for (int g = 0; g < G; ++g)
            _mm512_storeu_ps(t.out + r * t.width + first + g * 16, sum[r][g]);
}

template <int ROWS>
void add(const AttentionTile& t) {
    for (int64_t group = 0; group * 16 < t.n_keys; group += GROUPS) multiply_keys<ROWS>(t, group);
    float corrections[ROWS];
    for (int r = 0; r < ROWS; ++r) corrections[r] = softmax_block(t, r);
    int64_t at = 0;
    for (; at + 64 <= t.width; at += 64) add_values<ROWS, 4>(t, corrections, at);
    for (; at + 32 <= t.width; at += 32) add_values<ROWS, 2>(t, corrections, at);
    for (; at < t.width; at += 16) add_values<ROWS, 1>(t, corrections, at);
}

template <int ROWS>
void add_rows(const AttentionTile& t) {
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) add_rows<ROWS - 1>(t);
    } else {
        add<ROWS>(t);
    }
}

constexpr int DECODE_HEADS = 4;

template <CacheType T>
inline __m512 load(const void* row, int64_t i) {
    if constexpr (T == CacheType::F16)
        return _mm512_cvtph_ps(_mm256_loadu_si256(
            reinterpret_cast<const __m256i*>(static_cast<const uint16_t*>(row) + i)));
    if constexpr (T == CacheType::F32) return _mm512_loadu_ps(static_cast<const float*>(row) + i);
    const auto* block = static_cast<const uint8_t*>(row) + i / CACHE_BLOCK * CACHE_BLOCK_BYTES;
    const __m512 scale =
        _mm512_cvtph_ps(_mm256_set1_epi16(*reinterpret_cast<const int16_t*>(block)));
    const __m128i elements =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 2 + i % CACHE_BLOCK));
    return _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(elements)));
}

template <CacheType T>
constexpr int64_t row_bytes(int64_t head_dim) {
    switch (T) {
        case CacheType::F32:
            return head_dim * 4;
        case CacheType::F16:
            return head_dim * 2;
        case CacheType::Q8_0:
            return head_dim / CACHE_BLOCK * CACHE_BLOCK_BYTES;
    }
}

inline const char* at(const void* rows, int64_t i, int64_t stride) {
    return static_cast<const char*>(rows) + i * stride;
}

// Fetches rows [first, first + n) of keys or values, those that are there.
template <CacheType T>
inline void fetch(const DecodeTile& t, const void* rows, int64_t stride, int64_t first, int64_t n) {
    const int64_t bytes = row_bytes<T>(t.head_dim);
    for (int64_t i = first; i < first + n && i < t.n_keys; ++i)
        for (int64_t line = 0; line < bytes; line += 64)
            _mm_prefetch(at(rows, i, stride) + line, _MM_HINT_T0);
}

// The horizontal sum of each of four registers.
inline __m128 reduce(__m512 a, __m512 b, __m512 c, __m512 d) {
    const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    // In each quarter: what is left of a, b, c, d.
    const __m512 all = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, _MM_SHUFFLE(1, 0, 1, 0)),
                                     _mm512_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 2, 3, 2)));
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

// scores of KEYS (1 or 4) keys from `first` on
template <CacheType T, int HEADS, int KEYS>
inline void score(const DecodeTile& t, int64_t first, int64_t stride) {
    __m512 sum[HEADS][KEYS];
    UNROLLED
    for (int h = 0; h < HEADS; ++h) UNROLLED
    for (int k = 0; k < KEYS; ++k) sum[h][k] = _mm512_setzero_ps();
    for (int64_t i = 0; i < t.head_dim; i += 16) {
        __m512 key[KEYS];
        UNROLLED
        for (int k = 0; k < KEYS; ++k) key[k] = load<T>(at(t.keys, first + k, t.key_stride), i);
        UNROLLED
        for (int h = 0; h < HEADS; ++h) {
            const __m512 q = _mm512_loadu_ps(t.queries + h * t.head_dim + i);
            UNROLLED
            for (int k = 0; k < KEYS; ++k) sum[h][k] = _mm512_fmadd_ps(q, key[k], sum[h][k]);
        }
    }
    UNROLLED
    for (int h = 0; h < HEADS; ++h) {
        float* scores = t.scores + h * stride + first;
        if constexpr (KEYS == 4)
            _mm_storeu_ps(scores, reduce(sum[h][0], sum[h][1], sum[h][2], sum[h][3]));
        else
            *scores = _mm512_reduce_add_ps(sum[h][0]);
    }
}

// Scores of one head become probabilities.
inline void softmax(const DecodeTile& t, float* scores) {
    const __m512 least = _mm512_set1_ps(-FLT_MAX);
    __m512 most = least;
    for (int64_t k = 0; k < t.n_keys; k += 16) {
        const __mmask16 valid =
            t.n_keys - k >= 16 ? 0xffff : static_cast<__mmask16>((1 << (t.n_keys - k)) - 1);
        __m512 s = _mm512_mul_ps(_mm512_loadu_ps(scores + k), _mm512_set1_ps(t.scale));
        if (t.softcap != 0.f) s = capped(s, t.softcap);
        s = _mm512_add_ps(s, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(valid, t.mask + k)));
        s = _mm512_mask_mov_ps(_mm512_set1_ps(-__builtin_inff()), valid, s);
        _mm512_storeu_ps(scores + k, s);
        most = _mm512_max_ps(most, s);
    }
    const __m512 max = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    __m512 sum = _mm512_setzero_ps();
    for (int64_t k = 0; k < t.n_keys; k += 16) {
        const __m512 s = _mm512_loadu_ps(scores + k);
        // "Not less than" the lowest finite value: NaN passes through and is detected.
        const __mmask16 seen = _mm512_cmp_ps_mask(s, least, _CMP_NLT_UQ);
        const __m512 p = _mm512_maskz_mov_ps(seen, exp_ps(_mm512_sub_ps(s, max)));
        sum = _mm512_add_ps(sum, p);
        _mm512_storeu_ps(scores + k, p);
    }
    const __m512 factor = _mm512_set1_ps(1.f / _mm512_reduce_add_ps(sum));
    for (int64_t k = 0; k < t.n_keys; k += 16)
        _mm512_storeu_ps(scores + k, _mm512_mul_ps(_mm512_loadu_ps(scores + k), factor));
}

// out[HEADS][16 G from column `first` on] = probabilities x values
template <CacheType T, int HEADS, int G>
inline void sum_values(const DecodeTile& t, int64_t first, int64_t stride) {
    __m512 sum[HEADS][G];
    UNROLLED
    for (int h = 0; h < HEADS; ++h) UNROLLED
    for (int g = 0; g < G; ++g) sum[h][g] = _mm512_setzero_ps();
    for (int64_t k = 0; k < t.n_keys; ++k) {
        const char* row = at(t.values, k, t.value_stride);
        __m512 value[G];
        UNROLLED
        for (int g = 0; g < G; ++g) value[g] = load<T>(row, first + g * 16);
        UNROLLED
        for (int h = 0; h < HEADS; ++h) {
            const __m512 p = _mm512_set1_ps(t.scores[h * stride + k]);
            UNROLLED
            for (int g = 0; g < G; ++g) sum[h][g] = _mm512_fmadd_ps(p, value[g], sum[h][g]);
        }
    }
    UNROLLED
    for (int h = 0; h < HEADS; ++h) UNROLLED
    for (int g = 0; g < G; ++g)
        _mm512_storeu_ps(t.out + h * t.head_dim + first + g * 16, sum[h][g]);
}

template <CacheType T, int HEADS>
void decode_heads(const DecodeTile& t) {
    const int64_t stride = (t.n_keys + 15) / 16 * 16;
    int64_t k = 0;
    // Between two steps all weights pass through the caches and evict keys and values, so both are
    // prefetched; the values while the scores are computed.
    constexpr int64_t AHEAD = 16;
    fetch<T>(t, t.keys, t.key_stride, 0, AHEAD);
    for (; k + 4 <= t.n_keys; k += 4) {
        fetch<T>(t, t.keys, t.key_stride, k + AHEAD, 4);
        fetch<T>(t, t.values, t.value_stride, k, 4);
        score<T, HEADS, 4>(t, k, stride);
    }
    for (; k < t.n_keys; ++k) score<T, HEADS, 1>(t, k, stride);
    for (int h = 0; h < HEADS; ++h) softmax(t, t.scores + h * stride);
    int64_t column = 0;
    for (; column + 64 <= t.head_dim; column += 64) sum_values<T, HEADS, 4>(t, column, stride);
    for (; column < t.head_dim; column += 16) sum_values<T, HEADS, 1>(t, column, stride);
}

template <int HEADS>
void decode(const DecodeTile& t) {
    if (t.heads != HEADS) {
        if constexpr (HEADS > 1) decode<HEADS - 1>(t);
    } else if (t.type == CacheType::F16) {
        decode_heads<CacheType::F16, HEADS>(t);
    } else if (t.type == CacheType::Q8_0) {
        decode_heads<CacheType::Q8_0, HEADS>(t);
    } else {
        decode_heads<CacheType::F32, HEADS>(t);
    }
}

constexpr AttentionKernel KERNEL{"avx512", TILE_ROWS, add_rows<TILE_ROWS>, DECODE_HEADS,
                                 decode<DECODE_HEADS>};

}  // namespace

const AttentionKernel* avx512_attention() {
    return &KERNEL;
}

}  // namespace paligemma

#else

namespace paligemma {
const AttentionKernel* avx512_attention() {
    return nullptr;
}
}  // namespace paligemma

#endif
