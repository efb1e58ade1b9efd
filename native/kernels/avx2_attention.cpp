// Attention in f32 with AVX2, FMA and F16C.
#include "kernels/attention_tile.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "kernels/avx2_vector.h"
#include "kernels/vector_attention.h"

namespace paligemma {

const AttentionKernel* avx2_attention() {
    static constexpr AttentionKernel KERNEL{"avx2", ATTENTION_ROWS, add_tile<ATTENTION_ROWS>,
                                            DECODE_HEADS, decode_tile<DECODE_HEADS>};
    return &KERNEL;
}

}  // namespace paligemma

#else

namespace paligemma {
const AttentionKernel* avx2_attention() {
    return nullptr;
}
}  // namespace paligemma

#endif
