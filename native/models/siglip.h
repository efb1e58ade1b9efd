// SigLIP, the vision tower: pixels -> one vector per patch. Formulas: spec section 3.1; names of
// the taps: the reference.
#pragma once
#include <vector>

#include "compute/weights.h"
#include "models/config.h"
#include "models/layers.h"

namespace paligemma {

class Siglip {
  public:
    Siglip(const VisionConfig& config, const Weights& weights, const layers::Policy& policy);

    // pixels [size, size, 3, n_pictures] planar in [-1, 1] -> h [n_embd, n_patches * n_pictures],
    // written in place
    void embed(Graph& g, ggml_tensor* pixels, ggml_tensor* h) const;
    // h [n_embd, n_patches * n_pictures], updated in place by block i
    void block(Graph& g, int i, ggml_tensor* h) const;
    // h [n_embd, n] -> [n_embd, n]
    ggml_tensor* encoded(Graph& g, ggml_tensor* h) const;

    // Nodes of a graph with embed(), n_blocks blocks and encoded(), at most.
    int max_nodes(int n_blocks, int64_t n_pictures) const;
    // Operations of one block over a picture's patches, for cutting the work into steps.
    double block_flops() const;

  private:
    struct Norm {
        ggml_tensor *weight, *bias;
    };
    struct Block {
        Norm ln1, ln2;
        layers::Linear q, k, v, out, up, down;
    };

    const VisionConfig& config_;
    const layers::Policy& policy_;
    ggml_tensor *patch_weight_, *patch_bias_, *position_;
    std::vector<Block> blocks_;
    Norm post_ln_;
};

}  // namespace paligemma
