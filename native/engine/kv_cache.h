// Keys and values of one running sequence (a slot), one pair of tensors per layer. Sized for the
// request at hand, in steps, and kept for the next one, so that a long context costs memory only
// when it is used.
#pragma once
#include <string>
#include <vector>

#include "compute/graph.h"
#include "models/config.h"
#include "models/gemma.h"

namespace paligemma {

class KvCache {
  public:
    // Decode graphs see the cache in multiples of this many rows, so that one graph serves many
    // tokens.
    static constexpr int64_t BUCKET = 256;

    // The type that option kvType names, for heads of this size. Throws OptionRange.
    static ggml_type type_named(const std::string& name, int head_dim);

    KvCache(Backend& backend, const TextConfig& config, ggml_type type)
        : backend_(backend), config_(config), type_(type) {}

    // Room for `n_tokens`, all zero: rows that a mask hides are still multiplied, by 0, which would
    // let NaN of an earlier request through. When it has to grow, all pointers into it are lost.
    // Throws OutOfMemory.
    void require(int64_t n_tokens);
    int64_t n_ctx() const { return n_ctx_; }
    uint64_t size() const { return buffer_.size(); }
    const LayerCache& layer(int i) const { return layers_[i]; }

    static int64_t rounded(int64_t n_tokens) { return (n_tokens + BUCKET - 1) / BUCKET * BUCKET; }

  private:
    Backend& backend_;
    const TextConfig& config_;
    ggml_type type_;
    int64_t n_ctx_ = 0;
    std::vector<LayerCache> layers_;
    TensorBuffer buffer_;
};

}  // namespace paligemma
