// The types a weight may have in a file: names, block sizes and GGUF ids. No ggml here, so that the
// file reader can be fuzzed alone; a native test compares the table with ggml's.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace paligemma {

enum class WeightType { F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q4_K, Q4_0 };

struct WeightTypeTraits {
    WeightType type;
    std::string_view name;    // "q8_0": as in WEIGHT_TYPES of src/options/closed-sets.ts
    uint32_t gguf_id;         // ggml_type
    uint32_t block_size;      // elements per block; a row length must be a multiple of it
    uint32_t block_bytes;     // bytes per block
    uint32_t gguf_file_type;  // general.file_type of a file that holds mostly this type
                              // (llama.cpp's LLAMA_FTYPE)
};

std::span<const WeightTypeTraits> weight_types();
const WeightTypeTraits& traits_of(WeightType type);
std::optional<WeightType> weight_type_from_gguf(uint32_t id);
std::optional<WeightType> weight_type_from_name(std::string_view name);

}  // namespace paligemma
