#include "compute/weight_type.h"

namespace paligemma {

namespace {

// ids: enum ggml_type in ggml.h; block layouts: ggml-common.h; file types: enum llama_ftype in
// llama.h
constexpr WeightTypeTraits TABLE[] = {
    {WeightType::F32, "f32", 0, 1, 4, 0},         {WeightType::F16, "f16", 1, 1, 2, 1},
    {WeightType::BF16, "bf16", 30, 1, 2, 32},     {WeightType::Q8_0, "q8_0", 8, 32, 34, 7},
    {WeightType::Q6_K, "q6_k", 14, 256, 210, 18}, {WeightType::Q5_K, "q5_k", 13, 256, 176, 16},
    {WeightType::Q4_K, "q4_k", 12, 256, 144, 14}, {WeightType::Q4_0, "q4_0", 2, 32, 18, 2},
};

}  // namespace

std::span<const WeightTypeTraits> weight_types() {
    return TABLE;
}

const WeightTypeTraits& traits_of(WeightType type) {
    return TABLE[static_cast<int>(type)];
}

std::optional<WeightType> weight_type_from_gguf(uint32_t id) {
    for (const auto& t : TABLE)
        if (t.gguf_id == id) return t.type;
    return std::nullopt;
}

std::optional<WeightType> weight_type_from_name(std::string_view name) {
    for (const auto& t : TABLE)
        if (t.name == name) return t.type;
    return std::nullopt;
}

}  // namespace paligemma
