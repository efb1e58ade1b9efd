// Matmul weights in the order in which our kernels read them: pairs of panels of 16 rows, with the
// elements that one vector instruction multiplies side by side, so that a kernel streams through
// memory. Packing changes the order only, never a value or the size, so it is done in place. Knows
// no instruction set and no graph.
#pragma once
#include <ggml.h>

#include <cstdint>

#include "kernels/tile.h"

namespace paligemma {

// Rows of the weight matrix (output features) in one panel: 32-bit lanes of a 512-bit register.
constexpr int64_t PANEL_ROWS = 16;

// Whether a weight [k, n] of this type has a packed form.
bool can_pack(ggml_type type, int64_t k, int64_t n);

// Packs the n_rows (a multiple of 16) rows of length k at `data` in place. Layout of a pair of P =
// 2 panels, or 1 for an odd last panel:
//   BF16: [k/2][P][16 rows][2 elements]
//   F16:  [k][P][16 rows]
//   Q8_0: [k/32 blocks] of [8][P][16 rows][4 elements, signedness: `bytes`] and [P][16] f16 scales
//   Q4_0: [k/32 blocks] of [4][P][16 rows][4 bytes] and [P][16] f16 scales; the low nibbles are
//         the first 16 elements of the block, the high nibbles the rest, each + 8
void pack_rows(ggml_type type, WeightBytes bytes, int64_t k, int64_t n_rows, void* data);

// Row `row` of n_rows packed ones as the file has it: ggml_row_size(type, k) bytes.
void unpack_row(ggml_type type, WeightBytes bytes, int64_t k, int64_t n_rows, const void* data,
                int64_t row, void* out);

}  // namespace paligemma
