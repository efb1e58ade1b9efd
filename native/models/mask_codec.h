// The mask codec (VQ-VAE): 16 codes <-> a mask of 64 x 64, one network for all checkpoints. Always
// on the CPU in f32, whatever the model's backend: it is small. Layers: spec sections 7.1 and 7.3.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "compute/graph.h"
#include "compute/weights.h"

namespace paligemma {

class MaskCodec {
  public:
    struct Layer {
        ggml_tensor *weight, *bias;
    };
    struct Residual {
        Layer first, second, third;
    };

    static constexpr int64_t SIDE = 64, N_PIXELS = SIDE * SIDE;
    static constexpr int64_t N_CODES = 16;         // of a mask: 4 x 4, row-major
    static constexpr int64_t CODEBOOK_SIZE = 128;  // values of a code
    static constexpr int64_t MAX_MASKS = 10'000;   // of one request; as pixels, 160 MB

    // `requests`: the codec's tensors in the file, of which a file may lack some or all; `cpu` must
    // outlive this. Throws as Weights does, and ModelCorrupt for weights that are not finite: a
    // ReLU would make 0 of NaN, unseen.
    MaskCodec(Backend& cpu, const std::vector<WeightRequest>& requests,
              const std::atomic<int>& cancel);

    // Whether decode() and encode() can take this, up to MAX_MASKS. Throw TensorMissing when the
    // file lacks the network, OptionRange for a length above that or no multiple of one mask's or a
    // value outside its range (codes: below CODEBOOK_SIZE; masks: 0 to 1).
    void check(std::span<const int32_t> codes) const;
    void check(std::span<const float> masks) const;

    // What check() allows, one mask or more; several at once gain no time, and take 2 MiB each.
    // Throw Aborted when `cancel` is set, EngineNumeric when the result is not finite,
    // OutOfMemory.
    //
    // codes [n, N_CODES] -> [n, SIDE, SIDE], rows of pixels, about -1 to 1; above 0 is inside
    std::vector<float> decode(std::span<const int32_t> codes, const std::atomic<int>& cancel);
    // masks [n, SIDE, SIDE] -> codes [n, N_CODES]
    std::vector<int32_t> encode(std::span<const float> masks, const std::atomic<int>& cancel);

    uint64_t weights_size() const { return weights_.size(); }
    uint64_t compute_size() const { return memory_.size(); }

  private:
    // Null when the file lacks it; then its name goes to `missing`.
    ggml_tensor* find(const std::string& name, std::vector<std::string>& missing) const;
    Layer convolution(const std::string& name, std::vector<std::string>& missing);
    Layer transposed(const std::string& name, std::vector<std::string>& missing);
    Residual residual(const std::string& name, std::vector<std::string>& missing);
    void run(Graph& g, ggml_tensor* input, const void* data, const std::atomic<int>& cancel);

    Backend& cpu_;
    std::unordered_set<std::string> names_;
    Weights weights_;
    GraphMemory memory_;
    std::vector<std::string> missing_decoder_, missing_encoder_;
    ggml_tensor* codebook_ = nullptr;     // [width, CODEBOOK_SIZE]
    std::vector<double> codebook_norms_;  // squared
    Layer decoder_in_{}, decoder_out_{}, encoder_out_{};
    std::vector<Residual> decoder_residuals_, encoder_residuals_;
    std::vector<Layer> decoder_up_, encoder_down_;
};

}  // namespace paligemma
