#include "kernels/amx_emulated.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace paligemma::emulated_tiles {

namespace {

struct Config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};
static_assert(sizeof(Config) == 64);

thread_local Config config;
thread_local uint8_t tiles[8][16][64];

void require(bool condition, const char* instruction, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "%s: %s\n", instruction, what);
    std::abort();
}
void require_configured(int t, const char* instruction) {
    require(config.palette == 1, instruction, "no tiles are configured (illegal instruction)");
    require(config.rows[t] > 0, instruction, "this tile is not configured (illegal instruction)");
}
float number(const uint8_t* bf16) {
    uint16_t half;
    std::memcpy(&half, bf16, 2);
    const uint32_t bits = uint32_t{half} << 16;
    float f;
    std::memcpy(&f, &bits, 4);
    return f;
}

}  // namespace

void load_config(const void* from) {
    Config c;
    std::memcpy(&c, from, sizeof(c));
    std::memset(tiles, 0, sizeof(tiles));
    if (c.palette == 0) return release();
    constexpr const char* LDTILECFG = "ldtilecfg";
    require(c.palette == 1, LDTILECFG, "unknown palette (general protection fault)");
    for (int t = 0; t < 16; ++t) {
        require(c.rows[t] <= 16 && c.row_bytes[t] <= 64, LDTILECFG, "a tile is too large");
        require((c.rows[t] == 0) == (c.row_bytes[t] == 0), LDTILECFG, "half a tile");
        require(t < 8 || c.rows[t] == 0, LDTILECFG, "there are eight tiles");
    }
    config = c;
}
void store_config(void* to) {
    std::memcpy(to, &config, sizeof(config));
}
void release() {
    config = {};
    std::memset(tiles, 0, sizeof(tiles));
}
void zero(int t) {
    require_configured(t, "tilezero");
    std::memset(tiles[t], 0, sizeof(tiles[t]));
}
void load(int t, const void* from, int64_t stride) {
    require_configured(t, "tileloadd");
    std::memset(tiles[t], 0, sizeof(tiles[t]));
    for (int r = 0; r < config.rows[t]; ++r)
        std::memcpy(tiles[t][r], static_cast<const char*>(from) + r * stride, config.row_bytes[t]);
}
void store(int t, void* to, int64_t stride) {
    require_configured(t, "tilestored");
    for (int r = 0; r < config.rows[t]; ++r)
        std::memcpy(static_cast<char*>(to) + r * stride, tiles[t][r], config.row_bytes[t]);
}
// TDPBF16PS: even and odd elements have separate accumulators, added at the end.
void multiply_bf16(int c, int a, int b) {
    constexpr const char* TDPBF16PS = "tdpbf16ps";
    for (int t : {a, b, c}) require_configured(t, TDPBF16PS);
    require(config.rows[a] == config.rows[c] && config.row_bytes[b] == config.row_bytes[c] &&
                config.row_bytes[a] == config.rows[b] * 4,
            TDPBF16PS, "the tiles do not fit one another (illegal instruction)");
    for (int m = 0; m < config.rows[c]; ++m) {
        for (int n = 0; n < config.row_bytes[c] / 4; ++n) {
            float sum[2] = {0, 0};
            for (int k = 0; k < config.rows[b]; ++k)
                for (int i = 0; i < 2; ++i)
                    sum[i] +=
                        number(tiles[a][m] + k * 4 + i * 2) * number(tiles[b][k] + n * 4 + i * 2);
            float total;
            std::memcpy(&total, tiles[c][m] + n * 4, 4);
            total += sum[0] + sum[1];
            std::memcpy(tiles[c][m] + n * 4, &total, 4);
        }
    }
}

}  // namespace paligemma::emulated_tiles

// The kernels are compiled once more, under other names, to those tiles and to vectors of 512 bits
// as plain loops. This file may not be compiled for AVX-512, or the compiler would use it.
#if defined(__x86_64__) && defined(__GNUC__)
#include "kernels/avx512_emulated.h"

#define __AMX_TILE__ 1
#define __AMX_BF16__ 1
#undef _tile_loadconfig
#undef _tile_storeconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stream_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(from) emulated_tiles::load_config(from)
#define _tile_storeconfig(to) emulated_tiles::store_config(to)
#define _tile_release() emulated_tiles::release()
#define _tile_zero(t) emulated_tiles::zero(t)
#define _tile_loadd(t, from, stride) emulated_tiles::load(t, from, stride)
#define _tile_stream_loadd(t, from, stride) emulated_tiles::load(t, from, stride)
#define _tile_stored(t, to, stride) emulated_tiles::store(t, to, stride)
#define _tile_dpbf16ps(c, a, b) emulated_tiles::multiply_bf16(c, a, b)
#endif

#define amx_bf16 emulated_amx_bf16
#define amx_q8_0 emulated_amx_q8_0
#define amx_q4_0 emulated_amx_q4_0
#include "kernels/amx.cpp"
