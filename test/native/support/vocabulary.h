// Vocabularies for the text tests: that of the demo model, and small ones made of a list.
#pragma once
#include <bit>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "support/fixture.h"
#include "text/tokenizer.h"

namespace paligemma::test {

inline Vocabulary demo_vocabulary() {
    const std::string file = read_fixture("tokenizer/vocabulary.bin");
    size_t at = 0;
    const auto u32 = [&] {
        uint32_t value = 0;
        for (int i = 0; i < 4; i++)
            value |= uint32_t{static_cast<uint8_t>(file.at(at++))} << (8 * i);
        return value;
    };
    Vocabulary v;
    const uint32_t n = u32();
    for (uint32_t i = 0; i < n; i++) {
        v.types.push_back(static_cast<TokenType>(u32()));
        v.scores.push_back(std::bit_cast<float>(u32()));
        const uint32_t length = u32();
        v.pieces.push_back(file.substr(at, length));
        at += length;
    }
    return v;
}

struct Piece {
    std::string text;
    TokenType type = TokenType::Normal;
    float score = 0;
};

inline void add_byte_pieces(Vocabulary& v) {
    for (int b = 0; b < 256; b++) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(b));
        v.pieces.push_back(name);
        v.types.push_back(TokenType::Byte);
        v.scores.push_back(0);
    }
}

// <pad> 0, <eos> 1, <bos> 2, <unk> 3, then `pieces` from 4 on, then the byte pieces if wanted.
inline Vocabulary small_vocabulary(const std::vector<Piece>& pieces, bool has_bytes = false) {
    Vocabulary v;
    v.pieces = {"<pad>", "<eos>", "<bos>", "<unk>"};
    v.types = {TokenType::Control, TokenType::Control, TokenType::Control, TokenType::Unknown};
    v.scores = {0, 0, 0, 0};
    for (const Piece& p : pieces) {
        v.pieces.push_back(p.text);
        v.types.push_back(p.type);
        v.scores.push_back(p.score);
    }
    if (has_bytes) add_byte_pieces(v);
    return v;
}

}  // namespace paligemma::test
