// BF16 and F16 weights widened to f32, with what every 64-bit ARM has: few multiply BF16, and where
// the CPU can, ggml accumulates F16 in f16, with 11 bits.
#include "kernels/tile.h"

#if defined(__aarch64__)
#include "kernels/neon_vector.h"
#include "kernels/vector_math.h"

namespace paligemma {
namespace {

constexpr int TILE_ROWS = 6;  // four accumulators each: 24 of 32 registers, with 4 of weights

constexpr Kernel BF16{.name = "neon",
                      .activations = ActivationType::F32,
                      .tile_rows = TILE_ROWS,
                      .multiply = multiply_f32<BF16Weights, TILE_ROWS>,
                      .pack = pack_f32,
                      .normalise = normalise,
                      .gelu = gelu,
                      .peak = peak_f32,
                      .node_flops = 3e9};
constexpr Kernel F16 = [] {
    Kernel f16 = BF16;
    f16.multiply = multiply_f32<F16Weights, TILE_ROWS>;
    return f16;
}();

}  // namespace

const Kernel* neon_bf16() {
    return &BF16;
}
const Kernel* neon_f16() {
    return &F16;
}

}  // namespace paligemma

#else

namespace paligemma {
const Kernel* neon_bf16() {
    return nullptr;
}
const Kernel* neon_f16() {
    return nullptr;
}
}  // namespace paligemma

#endif
