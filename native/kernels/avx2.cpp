// Products with AVX2, FMA and F16C. There is no instruction that multiplies bytes and sums in 32
// bits: the one that does it in 16 saturates with 8-bit weights.
// Q8_0: both sides as 16-bit numbers, two products and their sum per lane (VPMADDWD).
// Q4_0: unsigned nibbles by bytes in 16 bits (VPMADDUBSW). All 8 words of a block together reach at
// most 8 * 2 * 15 * 127 = 30480, so they are widened once per block.
// BF16: widened to f32, as activations are not rounded then.
#include "kernels/tile.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "kernels/avx2_tile.h"

namespace paligemma {
namespace {

// Two accumulators each: 8 of 16 registers, with 4 of widened weights; Q4_0 the same, as its
// weights take fewer but its sums stay in 16 bits next to the activations.
constexpr int I16_ROWS = 4;
constexpr int I8_ROWS = 4;
constexpr int BF16_ROWS = 6;

// sum + product, now: GCC would rather add the products of several words first, and for that put
// them on the stack.
inline __m256i add_now_i32(__m256i sum, __m256i product) {
    sum = _mm256_add_epi32(sum, product);
    asm volatile("" : "+x"(sum));
    return sum;
}
inline __m256i add_now_i16(__m256i sum, __m256i product) {
    sum = _mm256_add_epi16(sum, product);
    asm volatile("" : "+x"(sum));
    return sum;
}

template <int ROWS, int V>
inline void add_products(__m256i (&dot)[ROWS][V], const __m256i (&weights)[V], const int16_t* x) {
    for (int r = 0; r < ROWS; ++r) {
        const __m256i pair = broadcast(x + r * 2);
        for (int v = 0; v < V; ++v)
            dot[r][v] = add_now_i32(dot[r][v], _mm256_madd_epi16(weights[v], pair));
    }
}

struct Words {
    template <Nibbles N, int ROWS, int V, int PANELS>
    static void run(const uint8_t* block, const Tile& t, int64_t b, __m256i (&dot)[ROWS][V]) {
        const auto* x = static_cast<const int16_t*>(t.x) + b * ROWS * K_BLOCK;
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < V; ++v)
                dot[r][v] = _mm256_set1_epi32(-OFFSET<N> * t.x_sums[b * ROWS + r]);
        for (int64_t w = 0; w < WORDS; ++w, x += 4 * ROWS) {
            __m256i even[V], odd[V];
            for (int v = 0; v < V; ++v) {
                const __m256i bytes = weight_word<N, PANELS>(block, w, v);
                even[v] = _mm256_and_si256(bytes, _mm256_set1_epi16(0xff));
                odd[v] = _mm256_srli_epi16(bytes, 8);
            }
            add_products<ROWS, V>(dot, even, x);
            add_products<ROWS, V>(dot, odd, x + ROWS * 2);
        }
    }
};

struct Bytes {
    template <Nibbles N, int ROWS, int V, int PANELS>
    static void run(const uint8_t* block, const Tile& t, int64_t b, __m256i (&dot)[ROWS][V]) {
        static_assert(N == Nibbles::Yes, "8-bit weights overflow 16 bits");
        const auto* x = static_cast<const int8_t*>(t.x) + b * ROWS * K_BLOCK;
        for (int r = 0; r < ROWS; ++r)
            for (int v = 0; v < V; ++v) dot[r][v] = _mm256_setzero_si256();
        for (int64_t w = 0; w < WORDS; ++w, x += 4 * ROWS) {
            __m256i weights[V];
            for (int v = 0; v < V; ++v) weights[v] = weight_word<N, PANELS>(block, w, v);
            for (int r = 0; r < ROWS; ++r) {
                const __m256i q = broadcast(x + r * 4);
                for (int v = 0; v < V; ++v)
                    dot[r][v] = add_now_i16(dot[r][v], _mm256_maddubs_epi16(weights[v], q));
            }
        }
        for (int r = 0; r < ROWS; ++r) {
            const __m256i offset = _mm256_set1_epi32(-OFFSET<N> * t.x_sums[b * ROWS + r]);
            for (int v = 0; v < V; ++v)
                dot[r][v] =
                    _mm256_add_epi32(_mm256_madd_epi16(dot[r][v], _mm256_set1_epi16(1)), offset);
        }
    }
};

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

// `multiply_add(sum, a)` on enough registers to hide how long it takes.
template <typename MultiplyAdd>
inline double peak(int64_t rounds, int products, MultiplyAdd&& multiply_add) {
    constexpr int SUMS = 12;
    __m256i sum[SUMS];
#pragma GCC unroll 12
    for (int i = 0; i < SUMS; ++i) sum[i] = _mm256_setzero_si256();
    __m256i a = _mm256_set1_epi8(1);
    for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (int i = 0; i < SUMS; ++i) {
            asm volatile("" : "+x"(a));  // else it would be multiplied once for all rounds
            sum[i] = multiply_add(sum[i], a);
        }
    }
    return static_cast<double>(rounds) * SUMS * products * 2;
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

constexpr Kernel Q8_0{.name = "avx2",
                      .activations = ActivationType::I16,
                      .tile_rows = I16_ROWS,
                      .multiply = multiply<Words, Nibbles::No, I16_ROWS>,
                      .pack = pack_i16,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak_i16,
                      .node_flops = 2e10};
constexpr Kernel Q4_0{.name = "avx2",
                      .activations = ActivationType::I8,
                      .tile_rows = I8_ROWS,
                      .multiply = multiply<Bytes, Nibbles::Yes, I8_ROWS>,
                      .pack = pack_i8<4>,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak_i8,
                      .node_flops = 2e10};
constexpr Kernel BF16{.name = "avx2",
                      .activations = ActivationType::F32,
                      .tile_rows = BF16_ROWS,
                      .multiply = multiply_bf16<BF16_ROWS>,
                      .pack = pack_f32,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak_f32,
                      .node_flops = 1e10};

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
}  // namespace paligemma

#endif
