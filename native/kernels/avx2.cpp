// Matmuls with AVX2, FMA and F16C. AVX2 has no byte dot product with 32-bit accumulators, and the
// one with 16-bit accumulators saturates with 8-bit weights.
// Q8_0: both sides as 16-bit integers, VPMADDWD. With many rows the weights are widened once for
// all of them.
// Q4_0: unsigned nibbles, unpacked once for many rows, times bytes in 16 bits (VPMADDUBSW). The 8
// words of a block add up to at most 8 * 2 * 15 * 127 = 30480, so one widening per block is enough.
// BF16: widened to f32, which leaves the activations unrounded.
#include "kernels/tile.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "kernels/avx2_tile.h"

namespace paligemma {
namespace {

// Two accumulators each: 8 of 16 registers, and 4 for widened weights. Q4_0 the same: its weights
// take fewer, but its 16-bit accumulators need registers next to the activations.
constexpr int I16_ROWS = 4;
constexpr int WIDE_ROWS = 6;  // 12 registers, with 2 of weights
constexpr int I8_ROWS = 4;
constexpr int F32_ROWS = 6;

// sum + term, now: GCC would add the terms of several words first and spill them to the stack.
inline __m256i add_now_i32(__m256i sum, __m256i term) {
    sum = _mm256_add_epi32(sum, term);
    asm volatile("" : "+x"(sum));
    return sum;
}
inline __m256i add_now_i16(__m256i sum, __m256i term) {
    sum = _mm256_add_epi16(sum, term);
    asm volatile("" : "+x"(sum));
    return sum;
}

template <int ROWS, int V>
inline void add_words(__m256i (&dot)[ROWS][V], const __m256i (&weights)[V], const int16_t* x) {
    for (int r = 0; r < ROWS; ++r) {
        const __m256i pair = broadcast(x + r * 2);
        for (int v = 0; v < V; ++v)
            dot[r][v] = add_now_i32(dot[r][v], _mm256_madd_epi16(weights[v], pair));
    }
}

struct Words {
    template <WeightStorage S, int ROWS, int V, int PANELS>
    static void run(const uint8_t* block, const Tile& t, int64_t b, __m256i (&dot)[ROWS][V]) {
        const auto* x = static_cast<const int16_t*>(t.x) + b * ROWS * K_BLOCK;
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < V; ++v)
                dot[r][v] = _mm256_set1_epi32(-OFFSET<S> * t.x_sums[b * ROWS + r]);
        for (int64_t w = 0; w < WORDS; ++w, x += 4 * ROWS) {
            __m256i even[V], odd[V];
            for (int v = 0; v < V; ++v) {
                const __m256i bytes = weight_word<S, PANELS>(block, w, v);
                even[v] = _mm256_and_si256(bytes, _mm256_set1_epi16(0xff));
                odd[v] = _mm256_srli_epi16(bytes, 8);
            }
            add_words<ROWS, V>(dot, even, x);
            add_words<ROWS, V>(dot, odd, x + ROWS * 2);
        }
    }
};

struct Bytes {
    template <WeightStorage S, int ROWS, int V, int PANELS>
    static void run(const uint8_t* block, const Tile& t, int64_t b, __m256i (&dot)[ROWS][V]) {
        static_assert(S != WeightStorage::Bytes, "8-bit weights overflow 16 bits");
        const auto* x = static_cast<const int8_t*>(t.x) + b * ROWS * K_BLOCK;
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < V; ++v) dot[r][v] = _mm256_setzero_si256();
        for (int64_t w = 0; w < WORDS; ++w, x += 4 * ROWS) {
            __m256i weights[V];
            for (int v = 0; v < V; ++v) weights[v] = weight_word<S, PANELS>(block, w, v);
            for (int r = 0; r < ROWS; ++r) {
                const __m256i q = broadcast(x + r * 4);
                for (int v = 0; v < V; ++v)
                    dot[r][v] = add_now_i16(dot[r][v], _mm256_maddubs_epi16(weights[v], q));
            }
        }
        for (int r = 0; r < ROWS; ++r) {
            const __m256i offset = _mm256_set1_epi32(-OFFSET<S> * t.x_sums[b * ROWS + r]);
            for (int v = 0; v < V; ++v)
                dot[r][v] =
                    _mm256_add_epi32(_mm256_madd_epi16(dot[r][v], _mm256_set1_epi16(1)), offset);
        }
    }
};

// Q8_0 weights for many rows: [blocks] of [16 pairs of elements][P][16 rows][2] in 16 bits, in the
// order of ActivationType::I16, and [P][16] f32 scales.
template <int PANELS>
constexpr int64_t WIDE_ELEMENTS_BYTES = PANELS * 1024;
template <int PANELS>
constexpr int64_t WIDE_BYTES = WIDE_ELEMENTS_BYTES<PANELS> + PANELS * 64;

