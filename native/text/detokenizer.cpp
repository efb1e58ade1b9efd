// The streaming detokenizer of detokenizer.h.
#include "text/detokenizer.h"

#include <string_view>

#include "base/error.h"
#include "base/utf8.h"

namespace paligemma {

namespace {

constexpr std::string_view SPACE_SYMBOL = "\xE2\x96\x81";  // U+2581
constexpr std::string_view UNKNOWN =
    " \xE2\x81\x87 ";  // U+2047, unk_surface of sentencepiece's trainer spec

}  // namespace

Detokenizer::Detokenizer(const Vocabulary& vocabulary) : vocabulary_(&vocabulary) {}

std::string Detokenizer::push(int32_t id) {
    if (id < 0 || static_cast<size_t>(id) >= vocabulary_->pieces.size())
        throw mismatch(ErrorCode::OptionRange, "token id", std::to_string(id),
                       "0 to " + std::to_string(vocabulary_->pieces.size()) + " exclusive");
    switch (vocabulary_->types[static_cast<size_t>(id)]) {
        case TokenType::Byte:
            held_ += token_bytes(*vocabulary_, id);
            return drain(false);
        case TokenType::Unknown:
            return finish() += UNKNOWN;
        default:
            return finish() += token_bytes(*vocabulary_, id);
    }
}

std::string Detokenizer::finish() {
    return drain(true);
}

// Takes whole characters and hopeless bytes from the front of held_; at the end everything left is
// hopeless.
std::string Detokenizer::drain(bool at_end) {
    std::string text;
    std::string_view rest = held_;
    while (!rest.empty()) {
        const Utf8Step step = utf8_step(rest);
        if (step.kind == Utf8Step::Unfinished && !at_end) break;
        if (step.kind == Utf8Step::Whole) {
            text += rest.substr(0, step.length);
            rest.remove_prefix(step.length);
        } else {
            text += UTF8_REPLACEMENT;
            rest.remove_prefix(1);
        }
    }
    held_.erase(0, held_.size() - rest.size());
    return text;
}

std::string token_bytes(const Vocabulary& vocabulary, int32_t id) {
    const auto index = static_cast<size_t>(id);
    const std::string_view piece = vocabulary.pieces[index];
    switch (vocabulary.types[index]) {
        case TokenType::Byte:  // "<0xAB>": Tokenizer has checked the form
            return {static_cast<char>(std::stoi(std::string(piece.substr(3, 2)), nullptr, 16))};
        case TokenType::Control:
        case TokenType::Unknown:
            return {};
        default:
            break;
    }
    std::string text;
    for (size_t at = 0; at < piece.size();) {
        const size_t space = piece.find(SPACE_SYMBOL, at);
        text += piece.substr(at, space - at);
        if (space == piece.npos) break;
        text += ' ';
        at = space + SPACE_SYMBOL.size();
    }
    return text;
}

std::string detokenize(const Vocabulary& vocabulary, const std::vector<int32_t>& ids) {
    Detokenizer detokenizer(vocabulary);
    std::string text;
    for (int32_t id : ids) text += detokenizer.push(id);
    return text += detokenizer.finish();
}

}  // namespace paligemma
