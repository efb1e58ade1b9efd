// Attention in f32 with NEON.
#include "kernels/attention_tile.h"

#if defined(__aarch64__)
#include "kernels/neon_vector.h"
#include "kernels/vector_attention.h"

namespace paligemma {

const AttentionKernel* neon_attention() {
    static constexpr AttentionKernel KERNEL{"neon", ATTENTION_ROWS, add_tile<ATTENTION_ROWS>,
                                            DECODE_HEADS, decode_tile<DECODE_HEADS>};
    return &KERNEL;
}

}  // namespace paligemma

#else

namespace paligemma {
const AttentionKernel* neon_attention() {
    return nullptr;
}
}  // namespace paligemma

#endif
