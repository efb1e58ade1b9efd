#include "kernels/packed_weights.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace paligemma {

namespace {

// ggml's blocks of 32 elements: a 16-bit scale, then the elements.
constexpr int64_t PAIR_ROWS = 2 * PANEL_ROWS;
constexpr int64_t BLOCK = 32;
constexpr int64_t SCALE_BYTES = 2;
// Adds 128 to four signed bytes at once, which makes them unsigned.
constexpr uint32_t SIGN_BITS = 0x80808080u;

// The unit that stays together, here called a word: four bytes, for F16 two. BF16 and F16 have no
// blocks, so each word is one.
template <typename Word>
struct Shape {
    static constexpr int64_t WORD_BYTES = sizeof(Word);
    int64_t blocks;  // in a row
    int64_t words;   // of elements in a block
    int64_t scale_bytes = 0;
    Word flip = 0;
    int64_t row_bytes() const { return blocks * block_bytes(); }
    int64_t block_bytes() const { return words * WORD_BYTES + scale_bytes; }
    // Of a row of the `rows` (16 or 32) that are packed together.
    int64_t word_at(int64_t block, int64_t word, int64_t rows, int64_t row) const {
        return (block * block_bytes() + word * WORD_BYTES) * rows + row * WORD_BYTES;
    }
    int64_t scale_at(int64_t block, int64_t rows, int64_t row) const {
        return (block * block_bytes() + words * WORD_BYTES) * rows + row * scale_bytes;
    }
};

// run(Shape<Word>)
template <typename Run>
void with_shape(ggml_type type, WeightBytes bytes, int64_t k, Run&& run) {
    switch (type) {
        case GGML_TYPE_Q8_0:
            return run(Shape<uint32_t>{k / BLOCK, 8, SCALE_BYTES,
                                       bytes == WeightBytes::Signed ? 0 : SIGN_BITS});
        case GGML_TYPE_Q4_0:
            return run(Shape<uint32_t>{k / BLOCK, 4, SCALE_BYTES});
        case GGML_TYPE_F16:
            return run(Shape<uint16_t>{k, 1});
        default:
            return run(Shape<uint32_t>{k / 2, 1});
    }
}

template <typename Word>
void pack(const Shape<Word>& s, int64_t n_rows, void* data) {
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
                const uint8_t* from = block + s.scale_bytes + w * s.WORD_BYTES;
                uint8_t* into = pair + s.word_at(b, w, n, 0);
                for (int64_t r = 0; r < n; ++r) {
                    Word word = 0;
                    std::memcpy(&word, from + r * stride, sizeof(word));
                    word ^= s.flip;
                    std::memcpy(into + r * sizeof(word), &word, sizeof(word));
                }
            }
        }
    }
}

template <typename Word>
void unpack(const Shape<Word>& s, int64_t n_rows, const void* data, int64_t row, void* out) {
    const int64_t first = row / PAIR_ROWS * PAIR_ROWS, n = std::min(PAIR_ROWS, n_rows - first);
    const auto* pair = static_cast<const uint8_t*>(data) + first * s.row_bytes();
    auto* into = static_cast<uint8_t*>(out);
    const int64_t r = row - first;
    for (int64_t b = 0; b < s.blocks; ++b) {
        std::memcpy(into, pair + s.scale_at(b, n, r), s.scale_bytes);
        into += s.scale_bytes;
        for (int64_t w = 0; w < s.words; ++w, into += sizeof(Word)) {
            Word word = 0;
            std::memcpy(&word, pair + s.word_at(b, w, n, r), sizeof(word));
            word ^= s.flip;
            std::memcpy(into, &word, sizeof(word));
        }
    }
}

}  // namespace

bool can_pack(ggml_type type, int64_t k, int64_t n) {
    const bool known = type == GGML_TYPE_F16 || type == GGML_TYPE_BF16 || type == GGML_TYPE_Q8_0 ||
                       type == GGML_TYPE_Q4_0;
    return known && k > 0 && k % BLOCK == 0 && n > 0 && n % PANEL_ROWS == 0;
}

void pack_rows(ggml_type type, WeightBytes bytes, int64_t k, int64_t n_rows, void* data) {
    with_shape(type, bytes, k, [&](const auto& shape) { pack(shape, n_rows, data); });
}

void unpack_row(ggml_type type, WeightBytes bytes, int64_t k, int64_t n_rows, const void* data,
                int64_t row, void* out) {
    with_shape(type, bytes, k, [&](const auto& shape) { unpack(shape, n_rows, data, row, out); });
}

}  // namespace paligemma
