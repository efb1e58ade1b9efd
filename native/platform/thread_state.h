// What a thread keeps from one instruction to the next, whichever library sets it. The threads that
// we compute on are libuv's, so all addons of the process use them in turn.
#pragma once
#include <cstdint>

namespace paligemma {

// How floating-point numbers are rounded, whether denormal ones count as zero, which exceptions are
// signals, and which have been seen.
struct FloatState {
    uint64_t control = 0, status = 0;  // x86-64: MXCSR, and none
    bool operator==(const FloatState&) const = default;
};

// Of the calling thread.
FloatState float_state();
void set_float_state(const FloatState& state);

// While one exists, its thread computes as a new one does, so that answers depend on nothing else
// in the process: numbers are rounded to nearest, denormal ones count, and no exception is a
// signal. In the end all of it is as it was found. Threads that are started meanwhile begin in the
// same way: with what this one has (Linux), or with what the system sets (others).
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

// While one exists, its thread has the tile configuration with which the last one left it: ggml's
// AMX kernels configure the tiles of a thread once and rely on that from then on. In the end it is
// as it was found. Without instructions nothing happens.
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
