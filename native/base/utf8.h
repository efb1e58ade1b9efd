// UTF-8, one sequence at a time, for checking file strings, splitting text and joining byte pieces.
// Well-formed means table 3-7 of the Unicode Standard: no overlong forms, no surrogates, nothing
// above U+10FFFF. No conversions here.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace paligemma {

constexpr std::string_view UTF8_REPLACEMENT = "\xEF\xBF\xBD";  // U+FFFD

// How a text begins: with a whole character of `length` bytes, with a byte that belongs to none
// (`length` 1), or with `length` bytes, all that are left, which more bytes could still make a
// character.
struct Utf8Step {
    enum Kind { Whole, Invalid, Unfinished } kind;
    size_t length;
};

// `text` must not be empty.
inline Utf8Step utf8_step(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    const uint8_t lead = byte(0);
    if (lead < 0x80) return {Utf8Step::Whole, 1};
    size_t length = 0;
    uint8_t low = 0x80, high = 0xBF;  // the range of the second byte depends on the first
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else {
        return {Utf8Step::Invalid, 1};
    }
    for (size_t i = 1; i < length; i++) {
        if (i == text.size()) return {Utf8Step::Unfinished, i};
        if (byte(i) < low || byte(i) > high) return {Utf8Step::Invalid, 1};
        low = 0x80;
        high = 0xBF;
    }
    return {Utf8Step::Whole, length};
}

inline bool utf8_valid(std::string_view text) {
    while (!text.empty()) {
        const Utf8Step step = utf8_step(text);
        if (step.kind != Utf8Step::Whole) return false;
        text.remove_prefix(step.length);
    }
    return true;
}

}  // namespace paligemma
