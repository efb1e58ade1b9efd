#include "text/characters.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"

namespace paligemma {

namespace {

constexpr char32_t ESCAPED_SPACE = 0x2581;

struct Range {
    char32_t first, last;
};

constexpr Range WORD[] = {
#include "text/word_characters.inc"
};

bool is_word(char32_t c) {
    const auto* after = std::upper_bound(std::begin(WORD), std::end(WORD), c,
                                         [](char32_t x, const Range& r) { return x < r.first; });
    return after != std::begin(WORD) && c <= std::prev(after)->last;
}

// The property White_Space.
bool is_space(char32_t c) {
    return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

struct Character {
    char32_t code;
    size_t length;
};

// `text` must not be empty.
Character first_character(std::string_view text) {
    const size_t length = utf8_step(text).length;
    const auto lead = static_cast<uint8_t>(text[0]);
    char32_t code = length == 1 ? lead : lead & (0xFF >> (length + 1));
    for (size_t i = 1; i < length; i++) code = code << 6 | (static_cast<uint8_t>(text[i]) & 0x3F);
    return {code, length};
}

Character last_character(std::string_view text) {
    size_t at = text.size() - 1;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) at--;
    return first_character(text.substr(at));
}

bool is_space(char32_t c, bool is_escaped) {
    return is_space(c) || (is_escaped && c == ESCAPED_SPACE);
}

}  // namespace

bool begins_with_word(std::string_view text) {
    return !text.empty() && is_word(first_character(text).code);
}

bool ends_with_word(std::string_view text) {
    return !text.empty() && is_word(last_character(text).code);
}

size_t trailing_space(std::string_view text, bool is_escaped) {
    const size_t size = text.size();
    while (!text.empty()) {
        const Character c = last_character(text);
        if (!is_space(c.code, is_escaped)) break;
        text.remove_suffix(c.length);
    }
    return size - text.size();
}

size_t leading_space(std::string_view text, bool is_escaped) {
    const size_t size = text.size();
    while (!text.empty()) {
        const Character c = first_character(text);
        if (!is_space(c.code, is_escaped)) break;
        text.remove_prefix(c.length);
    }
    return size - text.size();
}

}  // namespace paligemma
