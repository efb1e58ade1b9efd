// What the weight code relies on in ggml, and the results of quantisation.
#include <ggml.h>

#include <cmath>
#include <cstring>

#include "compute/quantize.h"
#include "compute/weight_type.h"
#include "support/random.h"
#include "support/test.h"

namespace paligemma::test {

TEST("our table of weight types is ggml's") {
    for (const auto& t : weight_types()) {
        const auto type = static_cast<ggml_type>(t.gguf_id);
        CHECK_EQ(std::string(ggml_type_name(type)).size(), t.name.size());  // ggml writes q6_K
        CHECK_EQ(static_cast<int64_t>(t.block_size), ggml_blck_size(type));
        CHECK_EQ(static_cast<size_t>(t.block_bytes), ggml_type_size(type));
        CHECK(weight_type_from_gguf(t.gguf_id) == t.type);
        CHECK(weight_type_from_name(t.name) == t.type);
    }
}

TEST("quantised rows come back within the error of their type") {
    // Largest error of a uniform row in units of its largest value: half a step of the type's
    // grid, with some slack for the scales, which are rounded too.
    const std::pair<const char*, double> bounds[] = {
        {"f32", 0},      {"f16", 5e-4},  {"bf16", 4e-3}, {"q8_0", 5e-3},
        {"q6_k", 0.035}, {"q5_k", 0.06}, {"q4_k", 0.1},  {"q4_0", 0.14}};
    constexpr int64_t WIDTH = 512, ROWS = 37;
    Random random(5);
    std::vector<float> numbers(WIDTH * ROWS);
    for (float& f : numbers) f = static_cast<float>(random.below(20001)) / 10000.f - 1.f;
    std::vector<uint8_t> bytes(numbers.size() * 4);
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    for (const auto& [name, bound] : bounds) {
        const WeightType to = *weight_type_from_name(name);
        const auto one = quantize(bytes, WeightType::F32, to, WIDTH, ROWS, 1);
        CHECK_EQ(quantize(bytes, WeightType::F32, to, WIDTH, ROWS, 3) == one, true);
        std::vector<float> back(numbers.size());
        const auto type = static_cast<ggml_type>(traits_of(to).gguf_id);
        if (to == WeightType::F32) {
            std::memcpy(back.data(), one.data(), one.size());
        } else {
            ggml_get_type_traits(type)->to_float(one.data(), back.data(),
                                                 static_cast<int64_t>(back.size()));
        }
        double worst = 0;
        for (size_t i = 0; i < back.size(); ++i)
            worst = std::max<double>(worst, std::fabs(back[i] - numbers[i]));
        if (worst > bound) CHECK_EQ(std::string(name) + " " + std::to_string(worst), std::string());
    }
}

TEST("half-precision sources widen exactly") {
    const std::vector<uint8_t> bf16 = {0x80, 0x3f, 0x00, 0xc0};  // 1, -2
    const auto wide = quantize(bf16, WeightType::BF16, WeightType::F32, 2, 1, 1);
    float numbers[2];
    std::memcpy(numbers, wide.data(), 8);
    CHECK_EQ(numbers[0], 1.f);
    CHECK_EQ(numbers[1], -2.f);
    CHECK_EQ(quantize(wide, WeightType::F32, WeightType::BF16, 2, 1, 1) == bf16, true);
}

TEST("sizes that do not fit are refused") {
    const std::vector<uint8_t> data(128);
    CHECK_THROWS(ErrorCode::OptionRange,
                 quantize(data, WeightType::F32, WeightType::Q8_0, 31, 1, 1));
    CHECK_THROWS(ErrorCode::OptionRange,
                 quantize(data, WeightType::F32, WeightType::Q8_0, 32, 2, 1));
    CHECK_THROWS(ErrorCode::OptionRange, quantize(data, WeightType::F32, WeightType::F16, 0, 1, 1));
    CHECK_THROWS(ErrorCode::OptionRange,
                 quantize(data, WeightType::F32, WeightType::F16, int64_t{1} << 40, 1 << 30, 1));
    CHECK_THROWS(ErrorCode::OptionRange,
                 quantize(data, WeightType::Q8_0, WeightType::F32, 32, 1, 1));
}

}  // namespace paligemma::test
