#include "kernels/packed_weights.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace paligemma {

namespace {

// ggml's blocks of 32 numbers: a 16-bit scale, then the numbers.
constexpr int64_t PAIR_ROWS = 2 * PANEL_ROWS;
constexpr int64_t BLOCK = 32;
constexpr int64_t SCALE_BYTES = 2;
// What turns a signed byte into an unsigned one that is 128 larger, in four bytes at once.
constexpr uint32_t SIGN_BITS = 0x80808080u;

// 32-bit words of numbers in a block; BF16 has no blocks, so a pair of numbers is one of one word.
struct Shape {
    int64_t blocks;  // in a row
    int64_t words;   // of numbers in a block
    int64_t scale_bytes;
    uint32_t flip;
    int64_t row_bytes() const { return blocks * block_bytes(); }
    int64_t block_bytes() const { return words * 4 + scale_bytes; }
    // Of a row of the `rows` (16 or 32) that are packed together.
    int64_t word_at(int64_t block, int64_t word, int64_t rows, int64_t row) const {
        return (block * block_bytes() + word * 4) * rows + row * 4;
    }
    int64_t scale_at(int64_t block, int64_t rows, int64_t row) const {
        return (block * block_bytes() + words * 4) * rows + row * scale_bytes;
    }
};

Shape shape_of(ggml_type type, WeightBytes bytes, int64_t k) {
    switch (type) {
        case GGML_TYPE_Q8_0:
            return {k / BLOCK, 8, SCALE_BYTES, bytes == WeightBytes::Signed ? 0 : SIGN_BITS};
        case GGML_TYPE_Q4_0:
            return {k / BLOCK, 4, SCALE_BYTES, 0};
        default:
            return {k / 2, 1, 0, 0};
    }
}

}  // namespace

bool can_pack(ggml_type type, int64_t k, int64_t n) {
    return (type == GGML_TYPE_BF16 || type == GGML_TYPE_Q8_0 || type == GGML_TYPE_Q4_0) && k > 0 &&
           k % BLOCK == 0 && n > 0 && n % PANEL_ROWS == 0;
}

void pack_rows(ggml_type type, WeightBytes bytes, int64_t k, int64_t n_rows, void* data) {
    const Shape s = shape_of(type, bytes, k);
    // Rows a power of two apart would share a few lines of the level 1 cache.
    const int64_t stride = s.row_bytes() + 64;
    std::vector<uint8_t> rows(stride * PAIR_ROWS);
    auto* pair = static_cast<uint8_t*>(data);
    for (int64_t at = 0; at < n_rows; at += PAIR_ROWS, pair += s.row_bytes() * PAIR_ROWS) {
        const int64_t n = std::min(PAIR_ROWS, n_rows - at);
        for (int64_t r = 0; r < n; ++r)
            std::memcpy(rows.data() + r * stride, pair + r * s.row_bytes(), s.row_bytes());
        for (int64_t b = 0; b < s.blocks; ++b) {
            const uint8_t* block = rows.data() + b * s.block_bytes();
            for (int64_t r = 0; r < n; ++r)
                std::memcpy(pair + s.scale_at(b, n, r), block + r * stride, s.scale_bytes);
            for (int64_t w = 0; w < s.words; ++w) {
                const uint8_t* from = block + s.scale_bytes + w * 4;
                uint8_t* into = pair + s.word_at(b, w, n, 0);
                for (int64_t r = 0; r < n; ++r) {
                    uint32_t word = 0;
                    std::memcpy(&word, from + r * stride, 4);
                    word ^= s.flip;
                    std::memcpy(into + r * 4, &word, 4);
                }
            }
        }
    }
}

void unpack_row(ggml_type type, WeightBytes bytes, int64_t k, int64_t n_rows, const void* data,
                int64_t row, void* out) {
    const Shape s = shape_of(type, bytes, k);
    const int64_t first = row / PAIR_ROWS * PAIR_ROWS, n = std::min(PAIR_ROWS, n_rows - first);
    const auto* pair = static_cast<const uint8_t*>(data) + first * s.row_bytes();
    auto* into = static_cast<uint8_t*>(out);
    const int64_t r = row - first;
    for (int64_t b = 0; b < s.blocks; ++b) {
        std::memcpy(into, pair + s.scale_at(b, n, r), s.scale_bytes);
        into += s.scale_bytes;
        for (int64_t w = 0; w < s.words; ++w, into += 4) {
            uint32_t word = 0;
            std::memcpy(&word, pair + s.word_at(b, w, n, r), 4);
            word ^= s.flip;
            std::memcpy(into, &word, 4);
        }
    }
}

}  // namespace paligemma
