// The networks of one model on one device: weights in memory, and what builds graphs with them.
// Knows nothing of requests: no slots, no caches, no working memory. The engine serves with it
// (engine/serving_model.h); a trainer or a test can hold it as well.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "compute/backend.h"
#include "compute/weights.h"
#include "models/embedding_rows.h"
#include "models/gemma.h"
#include "models/layers.h"
#include "models/mask_codec.h"
#include "models/model_files.h"
#include "models/projector.h"
#include "models/siglip.h"

namespace paligemma {

struct NetworkParams {
    std::string device;  // see Backend::open
    bool exact_gelu;
    std::string kernels;  // which matmul kernels the CPU uses: a name of kernel_sets()
    bool check_tensors;   // search the weights for NaN and infinity
};

// Called on the loading thread with bytes read so far and in all.
using LoadProgress = std::function<void(uint64_t done, uint64_t total)>;

class Networks {
  public:
    // Opens the device and reads the weights. `files` must outlive this. `n_threads`: of the
    // device, at most, for any graph. Throws OptionRange (kernels), DeviceUnavailable, OutOfMemory
    // and what Weights throws.
    Networks(const ModelFiles& files, const NetworkParams& params, int n_threads,
             const LoadProgress& on_progress, const std::atomic<int>& cancel);
    Networks(const Networks&) = delete;
    Networks& operator=(const Networks&) = delete;

    const ModelFiles& files() const { return files_; }
    const ModelConfig& config() const { return files_.config(); }
    const Tokenizer& tokenizer() const { return *files_.tokenizer(); }
    Backend& backend() const { return *backend_; }
    // How graphs are built; a change takes effect with the next graph.
    const layers::Policy& policy() const { return policy_; }
    layers::Policy& policy() { return policy_; }
    const Weights& weights() const { return *weights_; }

    const EmbeddingRows& embedding() const { return *embedding_; }
    const Siglip& siglip() const { return *siglip_; }
    const Projector& projector() const { return *projector_; }
    const Gemma& gemma() const { return *gemma_; }

    // Read from the file at first use, as most models are never asked for masks. Throws
    // ModelChanged, and what MaskCodec throws.
    MaskCodec& mask_codec(const std::atomic<int>& cancel);
    // Null before its first use.
    const MaskCodec* mask_codec_if_used() const { return codec_.get(); }

  private:
    void choose_policy(const NetworkParams& params);

    const ModelFiles& files_;
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Weights> weights_;
    layers::Policy policy_;
    std::unique_ptr<EmbeddingRows> embedding_;
    std::unique_ptr<Siglip> siglip_;
    std::unique_ptr<Projector> projector_;
    std::unique_ptr<Gemma> gemma_;
    std::unique_ptr<Backend> codec_backend_;  // null: the model's own is the CPU
    std::unique_ptr<MaskCodec> codec_;
};

}  // namespace paligemma
