// Q8_0 and Q4_0 weights with SDOT: a dot product of four signed bytes per lane, accumulated in 32
// bits, with the other side broadcast from one lane (ARMv8.2: Cortex-A76, A78AE, Neoverse N1, Apple
// M1). Q8_0 weights stay signed. Nibbles have an offset of 8, undone with the sums of the
// activations' blocks.
#include "kernels/tile.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#include "kernels/neon_vector.h"
#include "kernels/vector_math.h"

namespace paligemma {
namespace {

constexpr int TILE_ROWS = 6;  // four accumulators each: 24 of 32 registers, with 4 of weights
constexpr int64_t WORDS = K_BLOCK / 4;
constexpr int VECTORS = 4;  // of a panel's 16 rows

// One word of activations of each row, four to a register.
template <int ROWS>
struct Activations {
    int8x16_t four;  // rows 0 to 3; with fewer than four rows, none
    int8x8_t two;    // the next two
    int8x8_t one;    // the last, if ROWS is odd
};
// Reads exactly ROWS * 4 bytes: the buffer may end there.
template <int ROWS>
inline Activations<ROWS> load_activations(const int8_t* x) {
    constexpr int FOURS = ROWS / 4 * 4;
    Activations<ROWS> a;
    if constexpr (FOURS > 0) a.four = vld1q_s8(x);
    if constexpr (ROWS % 4 >= 2) a.two = vld1_s8(x + FOURS * 4);
    if constexpr (ROWS % 2 == 1) {
        int32_t word;
        memcpy(&word, x + (ROWS - 1) * 4, 4);
        a.one = vreinterpret_s8_s32(vdup_n_s32(word));
    }
    return a;
}
template <int ROWS, int ROW>
inline int32x4_t dot_row(int32x4_t sum, int8x16_t weights, const Activations<ROWS>& x) {
    if constexpr (ROW < ROWS / 4 * 4)
        return vdotq_laneq_s32(sum, weights, x.four, ROW % 4);
    else if constexpr (ROWS % 2 == 1 && ROW == ROWS - 1)
        return vdotq_lane_s32(sum, weights, x.one, 0);
    else
        return vdotq_lane_s32(sum, weights, x.two, ROW % 2);
}

// dot[r][*] += weights * row r, for r from ROW on; recursive, as a lane index must be a constant.
template <int ROWS, int ROW = 0>
inline void dot_rows(int32x4_t (&dot)[ROWS][VECTORS], const int8x16_t (&weights)[VECTORS],
                     const Activations<ROWS>& x) {
    for (int v = 0; v < VECTORS; ++v) dot[ROW][v] = dot_row<ROWS, ROW>(dot[ROW][v], weights[v], x);
    if constexpr (ROW + 1 < ROWS) dot_rows<ROWS, ROW + 1>(dot, weights, x);
}

// dot += N_WORDS words of a panel's block x activations. PANELS panels are interleaved;
// `elements_of` extracts the elements from the bytes.
template <int64_t N_WORDS, int PANELS, int ROWS, typename ElementsOf>
inline void dot_words(const uint8_t* block, const int8_t* x, int32x4_t (&dot)[ROWS][VECTORS],
                      ElementsOf&& elements_of) {
#pragma GCC unroll 1  // else loads are hoisted and accumulators spilled
    for (int64_t w = 0; w < N_WORDS; ++w) {
        int8x16_t weights[VECTORS];
        for (int v = 0; v < VECTORS; ++v)
            weights[v] =
                vreinterpretq_s8_u8(elements_of(vld1q_u8(block + w * PANELS * 64 + v * 16)));
        dot_rows<ROWS>(dot, weights, load_activations<ROWS>(x + w * ROWS * 4));
    }
}

template <WeightStorage S>
constexpr int64_t ELEMENTS_BYTES = S == WeightStorage::Bytes ? 512 : 256;

// dot = weights x activations of block `b`; `block` is its address
template <WeightStorage S, int PANELS, int ROWS>
inline void multiply_block(const Tile& t, const uint8_t* block, int64_t b,
                           int32x4_t (&dot)[ROWS][VECTORS]) {
    const auto* x = static_cast<const int8_t*>(t.x) + b * ROWS * K_BLOCK;
    for (int r = 0; r < ROWS; ++r)
        for (int v = 0; v < VECTORS; ++v)
            dot[r][v] = vdupq_n_s32(S == WeightStorage::Bytes ? 0 : -8 * t.x_sums[b * ROWS + r]);
    if constexpr (S == WeightStorage::Bytes) {
        dot_words<WORDS, PANELS>(block, x, dot, [](uint8x16_t bytes) { return bytes; });
    } else {
        // Low nibbles are the first 16 elements of the block, high nibbles the rest: in two passes,
        // as there are no registers for both.
        dot_words<WORDS / 2, PANELS>(
            block, x, dot, [](uint8x16_t bytes) { return vandq_u8(bytes, vdupq_n_u8(0x0f)); });
        dot_words<WORDS / 2, PANELS>(block, x + WORDS / 2 * ROWS * 4, dot,
                                     [](uint8x16_t bytes) { return vshrq_n_u8(bytes, 4); });
    }
}

// out[rows][16] += dot * scales. Registers suffice for the integer accumulators only, so the float
// ones stay in L1; the asm barrier prevents hoisting.
template <int ROWS>
inline void add_block(const Tile& t, const uint8_t* scales, int64_t b,
                      const int32x4_t (&dot)[ROWS][VECTORS], float* out) {
    asm volatile("" ::: "memory");
    const float* x_scales = t.x_scales + b * ROWS;
#pragma GCC unroll 4  // else the accumulators are spilled
    for (int v = 0; v < VECTORS; ++v) {
        uint16_t halves[4];
        memcpy(halves, scales + v * 8, sizeof(halves));
        const F32 scale = load_f16(halves);
#pragma GCC unroll 6
        for (int r = 0; r < ROWS; ++r) {
            float* to = out + r * 32 + v * 4;
            const F32 scaled = mul(vcvtq_f32_s32(dot[r][v]), scale);
            store(to, fma(scaled, all(x_scales[r]), load(to)));
        }
    }
}

template <WeightStorage S, int ROWS, int PANELS>
inline void multiply_panels(const Tile& t) {
    if (!t.accumulate)
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < VECTORS * PANELS; ++v) store(t.out + r * 32 + v * 4, all(0.f));
    const uint8_t* block = t.weights;
    for (int64_t b = 0; b < t.blocks; ++b) {
        const uint8_t* scales = block + PANELS * ELEMENTS_BYTES<S>;
        for (int p = 0; p < PANELS; ++p) {
            int32x4_t dot[ROWS][VECTORS];
            multiply_block<S, PANELS>(t, block + p * 64, b, dot);
            add_block<ROWS>(t, scales + p * 32, b, dot, t.out + p * 16);
        }
        block = scales + PANELS * 32;
    }
}

template <WeightStorage S, int ROWS>
void multiply(const Tile& t) {
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) multiply<S, ROWS - 1>(t);
    } else if (t.panels == 2) {
        multiply_panels<S, ROWS, 2>(t);
    } else {
        multiply_panels<S, ROWS, 1>(t);
    }
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
            sum[i] = vdotq_s32(sum[i], a, a);
            asm volatile("" : "+w"(sum[i]));  // else it is hoisted out of the loop
        }
    }
    return static_cast<double>(rounds) * ACCUMULATORS * 16 * 2;
}

constexpr Kernel Q8_0{.name = "neon-dotprod",
                      .activations = ActivationType::I8,
                      .tile_rows = TILE_ROWS,
                      .multiply = multiply<WeightStorage::Bytes, TILE_ROWS>,
                      .pack = pack_i8<4>,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak,
                      .weight_bytes = WeightBytes::Signed,
                      .node_flops = 1e10};
constexpr Kernel Q4_0{.name = "neon-dotprod",
                      .activations = ActivationType::I8,
                      .tile_rows = TILE_ROWS,
                      .multiply = multiply<WeightStorage::Nibbles, TILE_ROWS>,
                      .pack = pack_i8<4>,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak,
                      .weight_bytes = WeightBytes::Unsigned,
                      .node_flops = 1e10};

}  // namespace

const Kernel* neon_dotprod_q8_0() {
    return &Q8_0;
}
const Kernel* neon_dotprod_q4_0() {
    return &Q4_0;
}

}  // namespace paligemma

#else

namespace paligemma {
const Kernel* neon_dotprod_q8_0() {
    return nullptr;
}
const Kernel* neon_dotprod_q4_0() {
    return nullptr;
}
}  // namespace paligemma

#endif
