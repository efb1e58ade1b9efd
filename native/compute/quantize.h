// Rows of floats -> any weight type, on several threads; for the converter.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "compute/weight_type.h"

namespace paligemma {

// `data`: rows * width elements of type `from` (F32, F16 or BF16). Returns them as `to`. `width`
// must be a multiple of the block of `to`. Throws OptionRange when sizes do not fit. ggml's
// reference quantisation without importance matrix.
std::vector<uint8_t> quantize(std::span<const uint8_t> data, WeightType from, WeightType to,
                              int64_t width, int64_t rows, int n_threads);

}  // namespace paligemma
