// Every tensor of a model once: its name in the file, its shape from the config, what it is used
// for.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "models/config.h"

namespace paligemma {

enum class TensorUse {
    Matmul,     // a matmul with F32 activations: any type, any buffer type
    Embedding,  // row lookup; the output head too unless the model has one of its own
    Plain,      // norms, biases, positions, the patch convolution: F32 in plain memory
    Codec,      // mask decoder and encoder: F32, not loaded with the networks
};

struct TensorSpec {
    std::string name;
    std::vector<int64_t> shape;  // fastest first
    TensorUse use;
    std::vector<std::string> aliases;  // names in files of other tools
};

// The tensors a model of this config must have, and no others.
std::vector<TensorSpec> tensor_table(const ModelConfig& config);

// Checks every file tensor against the table: missing, surplus, shape and type, up to 20 names in
// one error. Returns for each spec the file (index into `files`) and tensor that holds it; Codec
// tensors may be absent.
struct TensorPlace {
    const TensorSpec* spec;
    size_t file;
    const GgufTensor* tensor;
};
std::vector<TensorPlace> check_inventory(const std::vector<TensorSpec>& table,
                                         std::span<const GgufFile> files);

}  // namespace paligemma
