// Projected image tokens of pictures seen before, least recently used first out. One picture and
// many questions cost one encoding. The KV cache cannot be shared between prompts: image tokens see
// the prompt.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace paligemma {

using Features = std::shared_ptr<const std::vector<float>>;  // [n_tokens, n_embd] row-major

class FeatureCache {
  public:
    explicit FeatureCache(uint64_t max_bytes) : max_bytes_(max_bytes) {}

    // Compares pixels byte by byte: with a hash alone one picture could be answered for another.
    Features find(std::span<const uint8_t> pixels);
    void insert(std::vector<uint8_t> pixels, Features features);
    uint64_t size() const { return bytes_; }

  private:
    struct Entry {
        uint64_t hash;
        std::vector<uint8_t> pixels;
        Features features;
        uint64_t bytes() const { return pixels.size() + features->size() * sizeof(float); }
    };
    uint64_t max_bytes_;
    uint64_t bytes_ = 0;
    std::list<Entry> entries_;  // most recent first
    std::unordered_multimap<uint64_t, std::list<Entry>::iterator> index_;
};

}  // namespace paligemma
