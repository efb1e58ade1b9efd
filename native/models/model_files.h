// The files of a model: opened, checked against each other and against the table of tensors,
// understood. No weight is read yet, so everything that can be wrong with a file is found here, in
// milliseconds.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "compute/gguf_file.h"
#include "compute/model_file.h"
#include "compute/weights.h"
#include "models/config.h"
#include "models/tensor_table.h"
#include "text/tokenizer.h"

namespace paligemma {

class ModelFiles {
  public:
    // Throws what ModelFile, GgufFile::parse, read_config, check_inventory and Tokenizer throw.
    ModelFiles(const std::vector<std::string>& paths, const ConfigOverrides& overrides);
    ModelFiles(const ModelFiles&) = delete;
    ModelFiles& operator=(const ModelFiles&) = delete;

    const ModelConfig& config() const { return config_; }
    const std::shared_ptr<const Tokenizer>& tokenizer() const { return tokenizer_; }
    // Keys and tensor tables, one per file.
    const std::vector<GgufFile>& headers() const { return headers_; }
    uint64_t size() const;  // of all files, in bytes

    // What Weights reads for the networks, for matmuls with this set of kernels (kernel_sets.h).
    std::vector<WeightRequest> network_weights(const std::string& kernels) const;
    // The same for the mask codec; empty when the model has none.
    std::vector<WeightRequest> codec_weights() const;
    // The embedding matrix, and the file it is in.
    const TensorPlace& embedding() const;
    const ModelFile& file(const TensorPlace& place) const { return *files_[place.file]; }

    // Throws ModelChanged when a file is not what it was when it was opened.
    void require_unchanged() const;

  private:
    std::vector<std::unique_ptr<ModelFile>> files_;
    std::vector<GgufFile> headers_;
    ModelConfig config_;
    std::vector<TensorSpec> table_;
    std::vector<TensorPlace> places_;  // point into table_ and headers_
    std::shared_ptr<const Tokenizer> tokenizer_;
};

}  // namespace paligemma
