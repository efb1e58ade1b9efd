#include "platform/thread_state.h"

#include <cstring>

#include "platform/cpu.h"

#if defined(__x86_64__) || defined(_M_X64)
#define X86_64
#include <immintrin.h>
#endif

namespace paligemma {

namespace {

#ifdef X86_64
constexpr FloatState NEW_THREAD{.control = 0x1f80};  // all exceptions masked, none seen
#else
constexpr FloatState NEW_THREAD{};
#endif

#if defined(X86_64) && defined(__GNUC__) && defined(__linux__)
// In the words of the assembler: this file is compiled for any x86-64.
void store_tile_config(unsigned char (&to)[64]) {
    asm volatile("sttilecfg %0" : "=m"(to));
}
void load_tile_config(const unsigned char (&from)[64]) {
    const bool configured = from[0] != 0;  // the palette
    if (configured)
        asm volatile("ldtilecfg %0" : : "m"(from));
    else
        asm volatile("tilerelease");
}
#else  // has_amx() is false
void store_tile_config(unsigned char (&)[64]) {}
void load_tile_config(const unsigned char (&)[64]) {}
#endif

thread_local unsigned char ggml_tiles[64];

}  // namespace

FloatState float_state() {
    FloatState state;
#if defined(X86_64)
    state.control = _mm_getcsr();
#elif defined(__aarch64__) && defined(__GNUC__)
    asm volatile("mrs %0, fpcr" : "=r"(state.control));
    asm volatile("mrs %0, fpsr" : "=r"(state.status));
#endif
    return state;
}

void set_float_state(const FloatState& state) {
#if defined(X86_64)
    _mm_setcsr(static_cast<unsigned>(state.control));
#elif defined(__aarch64__) && defined(__GNUC__)
    asm volatile("msr fpcr, %0" : : "r"(state.control));
    asm volatile("msr fpsr, %0" : : "r"(state.status));
#else
    (void)state;
#endif
}

FloatScope::FloatScope() : found_(float_state()) {
    set_float_state(NEW_THREAD);
}

TileScope::TileScope() {
    if (!has_amx()) return;
    store_tile_config(found_);
    if (std::memcmp(found_, ggml_tiles, sizeof(found_)) != 0) load_tile_config(ggml_tiles);
}

TileScope::~TileScope() {
    if (!has_amx()) return;
    store_tile_config(ggml_tiles);
    if (std::memcmp(found_, ggml_tiles, sizeof(found_)) != 0) load_tile_config(found_);
}

}  // namespace paligemma
