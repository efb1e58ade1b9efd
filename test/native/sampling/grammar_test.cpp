// Patterns: their syntax, what they allow token by token, and that a constrained sampler keeps to
// them.
#include "sampling/grammar.h"

#include <string>

#include "base/error.h"
#include "sampling/sampler.h"
#include "support/test.h"

namespace paligemma::test {

namespace {

// The tokens that may come next in a constrained answer. 1: the end.
TokenFilter allowed(Grammar& grammar) {
    return [&grammar](int32_t id) { return id == 1 ? grammar.may_end() : grammar.allows(id); };
}

// Ids: 0 pad, 1 eos, 2 bos, 3 unk, then the pieces below, 256 byte pieces, 1024 loc, 128 seg.
struct Fixture {
    Vocabulary vocabulary;
    int32_t first_byte, first_loc, first_seg;
    std::unique_ptr<TokenSymbols> symbols;

    Fixture() {
        auto add = [&](std::string piece, TokenType type) {
            vocabulary.pieces.push_back(std::move(piece));
            vocabulary.types.push_back(type);
            return static_cast<int32_t>(vocabulary.pieces.size() - 1);
        };
        for (const char* piece : {"<pad>", "<eos>", "<bos>"}) add(piece, TokenType::Control);
        add("<unk>", TokenType::Unknown);
        for (const char* piece :
             {"a", "b", "ab",
              "\xE2\x96\x81"
              "dog",
              "\xE2\x96\x81", ";", "\xE2\x96\x81;", "1", "23", "\xC3\xA9", "\n"})
            add(piece, TokenType::Normal);
        first_byte = static_cast<int32_t>(vocabulary.pieces.size());
        const char* hex = "0123456789ABCDEF";
        for (int i = 0; i < 256; ++i)
            add(std::string("<0x") + hex[i / 16] + hex[i % 16] + ">", TokenType::Byte);
        first_loc = static_cast<int32_t>(vocabulary.pieces.size());
        for (int i = 0; i < 1024; ++i)
            add("<loc" + std::to_string(i) + ">", TokenType::UserDefined);
        first_seg = static_cast<int32_t>(vocabulary.pieces.size());
        for (int i = 0; i < 128; ++i) add("<seg" + std::to_string(i) + ">", TokenType::UserDefined);
        symbols = std::make_unique<TokenSymbols>(vocabulary, first_loc, first_seg,
                                                 static_cast<int32_t>(vocabulary.pieces.size()));
    }
    int32_t id(std::string_view piece) const {
        for (size_t i = 0; i < vocabulary.pieces.size(); ++i)
            if (vocabulary.pieces[i] == piece) return static_cast<int32_t>(i);
        return -1;
    }
    // Does the whole text, byte by byte, match?
    bool matches(std::string_view pattern, std::string_view text) const {
        Grammar grammar(*symbols, pattern);
        for (char c : text) {
            const int32_t token = first_byte + static_cast<uint8_t>(c);
            if (!grammar.allows(token)) return false;
            grammar.accept(token);
        }
        return grammar.may_end();
    }
    bool refuses(std::string_view pattern) const {
        try {
            Grammar grammar(*symbols, pattern);
        } catch (const Error& error) {
            return error.code() == ErrorCode::OptionRange;
        }
        return false;
    }
};

}  // namespace

TEST("patterns match as their syntax defines") {
    const Fixture f;
    struct Case {
        const char *pattern, *text;
        bool matches;
    };
    const Case cases[] = {
        {"", "", true},
        {"", "a", false},
        {"abc", "abc", true},
        {"abc", "ab", false},
        {"abc", "abcd", false},
        {"a|bc|", "bc", true},
        {"a|bc|", "", true},
        {"a|bc|", "b", false},
        {"(ab)*c?", "ababc", true},
        {"(ab)*c?", "abac", false},
        {"a+", "", false},
        {"a+", "aaa", true},
        {"a{2}", "a", false},
        {"a{2}", "aa", true},
        {"a{2}", "aaa", false},
        {"a{2,}", "aaaa", true},
        {"a{1,3}b", "aaab", true},
        {"a{1,3}b", "aaaab", false},
        {"a{0,2}", "", true},
        {"(a|b){2}c", "bac", true},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[^a-c]", "d", true},
        {"[^a-c]", "a", false},
        {"[^a-c]", "\xC3\xA9", true},
        {"[^\xC3\xA9]", "\xC3\xA9", false},
        {"[^\xC3\xA9]", "\xC3\xA8", true},
        {".", "\xF0\x9F\x98\x80", true},
        {".", "\n", false},
        {".", "\xC3", false},
        {"..",
         "\xE2\x82\xAC"
         "a",
         true},
        {"[\xC3\xA0-\xC3\xBC]+", "\xC3\xA9\xC3\xA8", true},
        {"\\d+\\.\\d\\n", "12.5\n", true},
        {"\\<loc\\>", "<loc>", true},
        {"[-a]", "-", true},
        {"[a\\]]", "]", true},
        {"-?\\d{1,3}(,\\d{3})*", "-1,234", true},
        {"-?\\d{1,3}(,\\d{3})*", "-1,23", false},
    };
    for (const Case& c : cases) {
        const bool found = f.matches(c.pattern, c.text);
        if (found != c.matches) std::printf("%s on %s\n", c.pattern, c.text);
        CHECK_EQ(found, c.matches);
    }
    // Every character of two, three and four bytes, at the borders.
    for (const char* text : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                             "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        CHECK(f.matches(".", text));
    for (const char* text :
         {"\xED\xA0\x80", "\xC0\x80", "\xE0\x80\x80", "\xF4\x90\x80\x80", "\xFF"})
        CHECK(!f.matches(".", text));
}

TEST("what is not of the syntax is refused with its place") {
    const Fixture f;
    for (const char* pattern : {"(", "a)", "[", "[]", "a**", "*", "a{", "a{2", "a{3,2}", "a{0}",
                                "a{1001}", "\\", "\\q", "<loc", "[b-a]", "a{x}", "\xFF"})
        CHECK(f.refuses(pattern));
    CHECK(f.refuses("((((a{1000}){1000}){1000}){1000})"));
    CHECK(f.refuses(std::string(200, '(') + "a" + std::string(200, ')')));
    try {
        Grammar grammar(*f.symbols, "ab(c");
        CHECK(false);
    } catch (const Error& error) {
        CHECK(std::string(error.what()).find("at byte 4") != std::string::npos);
    }
}

TEST("tokens are allowed by their text, loc and seg tokens as such, control pieces never") {
    const Fixture f;
    Grammar grammar(*f.symbols, "(<loc>{4}<seg>{2} dog( ; )?)*");
    auto accept = [&](int32_t id) {
        CHECK(grammar.allows(id));
        grammar.accept(id);
    };
    CHECK(grammar.may_end());
    for (int32_t id : {0, 1, 2, 3, f.id("a"), f.first_seg, f.first_byte + ' '})
        CHECK(!grammar.allows(id));
    for (int i = 0; i < 4; ++i) accept(f.first_loc + i * 300);
    CHECK(!grammar.may_end());
    CHECK(!grammar.allows(f.first_loc));
    accept(f.first_seg + 127);
    accept(f.first_seg);
    accept(
        f.id("\xE2\x96\x81"
             "dog"));
    CHECK(grammar.may_end());
    CHECK(grammar.allows(f.id("\xE2\x96\x81;")));
    accept(f.id("\xE2\x96\x81"));
    accept(f.id(";"));
    CHECK(!grammar.may_end());
    accept(f.first_byte + ' ');
    CHECK(grammar.may_end());
}

TEST("separators are all tokens that begin with a semicolon, after any spaces") {
    const Fixture f;
    const std::vector<int32_t> expected = {f.id(";"), f.id("\xE2\x96\x81;"), f.first_byte + ';'};
    CHECK(f.symbols->separators() == expected);
}

TEST("a constrained sampler keeps to the pattern and reports the model's own probability") {
    const Fixture f;
    std::vector<float> logits(f.vocabulary.pieces.size(), 0.f);
    logits[f.id("b")] = 9.f;
    logits[f.id("a")] = 2.f;
    logits[1] = 5.f;  // eos
    {
        Grammar grammar(*f.symbols, "a+");
        Sampler sampler({});
        const auto token = sampler.sample(logits, allowed(grammar));
        CHECK_EQ(token.id, f.id("a"));
        double sum = 0;
        for (float z : logits) sum += std::exp(z);
        CHECK(std::abs(token.logprob - (2 - std::log(sum))) < 1e-5);
        grammar.accept(token.id);
        CHECK_EQ(sampler.sample(logits, allowed(grammar)).id, 1);
    }
    // Any temperature, any seed.
    for (uint64_t seed = 0; seed < 200; ++seed) {
        Grammar grammar(*f.symbols, "(<loc>{2}|\\d)( ;|\xC3\xA9){1,3}");
        Sampler sampler({.temperature = 50.f, .seed = seed});
        bool ended = false;
        for (int i = 0; i < 40 && !ended; ++i) {
            const auto token = sampler.sample(logits, allowed(grammar));
            if (token.id == 1) {
                ended = true;
                CHECK(grammar.may_end());
            } else {
                CHECK(grammar.allows(token.id));
                grammar.accept(token.id);
            }
        }
        CHECK(ended);
    }
}

TEST("a thousand labels and a long answer stay within the state cache") {
    const Fixture f;
    std::string pattern = "(";
    for (int i = 0; i < 1000; ++i) pattern += (i ? "|label " : "label ") + std::to_string(i * 7919);
    pattern += ")";
    CHECK(f.matches(pattern, "label " + std::to_string(999 * 7919)));
    CHECK(!f.matches(pattern, "label " + std::to_string(1000 * 7919)));
    CHECK(f.matches("(" + pattern + ";)*", "label 0;label 7919;"));
    // Each place of a counted repetition is a state of its own: more than are kept at once.
    CHECK(f.matches("(a{1000}){25}", std::string(25000, 'a')));
}

}  // namespace paligemma::test
