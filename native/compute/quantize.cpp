#include "compute/quantize.h"

#include <ggml.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "base/error.h"

namespace paligemma {

namespace {

ggml_type ggml_type_of(WeightType type) {
    return static_cast<ggml_type>(traits_of(type).gguf_id);
}

}  // namespace

std::vector<uint8_t> quantize(std::span<const uint8_t> data, WeightType from, WeightType to,
                              int64_t width, int64_t rows, int n_threads) {
    const auto& source = traits_of(from);
    const auto& target = traits_of(to);
    if (source.block_size != 1) {
        throw mismatch(ErrorCode::OptionRange, "from", std::string(source.name),
                       "f32, f16 or bf16");
    }
    // 2^40 elements are far above any tensor, and byte counts stay within 64 bits.
    if (width <= 0 || rows <= 0 || width > (int64_t{1} << 31) ||
        rows > (int64_t{1} << 40) / width) {
        throw mismatch(ErrorCode::OptionRange, "width x rows",
                       std::to_string(width) + " x " + std::to_string(rows),
                       "at least 1, at most 2^40 elements");
    }
    if (width % target.block_size != 0) {
        throw mismatch(ErrorCode::OptionRange, "width", std::to_string(width),
                       "a multiple of " + std::to_string(target.block_size) + " for " +
                           std::string(target.name));
    }
    if (data.size() != static_cast<uint64_t>(width * rows) * source.block_bytes) {
        throw mismatch(ErrorCode::OptionRange, "data", std::to_string(data.size()) + " bytes",
                       std::to_string(width * rows * source.block_bytes) + " bytes");
    }

    const int64_t source_row = width * source.block_bytes;
    const int64_t target_row = width / target.block_size * target.block_bytes;
    std::vector<uint8_t> result(static_cast<size_t>(target_row * rows));
    ggml_quantize_init(ggml_type_of(to));

    const auto to_float = ggml_get_type_traits(ggml_type_of(from))->to_float;
    std::atomic<int64_t> next{0};
    constexpr int64_t ROWS_PER_GRAB = 8;
    auto work = [&] {
        std::vector<float> row(static_cast<size_t>(width));
        for (int64_t begin; (begin = next.fetch_add(ROWS_PER_GRAB)) < rows;) {
            for (int64_t r = begin; r < std::min(rows, begin + ROWS_PER_GRAB); ++r) {
                const uint8_t* in = data.data() + r * source_row;
                uint8_t* out = result.data() + r * target_row;
                if (from == to) {
                    std::memcpy(out, in, source_row);
                    continue;
                }
                if (from == WeightType::F32) {
                    std::memcpy(row.data(), in, source_row);
                } else {
                    to_float(in, row.data(), width);
                }
                if (to == WeightType::F32) {
                    std::memcpy(out, row.data(), target_row);
                } else {
                    ggml_quantize_chunk(ggml_type_of(to), row.data(), out, 0, 1, width, nullptr);
                }
            }
        }
    };
    std::vector<std::jthread> threads;
    for (int i = 1; i < std::min<int64_t>(n_threads, rows); ++i) threads.emplace_back(work);
    work();
    threads.clear();  // joins
    return result;
}

}  // namespace paligemma
