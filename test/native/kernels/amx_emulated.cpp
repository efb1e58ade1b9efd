// The AMX kernels with the tile instructions done in plain C++, as Intel's manual defines them,
// under other names: most CPUs lack AMX, and so the arithmetic around it is tested on those as
// well.
#if defined(__AMX_TILE__)
#include <immintrin.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

struct Config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};
thread_local Config config;
thread_local uint8_t tiles[8][16][64];

// Where the CPU would raise an exception.
void require(bool condition) {
    if (!condition) std::abort();
}
void load_config(const void* from) {
    std::memcpy(&config, from, sizeof(config));
    require(config.palette == 1);
    for (int t = 0; t < 8; ++t) {
        require(config.rows[t] <= 16 && config.row_bytes[t] <= 64);
        require((config.rows[t] == 0) == (config.row_bytes[t] == 0));
    }
    std::memset(tiles, 0, sizeof(tiles));
}
void release() {
    config = {};
}
void zero(int t) {
    require(config.rows[t] > 0);
    std::memset(tiles[t], 0, sizeof(tiles[t]));
}
void load(int t, const void* from, int64_t stride) {
    zero(t);
    for (int r = 0; r < config.rows[t]; ++r)
        std::memcpy(tiles[t][r], static_cast<const char*>(from) + r * stride, config.row_bytes[t]);
}
void store(int t, void* to, int64_t stride) {
    require(config.rows[t] > 0);
    for (int r = 0; r < config.rows[t]; ++r)
        std::memcpy(static_cast<char*>(to) + r * stride, tiles[t][r], config.row_bytes[t]);
}
float number(const uint8_t* bf16) {
    uint16_t half;
    std::memcpy(&half, bf16, 2);
    const uint32_t bits = uint32_t{half} << 16;
    float f;
    std::memcpy(&f, &bits, 4);
    return f;
}
// TDPBF16PS: the products of the even and of the odd numbers are summed apart, then together.
void multiply(int c, int a, int b) {
    require(config.rows[a] == config.rows[c] && config.row_bytes[b] == config.row_bytes[c]);
    require(config.row_bytes[a] == config.rows[b] * 4);
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

}  // namespace

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(from) load_config(from)
#define _tile_release() release()
#define _tile_zero(t) zero(t)
#define _tile_loadd(t, from, stride) load(t, from, stride)
#define _tile_stored(t, to, stride) store(t, to, stride)
#define _tile_dpbf16ps(c, a, b) ::multiply(c, a, b)
#endif

#define amx_bf16 emulated_amx_bf16
#define amx_q8_0 emulated_amx_q8_0
#define amx_q4_0 emulated_amx_q4_0
#include "kernels/amx.cpp"
