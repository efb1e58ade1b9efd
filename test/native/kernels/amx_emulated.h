// AMX's tile instructions in plain C++, as Intel's manual defines them, and the AMX kernels on top
// of them: most CPUs lack AMX. Each thread has tiles of its own. Where the CPU would raise an
// exception, the program prints what was wrong and aborts.
#pragma once
#include <cstdint>

#include "kernels/tile.h"

namespace paligemma {

// Null where this compiler has none of the types that the kernels are written in.
const Kernel* emulated_amx_bf16();
const Kernel* emulated_amx_q8_0();
const Kernel* emulated_amx_q4_0();

namespace emulated_tiles {

// 64 bytes each. What is stored is all zeros while no tiles are configured.
void load_config(const void* from);
void store_config(void* to);
void release();

void zero(int tile);
void load(int tile, const void* from, int64_t stride);
void store(int tile, void* to, int64_t stride);
void multiply_bf16(int c, int a, int b);

}  // namespace emulated_tiles
}  // namespace paligemma
