#include "models/vocabulary_from_gguf.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"

namespace paligemma {

namespace {

// Two lists of one length: ids, and how each is found (bits of AddedToken).
void read_added_tokens(const GgufFile& file, Vocabulary& v) {
    const char* const keys[] = {"paligemma.added_tokens.ids", "paligemma.added_tokens.flags"};
    const auto ids = file.get_ints(keys[0]), flags = file.get_ints(keys[1]);
    if (!ids && !flags) return;
    if (!ids || !flags || ids->size() != flags->size())
        throw mismatch(ErrorCode::ModelFormat, keys[0],
                       std::to_string(ids ? ids->size() : 0) + " long",
                       std::to_string(flags ? flags->size() : 0) + " as " + keys[1]);
    for (size_t i = 0; i < ids->size(); ++i) {
        // Tokenizer checks the values.
        v.added.push_back({static_cast<int32_t>(std::clamp<int64_t>((*ids)[i], -1, INT32_MAX)),
                           static_cast<uint32_t>(std::clamp<int64_t>((*flags)[i], 0, UINT8_MAX))});
    }
}

}  // namespace

Vocabulary vocabulary_from_gguf(const GgufFile& file, const TokenIds& tokens) {
    Vocabulary v;
    const auto model = file.get_string("tokenizer.ggml.model").value_or("absent");
    if (model != "llama")
        throw mismatch(ErrorCode::ModelFormat, "tokenizer.ggml.model", model,
                       "llama (SentencePiece BPE)");
    const auto pieces = file.get_strings("tokenizer.ggml.tokens");
    const auto scores = file.get_floats("tokenizer.ggml.scores");
    const auto types = file.get_ints("tokenizer.ggml.token_type");
    for (auto [key, there] : {std::pair{"tokenizer.ggml.tokens", pieces.has_value()},
                              {"tokenizer.ggml.scores", scores.has_value()},
                              {"tokenizer.ggml.token_type", types.has_value()}}) {
        if (!there)
            throw mismatch(ErrorCode::ModelFormat, key, "absent",
                           "an array with one entry per token");
    }
    v.pieces.assign(pieces->begin(), pieces->end());
    v.scores = *scores;
    for (int64_t t : *types)
        v.types.push_back(static_cast<TokenType>(std::clamp<int64_t>(t, 0, 100)));
    v.bos = tokens.bos;
    v.eos = tokens.eos;
    v.unk = static_cast<int32_t>(file.get_int("tokenizer.ggml.unknown_token_id").value_or(3));
    v.pad = static_cast<int32_t>(file.get_int("tokenizer.ggml.padding_token_id").value_or(0));
    // Other converters mark loc and seg tokens as normal pieces, which splits them (spec section
    // 4.3).
    auto user_defined = [&](int32_t first, int32_t n) {
        for (int32_t i = first;
             first >= 0 && i < first + n && i < static_cast<int32_t>(v.types.size()); ++i)
            v.types[i] = TokenType::UserDefined;
    };
    user_defined(tokens.first_loc, TokenIds::N_LOC);
    user_defined(tokens.first_seg, TokenIds::N_SEG);
    read_added_tokens(file, v);
    return v;
}

}  // namespace paligemma
