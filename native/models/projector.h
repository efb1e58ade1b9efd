// The projector: one linear layer from the vision width to the text width. Its outputs are the
// image tokens.
#pragma once
#include "compute/weights.h"
#include "models/layers.h"

namespace paligemma {

class Projector {
  public:
    explicit Projector(const Weights& weights);
    // x [n_embd_vision, n_patches] -> [n_embd_text, n_patches]
    ggml_tensor* project(Graph& g, ggml_tensor* x) const;

  private:
    ggml_tensor *weight_, *bias_;
};

}  // namespace paligemma
