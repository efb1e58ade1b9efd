// Force-included into ggml-cpu/amx/mmq.cpp and our own kernels/amx.cpp. GCC releases without the
// fix of PR 114098 (12.2 among them) do not declare which memory ldtilecfg and tileloadd read, so
// the optimiser moves the stores that fill the configuration after the load and the first AMX
// matmul crashes; nor that sttilecfg writes all of its operand. Can go when GCC 14 is the oldest
// compiler we support.
#pragma once
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#if defined(__AMX_TILE__)
static inline __attribute__((always_inline)) void paligemma_tile_loadconfig(const void* config) {
    struct config_memory {
        unsigned char bytes[64];
    };
    __asm__ volatile("ldtilecfg %0" : : "m"(*(const struct config_memory*)config) : "memory");
}
#define _tile_loadconfig(p) paligemma_tile_loadconfig(p)
static inline __attribute__((always_inline)) void paligemma_tile_storeconfig(void* config) {
    struct config_memory {
        unsigned char bytes[64];
    };
    __asm__ volatile("sttilecfg %0" : "=m"(*(struct config_memory*)config));
}
#define _tile_storeconfig(p) paligemma_tile_storeconfig(p)
#undef _tile_loadd
// The extra level lets a macro argument expand to its register index before it is stringified.
#define _tile_loadd(dst, base, stride) paligemma_tile_loadd(dst, base, stride)
#define paligemma_tile_loadd(dst, base, stride)                      \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #dst               \
                     :                                               \
                     : "r"((const void*)(base)), "r"((long)(stride)) \
                     : "memory")
#endif
#endif
