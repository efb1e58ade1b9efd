// utf8.h against a plain statement of what UTF-8 is: the encodings of all code points.
#include "base/utf8.h"

#include <set>
#include <string>

#include "support/test.h"

using namespace paligemma;

namespace {

std::string encode(uint32_t c) {
    const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
    if (c < 0x80) return {static_cast<char>(c)};
    if (c < 0x800) return {static_cast<char>(0xC0 | (c >> 6)), tail(0)};
    if (c < 0x10000) return {static_cast<char>(0xE0 | (c >> 12)), tail(6), tail(0)};
    return {static_cast<char>(0xF0 | (c >> 18)), tail(12), tail(6), tail(0)};
}

}  // namespace

TEST("every code point but the surrogates is one whole character, its beginnings are unfinished") {
    int n_wrong = 0;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        const bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
        const std::string text = encode(c);
        const Utf8Step step = utf8_step(text + "x");
        if (is_surrogate) {
            n_wrong += step.kind != Utf8Step::Invalid || step.length != 1 || utf8_valid(text);
            continue;
        }
        n_wrong += step.kind != Utf8Step::Whole || step.length != text.size() || !utf8_valid(text);
        for (size_t n = 1; n < text.size(); n++) {
            const Utf8Step cut = utf8_step(std::string_view(text).substr(0, n));
            n_wrong += cut.kind != Utf8Step::Unfinished || cut.length != n;
        }
    }
    CHECK_EQ(n_wrong, 0);
}

TEST(
    "of all sequences of one, two and three bytes only the encodings and their beginnings are "
    "accepted") {
    std::set<std::string> whole, begun;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        const std::string text = encode(c);
        whole.insert(text);
        for (size_t n = 1; n < text.size(); n++) begun.insert(text.substr(0, n));
    }
    int n_wrong = 0;
    const auto check = [&](const std::string& text) {
        const Utf8Step step = utf8_step(text);
        const Utf8Step::Kind expected = whole.contains(text.substr(0, step.length))
                                            ? Utf8Step::Whole
                                        : begun.contains(text) ? Utf8Step::Unfinished
                                                               : Utf8Step::Invalid;
        n_wrong += step.kind != expected;
    };
    for (int a = 0x80; a < 256; a++) {
        check({static_cast<char>(a)});
        for (int b = 0; b < 256; b++) {
            check({static_cast<char>(a), static_cast<char>(b)});
            for (int c : {0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xFF})
                check({static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)});
        }
    }
    CHECK_EQ(n_wrong, 0);
}

TEST("overlong forms, lone bytes and code points above U+10FFFF are invalid") {
    for (const char* text : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF",
                             "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80", "\xFE", "\xFF", "ab\xE2\x82"})
        CHECK(!utf8_valid(text));
    CHECK(utf8_valid(""));
    CHECK(utf8_valid(std::string_view("a\0b", 3)));
}
