// BF16, Q8_0 and Q4_0 weights with AMX's TDPBF16PS: 16 rows of activations times 16 of weights over
// 32 elements of k in one instruction. Quantised weights are widened to BF16 once for all rows,
// which pays off with many: these are Kernel::for_many of the kernels for few.
#include "kernels/tile.h"

#if defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__AVX512F__) && \
    defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512BF16__)
#include <string.h>

#include "kernels/avx512_math.h"

namespace paligemma {
namespace {

constexpr int AMX_ROWS = 16;  // of an AMX tile, each of 64 bytes
constexpr int TILE_ROWS = 2 * AMX_ROWS;
constexpr int64_t ROW_BYTES = 64;
constexpr int64_t PAIRS = K_BLOCK / 2;

// What LDTILECFG reads.
struct alignas(64) TileConfig {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};
};

// Accumulators in tiles 0 to 3, activations in 4 and 5, weights in 6 and 7.
void configure(int first_rows, int second_rows) {
    TileConfig config;
    const int rows[] = {first_rows, first_rows,  second_rows, second_rows,
                        first_rows, second_rows, AMX_ROWS,    AMX_ROWS};
    for (int i = 0; i < 8; ++i) {
        config.rows[i] = static_cast<uint8_t>(rows[i]);
        config.row_bytes[i] = rows[i] > 0 ? ROW_BYTES : 0;
    }
    _tile_loadconfig(&config);
}

// Other code in the process uses the tiles too. ggml's AMX kernels configure them once per thread
// and rely on it from then on, so a thread must be left with the configuration it had.
void begin(SavedTiles& found) {
    _tile_storeconfig(found.bytes);
}
void end(const SavedTiles& found) {
    const bool configured = found.bytes[0] != 0;  // the palette
    if (configured)
        _tile_loadconfig(found.bytes);
    else
        _tile_release();
}

// More than 16 rows are two AMX tiles of them.
template <bool TWO, int PANELS>
void multiply_tiles(const Tile& t) {
    constexpr int64_t OUT_BYTES = 32 * sizeof(float);
    constexpr int64_t WEIGHTS_BYTES = PANELS * ROW_BYTES;
    const int first = TWO ? AMX_ROWS : t.rows;
    configure(first, t.rows - first);
    float *out = t.out, *second_out = t.out + AMX_ROWS * 32;
    if (t.accumulate) {
        _tile_loadd(0, out, OUT_BYTES);
        if constexpr (PANELS == 2) _tile_loadd(1, out + 16, OUT_BYTES);
        if constexpr (TWO) _tile_loadd(2, second_out, OUT_BYTES);
        if constexpr (TWO && PANELS == 2) _tile_loadd(3, second_out + 16, OUT_BYTES);
    } else {
        _tile_zero(0);
        if constexpr (PANELS == 2) _tile_zero(1);
        if constexpr (TWO) _tile_zero(2);
        if constexpr (TWO && PANELS == 2) _tile_zero(3);
    }
    const auto* x = static_cast<const uint8_t*>(t.x);
    const uint8_t* w = t.weights;
    for (int64_t b = 0; b < t.blocks; ++b, x += t.rows * ROW_BYTES, w += PAIRS * WEIGHTS_BYTES) {
        _tile_loadd(4, x, ROW_BYTES);
        _tile_loadd(6, w, WEIGHTS_BYTES);
        _tile_dpbf16ps(0, 4, 6);
        if constexpr (PANELS == 2) {
            _tile_loadd(7, w + ROW_BYTES, WEIGHTS_BYTES);
            _tile_dpbf16ps(1, 4, 7);
        }
        if constexpr (TWO) {
            _tile_loadd(5, x + AMX_ROWS * ROW_BYTES, ROW_BYTES);
            _tile_dpbf16ps(2, 5, 6);
        }
        if constexpr (TWO && PANELS == 2) _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, out, OUT_BYTES);
    if constexpr (PANELS == 2) _tile_stored(1, out + 16, OUT_BYTES);
    if constexpr (TWO) _tile_stored(2, second_out, OUT_BYTES);
    if constexpr (TWO && PANELS == 2) _tile_stored(3, second_out + 16, OUT_BYTES);
}

void multiply(const Tile& t) {
    if (t.rows > AMX_ROWS)
        t.panels == 2 ? multiply_tiles<true, 2>(t) : multiply_tiles<true, 1>(t);
    else
        t.panels == 2 ? multiply_tiles<false, 2>(t) : multiply_tiles<false, 1>(t);
}

// Byte `i` of each lane of packed Q8_0 or nibble 2 i + `high` of Q4_0, times the scale of its row:
// the weights.
inline __m512 widened(__m512i words, int shift, int32_t mask, __m512 scale, __m512 offset) {
    const __m512i q = _mm512_and_si512(_mm512_srli_epi32(words, shift), _mm512_set1_epi32(mask));
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(q), scale, offset);
}

