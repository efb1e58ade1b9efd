// Checks that the files make one whole model: parts of a split GGUF, a language model,
// a vision part. Only keys and names of tensors count here; sizes are config.*, shapes
// tensor_table.*.
#pragma once
#include <span>

#include "compute/gguf_file.h"

namespace paligemma {

// The file with the keys of the language model. Throws ModelArch for what is no PaliGemma or one
// part of two (naming the other), ModelAdapter, ModelNotFound for an incomplete split model.
// Parts of a split model have to be in `files` in their order, one after the other.
const GgufFile& require_whole_model(std::span<const GgufFile> files);

}  // namespace paligemma
