// What one call of a kernel computes, and what a kernel is. Plain data, no inline functions: files
// compiled for one instruction set include this, and the linker may keep the AVX-512 copy of an
// inline function for all callers.
#pragma once
#include <stdint.h>

namespace paligemma {

// Elements along k that share a scale in the quantised types; the unit of k for all types.
constexpr int64_t K_BLOCK = 32;

// `rows` rows of activations times one or two adjacent panels of 16 weight rows, over `blocks`
// blocks of k.
struct Tile {
    const uint8_t* weights;  // packed (packed_weights.h), at the first block
    int panels;              // 1 or 2
    int rows;                // 1 to Kernel::tile_rows
    int64_t blocks;
    bool from_memory;  // the weights are streamed once: prefetch
    // Packed activations of the tile, at the first block, laid out per ActivationType.
    const void* x;
    const float* x_scales;
    const int32_t* x_sums;
    float* out;       // [rows][32]
    bool accumulate;  // add to `out`, else overwrite it
};

// How activations of a tile are laid out. I8, I8x8 and I16: x = scale * q with |q| <= 127, with
// scales [blocks][rows] and the sum of q per block [blocks][rows].
enum class ActivationType : uint8_t {
    I8,        // [blocks][8][rows][4]
    I8x8,      // [blocks][4][rows][8]
    I16,       // [blocks][8][2][rows][2]: of each four elements the first and third, then the rest
    BF16,      // [blocks][16][rows][2]
    BF16Rows,  // [blocks][rows][32]
    F32,       // [blocks][32][rows]
};

// Bytes of packed Q8_0 weights: signed as in the file, or unsigned with an offset of 128.
enum class WeightBytes : uint8_t { Unsigned, Signed };

// How the elements of a packed block are stored: one a byte (Q8_0), two a byte (Q4_0), or Q4_0
// unpacked to one a byte.
enum class WeightStorage : uint8_t { Bytes, Nibbles, UnpackedNibbles };

// From this many rows on, Kernel::for_many is faster.
constexpr int64_t MANY_ROWS = 12;

// Of 16 x 32 elements: two bytes each, and scales.
constexpr int64_t WIDE_BLOCK_BYTES = 2 * 16 * K_BLOCK + 16 * 4;

// The tile configuration of a thread, as AMX's STTILECFG stores it.
struct SavedTiles {
    alignas(64) uint8_t bytes[64];
};

struct Kernel {
    const char* name;  // "avx512-vnni"
    ActivationType activations;
    int tile_rows;
    void (*multiply)(const Tile& tile);
    // Packs `rows` rows of k elements, `stride` apart, for Tile. The scale of a block is its
    // max |x| / 127. Kernels that share this function have the same tile_rows.
    void (*pack)(const float* x, int64_t stride, int rows, int64_t k, void* out, float* scales,
                 int32_t* sums);
    // y = (x - m) / sqrt(mean((x - m)^2) + eps) * weight + bias over n elements, a multiple of 16,
    // where m is the mean, or 0 without a bias (null).
    void (*normalise)(const float* x, int64_t n, const float* weight, const float* bias, float eps,
                      float* y);
    // x = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), times `factor` unless it is null; n is a
    // multiple of 16.
    void (*gelu)(float* x, const float* factor, int64_t n);
    // Peak throughput: the multiply instruction alone, on registers, `rounds` times. Returns the
    // operations done; a multiply-add is two.
    double (*peak)(int64_t rounds);
    WeightBytes weight_bytes = WeightBytes::Unsigned;
    // Widens `blocks` blocks of packed weights, once for all tiles, to what multiply() then reads:
    // at most WIDE_BLOCK_BYTES per panel and block. Null: multiply() reads packed weights.
    void (*widen)(const uint8_t* weights, int panels, int64_t blocks, uint8_t* out) = nullptr;
    // Surround a thread's calls of multiply() in a node where those change CPU state: begin() saves
    // it, end() restores it. Null: no state is changed.
    void (*begin)(SavedTiles& found) = nullptr;
    void (*end)(const SavedTiles& found) = nullptr;
    // The kernel for the same packed weights with MANY_ROWS rows or more; null: this one.
    const Kernel* for_many = nullptr;
    // Operations per graph node, at most: some 100 ms on two cores.
    double node_flops = 4e10;
};

// Null where the compiler lacks the instructions. Whether the CPU has them is for the caller to
// check.
const Kernel* avx512_vnni_q8_0();
const Kernel* avx512_vnni_q4_0();
const Kernel* avx512_bf16();
const Kernel* amx_bf16();
const Kernel* amx_q8_0();
const Kernel* amx_q4_0();
const Kernel* avx2_q8_0();
const Kernel* avx2_q4_0();
const Kernel* avx2_bf16();
const Kernel* avx2_f16();
const Kernel* avx2_vnni_q8_0();
const Kernel* avx2_vnni_q4_0();
const Kernel* neon_dotprod_q8_0();
const Kernel* neon_dotprod_q4_0();
const Kernel* neon_i8mm_q8_0();
const Kernel* neon_i8mm_q4_0();
const Kernel* neon_bf16();
const Kernel* neon_f16();

}  // namespace paligemma
