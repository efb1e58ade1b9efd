// Q8_0 and Q4_0 weights with SMMLA: two rows of activations times two of weights over 8 elements of
// k in one instruction, accumulated in 32 bits (FEAT_I8MM: Neoverse V1 and N2, Apple M2). Weights
// are reordered for it once for all rows, nibbles unpacked, which pays off with many: these are
// Kernel::for_many of the dot product kernels.
#include "kernels/tile.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_MATMUL_INT8)
#include "kernels/neon_vector.h"
#include "kernels/vector_math.h"

namespace paligemma {
namespace {

constexpr int TILE_ROWS = 6;  // eight accumulators for two rows: 24 of 32 registers
constexpr int64_t EIGHTS = K_BLOCK / 8;
constexpr int WEIGHT_PAIRS = 8;  // of a panel's 16 rows

// A panel's block as it is read: [EIGHTS][WEIGHT_PAIRS][2 rows][8 elements], then the scales in the
// order of the accumulators, [WEIGHT_PAIRS][4] f32, those of each two rows twice.
constexpr int64_t ELEMENTS_BYTES = 16 * K_BLOCK;
constexpr int64_t BLOCK_BYTES = ELEMENTS_BYTES + WEIGHT_PAIRS * 16;

// Kernel::widen
template <WeightStorage S, int PANELS>
void widen_panels(const uint8_t* block, int64_t blocks, uint8_t* out) {
    constexpr int64_t WORDS = S == WeightStorage::Bytes ? 8 : 4;
    constexpr int64_t WORD_BYTES = PANELS * 64;
    constexpr int64_t EIGHT_BYTES = WEIGHT_PAIRS * 16;
    const auto keep = [](uint8_t* to, uint8x16_t a) {
        if constexpr (S == WeightStorage::Bytes) {
            vst1q_u8(to, a);
        } else {
            // Low nibbles are the first 16 elements of the block, high nibbles the rest, each + 8.
            const uint8x16_t eight = vdupq_n_u8(8);
            vst1q_u8(to, vsubq_u8(vandq_u8(a, vdupq_n_u8(0x0f)), eight));
            vst1q_u8(to + EIGHTS / 2 * EIGHT_BYTES, vsubq_u8(vshrq_n_u8(a, 4), eight));
        }
    };
    for (int64_t b = 0; b < blocks; ++b, block += WORDS * WORD_BYTES + PANELS * 32) {
        for (int p = 0; p < PANELS; ++p, out += BLOCK_BYTES) {
            for (int64_t w = 0; w < WORDS; w += 2) {
                const uint8_t* from = block + w * WORD_BYTES + p * 64;
                uint8_t* to = out + w / 2 * EIGHT_BYTES;
                for (int v = 0; v < 4; ++v) {
                    const uint32x4_t first = vreinterpretq_u32_u8(vld1q_u8(from + v * 16));
                    const uint32x4_t second =
                        vreinterpretq_u32_u8(vld1q_u8(from + WORD_BYTES + v * 16));
                    keep(to + v * 32, vreinterpretq_u8_u32(vzip1q_u32(first, second)));
                    keep(to + v * 32 + 16, vreinterpretq_u8_u32(vzip2q_u32(first, second)));
                }
            }
            for (int v = 0; v < 4; ++v) {
                uint16_t halves[4];
                memcpy(halves, block + WORDS * WORD_BYTES + p * 32 + v * 8, sizeof(halves));
                const F32 scale = load_f16(halves);
                uint8_t* to = out + ELEMENTS_BYTES + v * 32;
                const float32x2_t low = vget_low_f32(scale), high = vget_high_f32(scale);
                vst1q_u8(to, vreinterpretq_u8_f32(vcombine_f32(low, low)));
                vst1q_u8(to + 16, vreinterpretq_u8_f32(vcombine_f32(high, high)));
            }
        }
    }
}

template <WeightStorage S>
void widen(const uint8_t* weights, int panels, int64_t blocks, uint8_t* out) {
    panels == 2 ? widen_panels<S, 2>(weights, blocks, out)
                : widen_panels<S, 1>(weights, blocks, out);
}

// Row pairs of activations; if ROWS is odd, the last pair has one row.
template <int ROWS>
constexpr int PAIRS = (ROWS + 1) / 2;
template <int ROWS>
constexpr bool has_both(int pair) {
    return pair * 2 + 1 < ROWS;
}

// Accumulators start at the bits of this f32, 1.5 * 2^23, from which integer steps are f32 steps:
// subtracting it converts to f32. Every vector unit subtracts, only half of them convert.
// |sum| < 2^22.
constexpr float ZERO = 12582912.f;
constexpr int32_t ZERO_BITS = 0x4b400000;
static_assert(K_BLOCK * 127 * 128 < 1 << 22);

// dot = ZERO_BITS + weights x activations of one block; for each pair of rows and pair of weight
// rows the 2 x 2 results, row by row.
template <int ROWS>
inline void multiply_block(const uint8_t* weights, const int8_t* x,
                           int32x4_t (&dot)[PAIRS<ROWS>][WEIGHT_PAIRS]) {
    for (int r = 0; r < PAIRS<ROWS>; ++r)
        for (int w = 0; w < WEIGHT_PAIRS; ++w) dot[r][w] = vdupq_n_s32(ZERO_BITS);
#pragma GCC unroll 1  // else loads are hoisted and accumulators spilled
    for (int64_t i = 0; i < EIGHTS; ++i, x += ROWS * 8, weights += WEIGHT_PAIRS * 16) {
        int8x16_t rows[PAIRS<ROWS>];
        // No byte more: the buffer may end there.
        for (int r = 0; r < PAIRS<ROWS>; ++r)
            rows[r] = has_both<ROWS>(r) ? vld1q_s8(x + r * 16)
                                        : vcombine_s8(vld1_s8(x + r * 16), vdup_n_s8(0));
#pragma GCC unroll 8
        for (int w = 0; w < WEIGHT_PAIRS; ++w) {
            // Not all of the weights at once: there are four registers left for them.
            if (w == WEIGHT_PAIRS / 2) asm volatile("" ::: "memory");
            const int8x16_t elements = vreinterpretq_s8_u8(vld1q_u8(weights + w * 16));
#pragma GCC unroll 3
            for (int r = 0; r < PAIRS<ROWS>; ++r)
                dot[r][w] = vmmlaq_s32(dot[r][w], rows[r], elements);
        }
    }
}

// acc [pairs][WEIGHT_PAIRS][4] += dot * scales. Registers suffice for the integers only, so the
// floats stay in L1; the asm barrier prevents hoisting.
template <int ROWS>
inline void add_block(const uint8_t* scales, const float* x_scales,
                      const int32x4_t (&dot)[PAIRS<ROWS>][WEIGHT_PAIRS], float* acc) {
    asm volatile("" ::: "memory");
    F32 x_scale[PAIRS<ROWS>];
    for (int r = 0; r < PAIRS<ROWS>; ++r) {
        const float32x2_t two =
            has_both<ROWS>(r) ? vld1_f32(x_scales + r * 2) : vld1_dup_f32(x_scales + r * 2);
        const F32 low = vcombine_f32(two, vdup_n_f32(0.f));
        x_scale[r] = vzip1q_f32(low, low);
    }
#pragma GCC unroll 8  // else the accumulators are spilled
    for (int w = 0; w < WEIGHT_PAIRS; ++w) {
        const F32 scale = vreinterpretq_f32_u8(vld1q_u8(scales + w * 16));
#pragma GCC unroll 3
        for (int r = 0; r < PAIRS<ROWS>; ++r) {
            float* to = acc + (r * WEIGHT_PAIRS + w) * 4;
            const F32 scaled = mul(sub(vreinterpretq_f32_s32(dot[r][w]), all(ZERO)), scale);
            store(to, fma(scaled, x_scale[r], load(to)));
        }
    }
}

// out [rows][32] = the accumulators of one panel, or += with `accumulate`
template <int ROWS>
inline void store_accumulators(const float* acc, bool accumulate, float* out) {
    for (int r = 0; r < ROWS; ++r) {
        for (int w = 0; w < WEIGHT_PAIRS; w += 2) {
            const float* from = acc + (r / 2 * WEIGHT_PAIRS + w) * 4 + r % 2 * 2;
            float* to = out + r * 32 + w * 2;
            const F32 four = vcombine_f32(vld1_f32(from), vld1_f32(from + 4));
            store(to, accumulate ? add(load(to), four) : four);
        }
    }
}

template <int ROWS>
inline void multiply_rows(const Tile& t) {
    constexpr int ACCUMULATORS = PAIRS<ROWS> * WEIGHT_PAIRS * 4;  // of one panel
    float acc[2 * ACCUMULATORS];
    for (int i = 0; i < t.panels * ACCUMULATORS; i += LANES) store(acc + i, all(0.f));
    const auto* x = static_cast<const int8_t*>(t.x);
    const uint8_t* block = t.weights;
    for (int64_t b = 0; b < t.blocks; ++b, x += ROWS * K_BLOCK) {
        for (int p = 0; p < t.panels; ++p, block += BLOCK_BYTES) {
            int32x4_t dot[PAIRS<ROWS>][WEIGHT_PAIRS];
            multiply_block<ROWS>(block, x, dot);
            add_block<ROWS>(block + ELEMENTS_BYTES, t.x_scales + b * ROWS, dot,
                            acc + p * ACCUMULATORS);
        }
    }
    for (int p = 0; p < t.panels; ++p)
        store_accumulators<ROWS>(acc + p * ACCUMULATORS, t.accumulate, t.out + p * 16);
}

template <int ROWS>
void multiply(const Tile& t) {
    if (t.rows == ROWS) return multiply_rows<ROWS>(t);
    if constexpr (ROWS > 1) multiply<ROWS - 1>(t);
}

double peak(int64_t rounds) {
    constexpr int ACCUMULATORS = 16;  // enough to hide the latency
    int32x4_t sum[ACCUMULATORS];
#pragma GCC unroll 16
    for (int i = 0; i < ACCUMULATORS; ++i) sum[i] = vdupq_n_s32(0);
    const int8x16_t a = vdupq_n_s8(1);
    for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
        for (int i = 0; i < ACCUMULATORS; ++i) {
            sum[i] = vmmlaq_s32(sum[i], a, a);
            asm volatile("" : "+w"(sum[i]));  // else it is hoisted out of the loop
        }
    }
    return static_cast<double>(rounds) * ACCUMULATORS * 32 * 2;
}

constexpr Kernel kernel(WeightBytes bytes, void (*widen)(const uint8_t*, int, int64_t, uint8_t*)) {
    return {.name = "neon-i8mm",
            .activations = ActivationType::I8x8,
            .tile_rows = TILE_ROWS,
            .multiply = multiply<TILE_ROWS>,
            .pack = pack_i8<8>,
            .normalise = normalise,
            .gelu = gelu,
            .peak = peak,
            .weight_bytes = bytes,
            .widen = widen,
            .node_flops = 2e10};
}
constexpr Kernel Q8_0 = kernel(WeightBytes::Signed, widen<WeightStorage::Bytes>);
constexpr Kernel Q4_0 = kernel(WeightBytes::Unsigned, widen<WeightStorage::Nibbles>);

}  // namespace

const Kernel* neon_i8mm_q8_0() {
    return &Q8_0;
}
const Kernel* neon_i8mm_q4_0() {
    return &Q4_0;
}

}  // namespace paligemma

#else

namespace paligemma {
const Kernel* neon_i8mm_q8_0() {
    return nullptr;
}
const Kernel* neon_i8mm_q4_0() {
    return nullptr;
}
}  // namespace paligemma

#endif
