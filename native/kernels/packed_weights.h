// Weights of matrix products in the order in which our kernels read them: panels of 16 rows of the
// matrix, in each panel the numbers that one vector instruction multiplies side by side. Packing
// changes the order only, never a value or the size, so it is done in place. Knows no instruction
// set and no graph.
#pragma once
#include <ggml.h>

#include <cstdint>

#include "kernels/tile.h"

namespace paligemma {

// Rows of the weight matrix (output features) in one panel: 32-bit lanes of a 512-bit register.
constexpr int64_t PANEL_ROWS = 16;

// Whether a weight [k, n] of this type has a packed form.
bool can_pack(ggml_type type, int64_t k, int64_t n);

// Packs the n_rows (a multiple of 16) rows of length k at `data` in place. Layout of a panel:
//   BF16: [k/2][16 rows][2 numbers]
//   Q8_0: [k/32 blocks][8][16 rows][4 numbers, as `bytes` says], then [k/32][16] f16 scales
//   Q4_0: [k/32 blocks][4][16 rows][4 bytes], then [k/32][16] f16 scales; the low halves of the
//         bytes are the first 16 numbers of the block, the high halves the others, each + 8
void pack_rows(ggml_type type, WeightBytes bytes, int64_t k, int64_t n_rows, void* data);

// Row `row` of packed weights as the file has it: ggml_row_size(type, k) bytes.
void unpack_row(ggml_type type, WeightBytes bytes, int64_t k, const void* data, int64_t row,
                void* out);

}  // namespace paligemma
