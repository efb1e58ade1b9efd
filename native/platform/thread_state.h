// CPU state of a thread that any library may change. We compute on libuv's threads, which all
// addons of the process share.
#pragma once
#include <cstdint>

namespace paligemma {

// Rounding mode, denormals as zero, which floating-point exceptions are signals, and which have
// been seen.
struct FloatState {
    uint64_t control = 0, status = 0;  // x86-64: MXCSR, and none
    bool operator==(const FloatState&) const = default;
};

// Of the calling thread.
FloatState float_state();
void set_float_state(const FloatState& state);

// While one exists, its thread computes as a new one does, so that answers depend on nothing else
// in the process: rounding to nearest, denormals kept, no exception as a signal. Its end restores
// what it found. Threads started meanwhile begin the same way: they inherit this (Linux) or get the
// system's default (others).
class FloatScope {
  public:
    FloatScope();
    ~FloatScope() { set_float_state(found_); }
    FloatScope(const FloatScope&) = delete;
    FloatScope& operator=(const FloatScope&) = delete;

  private:
    FloatState found_;
};

// Of AMX, with 64 bytes each.
struct TileInstructions {
    void (*store_config)(void* to);
    void (*load_config)(const void* from);  // all zeros: no tiles are configured
};
// This CPU's; null where it has none. Asks the system for AMX's registers, as has_amx().
const TileInstructions* tile_instructions();

// While one exists, its thread has the tile configuration that the previous one left: ggml's AMX
// kernels configure the tiles of a thread once and rely on that from then on. Its end restores what
// it found. No effect without AMX.
class TileScope {
  public:
    explicit TileScope(const TileInstructions* tiles = tile_instructions());
    ~TileScope();
    TileScope(const TileScope&) = delete;
    TileScope& operator=(const TileScope&) = delete;

  private:
    const TileInstructions* tiles_;
    alignas(64) unsigned char found_[64];
};

}  // namespace paligemma
