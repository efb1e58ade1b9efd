#include "models/projector.h"

namespace paligemma {

Projector::Projector(const Weights& weights)
    : weight_(weights.get("mm.input_projection.weight")),
      bias_(weights.get("mm.input_projection.bias")) {}

ggml_tensor* Projector::project(Graph& g, ggml_tensor* x) const {
    return g.tap("projected", layers::linear(g, weight_, bias_, x));
}

}  // namespace paligemma