template <int PANELS>
void widen_panels(const uint8_t* block, int64_t blocks, uint8_t* out) {
    const __m256i offset = _mm256_set1_epi16(OFFSET<WeightStorage::Bytes>);
    const auto keep = [&](uint8_t* to, __m256i words) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_sub_epi16(words, offset));
    };
    for (int64_t b = 0; b < blocks; ++b, out += WIDE_BYTES<PANELS>) {
        uint8_t* to = out;
        for (int64_t w = 0; w < WORDS; ++w, to += PANELS * 128) {
            for (int v = 0; v < 2 * PANELS; ++v) {
                const __m256i bytes = weight_word<WeightStorage::Bytes, PANELS>(block, w, v);
                keep(to + v * 32, _mm256_and_si256(bytes, _mm256_set1_epi16(0xff)));
                keep(to + PANELS * 64 + v * 32, _mm256_srli_epi16(bytes, 8));
            }
        }
        block += PANELS * ELEMENTS_BYTES<WeightStorage::Bytes>;
        for (int v = 0; v < 2 * PANELS; ++v, block += 16)
            store(reinterpret_cast<float*>(to) + v * 8,
                  load_f16(reinterpret_cast<const uint16_t*>(block)));
    }
}

void widen(const uint8_t* weights, int panels, int64_t blocks, uint8_t* out) {
    panels == 2 ? widen_panels<2>(weights, blocks, out) : widen_panels<1>(weights, blocks, out);
}

// Q4_0 weights for many rows: as Q8_0 weights are packed, each + 8.
template <int PANELS>
void unpack_nibbles_panels(const uint8_t* block, int64_t blocks, uint8_t* out) {
    for (int64_t b = 0; b < blocks; ++b) {
        for (int64_t w = 0; w < WORDS; ++w)
            for (int v = 0; v < 2 * PANELS; ++v, out += 32)
                _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                                    weight_word<WeightStorage::Nibbles, PANELS>(block, w, v));
        block += PANELS * ELEMENTS_BYTES<WeightStorage::Nibbles>;
        memcpy(out, block, PANELS * 32);
        block += PANELS * 32;
        out += PANELS * 32;
    }
}

void unpack_nibbles(const uint8_t* weights, int panels, int64_t blocks, uint8_t* out) {
    panels == 2 ? unpack_nibbles_panels<2>(weights, blocks, out)
                : unpack_nibbles_panels<1>(weights, blocks, out);
}

template <int ROWS, int PANELS>
inline void multiply_wide_panels(const Tile& t) {
    if (!t.accumulate)
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < 2 * PANELS; ++v) store(t.out + r * 32 + v * 8, all(0.f));
    for (int64_t b = 0; b < t.blocks; ++b) {
        const uint8_t* block = t.weights + b * WIDE_BYTES<PANELS>;
        const auto* scales = reinterpret_cast<const float*>(block + WIDE_ELEMENTS_BYTES<PANELS>);
        for (int p = 0; p < PANELS; ++p) {
            const auto* x = static_cast<const int16_t*>(t.x) + b * ROWS * K_BLOCK;
            __m256i dot[ROWS][2];
            for (int r = 0; r < ROWS; ++r) dot[r][0] = dot[r][1] = _mm256_setzero_si256();
            for (int64_t w = 0; w < K_BLOCK / 2; ++w, x += 2 * ROWS) {
                const uint8_t* at = block + (w * PANELS + p) * 64;
                const __m256i weights[2] = {load_bytes(at), load_bytes(at + 32)};
                add_words<ROWS, 2>(dot, weights, x);
            }
            const auto scale_of = [&](int v) { return load(scales + p * 16 + v * 8); };
            add_block<ROWS, 2>(t, b, scale_of, dot, t.out + p * 16);
        }
    }
}

template <int ROWS>
void multiply_wide(const Tile& t) {
    if (t.rows != ROWS) {
        if constexpr (ROWS > 1) multiply_wide<ROWS - 1>(t);
    } else if (t.panels == 2) {
        multiply_wide_panels<ROWS, 2>(t);
    } else {
        multiply_wide_panels<ROWS, 1>(t);
    }
}

