// Embedding rows for lookup; the same weight may also be the output head, for matmuls.
#pragma once
#include <cstdint>

#include "compute/model_file.h"
#include "compute/weights.h"

namespace paligemma {

// Reads rows of the embedding. The weight itself may be repacked for the output head or live on a
// device; then rows come from the file.
class EmbeddingRows {
  public:
    // `weight`: the loaded form of `tensor`, which is in `file`; all three must outlive this.
    // `scale` multiplies every element.
    EmbeddingRows(const Backend& backend, const ModelFile& file, const GgufTensor& tensor,
                  const ggml_tensor* weight, float scale);
    // Row `id`, scaled, to out [n_embd]. Throws OptionRange for an id outside the table,
    // ModelChanged when the file is needed and no longer the same.
    void get(int32_t id, float* out) const;

  private:
    const ModelFile& file_;
    const GgufTensor& tensor_;
    const ggml_tensor* weight_;
    const uint8_t* data_;  // null: read from the file
    uint64_t row_bytes_;
    float scale_;
};

}  // namespace paligemma
