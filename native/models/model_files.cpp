#include "models/model_files.h"

#include <algorithm>

#include "models/vocabulary_from_gguf.h"

namespace paligemma {

ModelFiles::ModelFiles(const std::vector<std::string>& paths, const ConfigOverrides& overrides) {
    for (const auto& path : paths) {
        files_.push_back(std::make_unique<ModelFile>(path));
        headers_.push_back(files_.back()->parse());
    }
    config_ = read_config(headers_);
    if (overrides.attention_softcap) config_.text.attention_softcap = *overrides.attention_softcap;
    if (overrides.final_softcap) config_.text.final_softcap = *overrides.final_softcap;
    for (const auto& file : headers_) {
        if (file.has("tokenizer.ggml.tokens")) {
            tokenizer_ =
                std::make_shared<const Tokenizer>(vocabulary_from_gguf(file, config_.tokens));
            break;
        }
    }
    table_ = tensor_table(config_);
    places_ = check_inventory(table_, headers_);
}

uint64_t ModelFiles::size() const {
    uint64_t bytes = 0;
    for (const auto& file : files_) bytes += file->size();
    return bytes;
}

std::vector<WeightRequest> ModelFiles::network_weights(const std::string& kernels) const {
    std::vector<WeightRequest> requests;
    for (const TensorPlace& place : places_) {
        const TensorUse use = place.spec->use;
        if (use == TensorUse::Codec) continue;
        requests.push_back({
            .file = files_[place.file].get(),
            .tensor = place.tensor,
            .name = place.spec->name,
            // Where the model has a head of its own the embedding is only looked up.
            .matmul =
                use == TensorUse::Matmul || (use == TensorUse::Embedding && config_.text.tied_head),
            .force_f32 = use == TensorUse::Plain,
            .kernels = kernels,
        });
    }
    return requests;
}

std::vector<WeightRequest> ModelFiles::codec_weights() const {
    std::vector<WeightRequest> requests;
    for (const TensorPlace& place : places_) {
        if (place.spec->use != TensorUse::Codec) continue;
        requests.push_back({.file = files_[place.file].get(),
                            .tensor = place.tensor,
                            .name = place.spec->name,
                            .matmul = false,
                            .force_f32 = false,
                            .kernels = "ggml"});
    }
    return requests;
}

const TensorPlace& ModelFiles::embedding() const {
    return *std::ranges::find_if(
        places_, [](const TensorPlace& place) { return place.spec->use == TensorUse::Embedding; });
}

void ModelFiles::require_unchanged() const {
    for (const auto& file : files_) file->require_unchanged();
}

}  // namespace paligemma