// One function per kernel: kernels that share a pack function must have the same tile_rows.
template <int TILE_ROWS>
void pack_i16(const float* x, int64_t stride, int rows, int64_t k, void* out, float* scales,
              int32_t* sums) {
    auto* to = static_cast<int16_t*>(out);
    for (int64_t b = 0; b < k / K_BLOCK; ++b, to += rows * K_BLOCK) {
        for (int r = 0; r < rows; ++r) {
            int8_t q[K_BLOCK];
            scales[b * rows + r] =
                quantise_block(x + r * stride + b * K_BLOCK, q, sums + b * rows + r);
            for (int64_t w = 0; w < WORDS; ++w) {
                int16_t* word = to + (w * 2 * rows + r) * 2;
                word[0] = q[w * 4];
                word[1] = q[w * 4 + 2];
                word[rows * 2] = q[w * 4 + 1];
                word[rows * 2 + 1] = q[w * 4 + 3];
            }
        }
    }
}

void pack_i8_wide(const float* x, int64_t stride, int rows, int64_t k, void* out, float* scales,
                  int32_t* sums) {
    pack_i8<4>(x, stride, rows, k, out, scales, sums);
}

// `multiply_add(sum, a)` on enough registers to hide its latency.
template <typename MultiplyAdd>
inline double peak(int64_t rounds, int multiplications, MultiplyAdd&& multiply_add) {
    constexpr int ACCUMULATORS = 12;
    __m256i sum[ACCUMULATORS];
#pragma GCC unroll 12
    for (int i = 0; i < ACCUMULATORS; ++i) sum[i] = _mm256_setzero_si256();
    __m256i a = _mm256_set1_epi8(1);
    for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (int i = 0; i < ACCUMULATORS; ++i) {
            asm volatile("" : "+x"(a));  // else it is hoisted out of the loop
            sum[i] = multiply_add(sum[i], a);
        }
    }
    return static_cast<double>(rounds) * ACCUMULATORS * multiplications * 2;
}
double peak_i16(int64_t rounds) {
    return peak(rounds, 16,
                [](__m256i sum, __m256i a) { return add_now_i32(sum, _mm256_madd_epi16(a, a)); });
}
double peak_i8(int64_t rounds) {
    return peak(rounds, 32, [](__m256i sum, __m256i a) {
        return add_now_i16(sum, _mm256_maddubs_epi16(a, a));
    });
}

constexpr Kernel Q8_0_WIDE{.name = "avx2",
                           .activations = ActivationType::I16,
                           .tile_rows = WIDE_ROWS,
                           .multiply = multiply_wide<WIDE_ROWS>,
                           .pack = pack_i16<WIDE_ROWS>,
                           .normalise = normalise,
                           .gelu = gelu,
                           .peak = peak_i16,
                           .widen = widen,
                           .node_flops = 2e10};
constexpr Kernel Q8_0{.name = "avx2",
                      .activations = ActivationType::I16,
                      .tile_rows = I16_ROWS,
                      .multiply = multiply<Words, WeightStorage::Bytes, I16_ROWS>,
                      .pack = pack_i16<I16_ROWS>,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak_i16,
                      .for_many = &Q8_0_WIDE,
                      .node_flops = 2e10};
constexpr Kernel Q4_0_UNPACKED{
    .name = "avx2",
    .activations = ActivationType::I8,
    .tile_rows = WIDE_ROWS,
    .multiply = multiply<Bytes, WeightStorage::UnpackedNibbles, WIDE_ROWS>,
    .pack = pack_i8_wide,
    .normalise = normalise,
    .gelu = gelu,
    .peak = peak_i8,
    .widen = unpack_nibbles,
    .node_flops = 2e10};
constexpr Kernel Q4_0{.name = "avx2",
                      .activations = ActivationType::I8,
                      .tile_rows = I8_ROWS,
                      .multiply = multiply<Bytes, WeightStorage::Nibbles, I8_ROWS>,
                      .pack = pack_i8<4>,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak_i8,
                      .for_many = &Q4_0_UNPACKED,
                      .node_flops = 2e10};
constexpr Kernel BF16{.name = "avx2",
                      .activations = ActivationType::F32,
                      .tile_rows = F32_ROWS,
                      .multiply = multiply_f32<BF16Weights, F32_ROWS>,
                      .pack = pack_f32,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak_f32,
                      .node_flops = 1e10};
constexpr Kernel F16 = [] {
    Kernel f16 = BF16;
    f16.multiply = multiply_f32<F16Weights, F32_ROWS>;
    return f16;
}();

}  // namespace

const Kernel* avx2_q8_0() {
    return &Q8_0;
}
const Kernel* avx2_q4_0() {
    return &Q4_0;
}
const Kernel* avx2_bf16() {
    return &BF16;
}
const Kernel* avx2_f16() {
    return &F16;
}

}  // namespace paligemma

#else

namespace paligemma {
const Kernel* avx2_q8_0() {
    return nullptr;
}
const Kernel* avx2_q4_0() {
    return nullptr;
}
const Kernel* avx2_bf16() {
    return nullptr;
}
const Kernel* avx2_f16() {
    return nullptr;
}
}  // namespace paligemma

#endif
