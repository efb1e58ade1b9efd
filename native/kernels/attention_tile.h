// What one call of an attention kernel computes, and what an attention kernel is. Plain data, as
// tile.h and for the same reason.
#pragma once
#include <stdint.h>

namespace paligemma {

// Keys per step of the online softmax.
constexpr int64_t KEY_BLOCK = 128;

// A few queries of one head against one block of keys, added to the result of earlier blocks: an
// online softmax with a running maximum and sum (Milakov and Gimelshein 2018, "Online normalizer
// calculation for softmax").
struct AttentionTile {
    const float* queries;  // [rows][head_dim], `stride` apart
    int64_t stride;
    int rows;             // 1 to AttentionKernel::tile_rows
    const float* keys;    // packed: [KEY_BLOCK / 16][head_dim][16], zero after the last key
    const float* values;  // packed: [KEY_BLOCK][width], likewise
    int64_t head_dim;
    int64_t width;   // head_dim rounded up to 16
    int64_t n_keys;  // 1 to KEY_BLOCK
    float scale;
    float softcap;  // 0: none
    float* max;     // [rows], -infinity before the first block
    float* sum;     // [rows], of e^(score - max)
    float* out;     // [rows][width], of value * e^(score - max)
    float* scores;  // [rows][KEY_BLOCK], for its own use
};

// Element type of a cache. Q8_0: ggml's blocks of CACHE_BLOCK elements, a 16-bit scale before 8
// bits each.
enum class CacheType { F32, F16, Q8_0 };
constexpr int64_t CACHE_BLOCK = 32;
constexpr int64_t CACHE_BLOCK_BYTES = 2 + CACHE_BLOCK;

// Heads of one query that share keys, against all keys, straight from a cache: with so few queries
// repacking the keys does not pay off.
struct DecodeTile {
    const float* queries;  // [heads][head_dim]
    int heads;             // 1 to AttentionKernel::decode_heads
    const void* keys;      // [n_keys][head_dim], rows key_stride bytes apart
    const void* values;
    int64_t key_stride, value_stride;
    CacheType type;
    int64_t head_dim;  // a multiple of 16; of CACHE_BLOCK for Q8_0
    int64_t n_keys;
    const uint16_t* mask;  // f16 [n_keys], 0 or -infinity
    float scale;
    float softcap;  // 0: none
    float* scores;  // [heads][n_keys rounded up to 16], for its own use
    float* out;     // [heads][head_dim]
};

struct AttentionKernel {
    const char* name;
    int tile_rows;
    void (*add)(const AttentionTile& tile);
    int decode_heads;
    void (*decode)(const DecodeTile& tile);
};

// Null where the compiler lacks the instructions. Whether the CPU has them is for the caller to
// check.
const AttentionKernel* avx512_attention();
const AttentionKernel* avx2_attention();
const AttentionKernel* neon_attention();

}  // namespace paligemma
