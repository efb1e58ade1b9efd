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

#if defined(X86_64) && defined(__GNUC__)
// Inline assembly, as this file is compiled for any x86-64.
struct TileConfig {
    unsigned char bytes[64];  // the palette first
};
void store_config(void* to) {
    asm volatile("sttilecfg %0" : "=m"(*static_cast<TileConfig*>(to)));
}
void load_config(const void* from) {
    const auto& config = *static_cast<const TileConfig*>(from);
    if (config.bytes[0] != 0)
        asm volatile("ldtilecfg %0" : : "m"(config));
    else
        asm volatile("tilerelease");
}
constexpr TileInstructions AMX{store_config, load_config};
#endif

thread_local unsigned char left_by_us[64];

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

const TileInstructions* tile_instructions() {
#if defined(X86_64) && defined(__GNUC__)
    if (has_amx()) return &AMX;
#endif
    return nullptr;
}

TileScope::TileScope(const TileInstructions* tiles) : tiles_(tiles) {
    if (tiles_ == nullptr) return;
    tiles_->store_config(found_);
    if (std::memcmp(found_, left_by_us, sizeof(found_)) != 0) tiles_->load_config(left_by_us);
}

TileScope::~TileScope() {
    if (tiles_ == nullptr) return;
    tiles_->store_config(left_by_us);
    if (std::memcmp(found_, left_by_us, sizeof(found_)) != 0) tiles_->load_config(found_);
}

}  // namespace paligemma