// Kernel::widen: packed Q8_0 (4 bits: no) or Q4_0 into packed BF16.
template <bool FOUR_BITS, int PANELS>
void widen_panels(const uint8_t* block, int64_t blocks, uint8_t* out) {
    constexpr int64_t STORED_WORDS = FOUR_BITS ? 4 : 8, WORDS = 8;
    constexpr int64_t ELEMENTS_BYTES = STORED_WORDS * PANELS * ROW_BYTES;
    constexpr int32_t MASK = FOUR_BITS ? 0x0f : 0xff;
    // Interleaves the elements of two registers.
    alignas(64) uint16_t order[32];
    for (int i = 0; i < 32; ++i) order[i] = static_cast<uint16_t>(i / 2 + i % 2 * 16);
    const __m512i pairs = _mm512_load_si512(order);
    for (int64_t b = 0; b < blocks; ++b, block += ELEMENTS_BYTES + PANELS * 32) {
        for (int p = 0; p < PANELS; ++p) {
            const __m512 scale = _mm512_cvtph_ps(_mm256_loadu_si256(
                reinterpret_cast<const __m256i*>(block + ELEMENTS_BYTES + p * 32)));
            // Undoes the offset of 8 or 128; exact.
            const __m512 offset = _mm512_mul_ps(scale, _mm512_set1_ps(FOUR_BITS ? -8.f : -128.f));
            for (int64_t w = 0; w < WORDS; ++w) {
                const __m512i words =
                    _mm512_loadu_si512(block + (w % STORED_WORDS * PANELS + p) * ROW_BYTES);
                const int high = w < STORED_WORDS ? 0 : 4;
                for (int pair = 0; pair < 2; ++pair) {
                    const __m512 a = widened(words, pair * 16 + high, MASK, scale, offset);
                    const __m512 c = widened(words, pair * 16 + 8 + high, MASK, scale, offset);
                    const __m512bh both = _mm512_cvtne2ps_pbh(c, a);
                    __m512i bits;
                    memcpy(&bits, &both, sizeof(bits));
                    _mm512_storeu_si512(out + ((b * PAIRS + w * 2 + pair) * PANELS + p) * ROW_BYTES,
                                        _mm512_permutexvar_epi16(pairs, bits));
                }
            }
        }
    }
}

template <bool FOUR_BITS>
void widen(const uint8_t* weights, int panels, int64_t blocks, uint8_t* out) {
    panels == 2 ? widen_panels<FOUR_BITS, 2>(weights, blocks, out)
                : widen_panels<FOUR_BITS, 1>(weights, blocks, out);
}

void pack(const float* x, int64_t stride, int rows, int64_t k, void* out, float*, int32_t*) {
    auto* into = static_cast<uint8_t*>(out);
    for (int64_t b = 0; b < k / K_BLOCK; ++b) {
        for (int r = 0; r < rows; ++r, into += ROW_BYTES) {
            const float* from = x + r * stride + b * K_BLOCK;
            const __m512bh both =
                _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + 16), _mm512_loadu_ps(from));
            memcpy(into, &both, sizeof(both));
        }
    }
}

double peak(int64_t rounds) {
    SavedTiles found;
    begin(found);
    configure(AMX_ROWS, AMX_ROWS);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
    for (int64_t round = 0; round < rounds; ++round) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    end(found);
    return static_cast<double>(rounds) * 4 * AMX_ROWS * 16 * K_BLOCK * 2;
}

constexpr Kernel kernel(void (*widen)(const uint8_t*, int, int64_t, uint8_t*)) {
    Kernel k{"amx-bf16", ActivationType::BF16Rows, TILE_ROWS, multiply, pack, normalise, gelu,
             peak};
    k.widen = widen;
    k.begin = begin;
    k.end = end;
    k.node_flops = 1e11;
    return k;
}
constexpr Kernel BF16 = kernel(nullptr), Q8_0 = kernel(widen<false>), Q4_0 = kernel(widen<true>);

}  // namespace

const Kernel* amx_bf16() {
    return &BF16;
}
const Kernel* amx_q8_0() {
    return &Q8_0;
}
const Kernel* amx_q4_0() {
    return &Q4_0;
}

}  // namespace paligemma

#else

namespace paligemma {
const Kernel* amx_bf16() {
    return nullptr;
}
const Kernel* amx_q8_0() {
    return nullptr;
}
const Kernel* amx_q4_0() {
    return nullptr;
}
}  // namespace paligemma

#endif
