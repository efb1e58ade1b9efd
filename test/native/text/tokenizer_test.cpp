// Tokenizer against SentencePiece (test/fixtures/tokenizer), its rules one by one, and the
// vocabularies it refuses.
#include "text/tokenizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "base/error.h"
#include "support/test.h"
#include "support/vocabulary.h"
#include "text/detokenizer.h"

using namespace paligemma;
using namespace paligemma::test;

namespace {

using Ids = std::vector<int32_t>;

Ids encode(const std::vector<Piece>& pieces, std::string_view text, bool has_bytes = false) {
    return Tokenizer(small_vocabulary(pieces, has_bytes)).encode(text);
}

constexpr TokenType USER = TokenType::UserDefined, CONTROL = TokenType::Control,
                    UNUSED = TokenType::Unused;

}  // namespace

TEST("ids and decoded texts are SentencePiece's for the demo model's vocabulary") {
    const Tokenizer tokenizer(demo_vocabulary());
    CHECK_EQ(tokenizer.size(), 1792);
    const auto lines = read_json_lines("tokenizer/tokenizer.jsonl");
    CHECK_EQ(lines.size(), 428u);
    for (const JsonLine& line : lines) {
        CHECK_EQ(tokenizer.encode(line.texts.at("text").at(0)), line.ints.at("ids"));
        CHECK_EQ(detokenize(tokenizer.vocabulary(), line.ints.at("ids")),
                 line.texts.at("decoded").at(0));
    }
}

TEST("an added token has a place, the type of one, and comes once") {
    const auto refused = [](std::vector<AddedToken> added) {
        Vocabulary v = demo_vocabulary();
        v.added = std::move(added);
        try {
            Tokenizer{std::move(v)};
            return false;
        } catch (const Error& error) {
            return error.code() == ErrorCode::TokenizerFormat;
        }
    };
    const int32_t loc = 23;  // user-defined
    CHECK(!refused({{loc, 0}, {loc + 1, AddedToken::LStrip}}));
    CHECK(refused({{loc, 0}, {loc, 0}}));
    CHECK(refused({{-1, 0}}));
    CHECK(refused({{1792, 0}}));
    CHECK(refused({{2, 0}}));
}

TEST("a user-defined piece is short enough to be looked for at each place of a text") {
    const auto of_size = [](size_t n) { return std::vector<Piece>{{std::string(n, 'a'), USER}}; };
    CHECK_EQ(encode(of_size(1024), std::string(1024, 'a')), (Ids{4}));
    CHECK_THROWS(ErrorCode::TokenizerFormat, encode(of_size(1025), "a"));
}

TEST("an added token outside of the model does not take the place of a byte piece") {
    const auto with_tab = [](uint32_t flags) {
        Vocabulary v = small_vocabulary({{"a", TokenType::Normal}, {"b", TokenType::Normal}}, true);
        const auto tab = std::find(v.pieces.begin(), v.pieces.end(), "<0x09>") - v.pieces.begin();
        v.pieces[tab] = "\t";
        v.types[tab] = USER;
        v.added = {{static_cast<int32_t>(tab), flags}};
        return v;
    };
    for (uint32_t flags = 0; flags < 32; ++flags) {
        try {
            const Tokenizer tokenizer(with_tab(flags));
            CHECK(!(flags & AddedToken::Outside));
            for (int32_t id : tokenizer.encode("a\tb\t \t")) CHECK(id >= 0);
        } catch (const Error& error) {
            CHECK(error.code() == ErrorCode::TokenizerFormat);
            CHECK(flags & AddedToken::Outside);
        }
    }
}

TEST("ids and decoded texts are SentencePiece's for small random vocabularies") {
    std::optional<Tokenizer> tokenizer;
    int n_texts = 0, n_vocabularies = 0;
    for (const JsonLine& line : read_json_lines("tokenizer/random-vocabularies.jsonl")) {
        if (line.texts.contains("pieces")) {
            const auto& texts = line.texts.at("pieces");
            Vocabulary v;
            for (size_t i = 0; i < texts.size(); i++) {
                if (i == 4 && line.ints.at("bytes").at(0) != 0) add_byte_pieces(v);
                v.pieces.push_back(texts[i]);
                v.types.push_back(static_cast<TokenType>(line.ints.at("types").at(i)));
                v.scores.push_back(static_cast<float>(line.ints.at("scores").at(i)));
            }
            tokenizer.emplace(std::move(v));
            n_vocabularies++;
            continue;
        }
        CHECK_EQ(tokenizer->encode(line.texts.at("text").at(0)), line.ints.at("ids"));
        CHECK_EQ(detokenize(tokenizer->vocabulary(), line.ints.at("ids")),
                 line.texts.at("decoded").at(0));
        n_texts++;
    }
    CHECK_EQ(n_vocabularies, 60);
    CHECK_EQ(n_texts, 900);
}

TEST("the pair with the best score merges first, the leftmost of equals") {
    const std::vector<Piece> pieces = {{"a"}, {"b"}, {"ab"}, {"ba"}, {"aa", TokenType::Normal, 1}};
    CHECK_EQ(encode(pieces, "aba"), Ids{6, 4});      // ab a, not a ba
    CHECK_EQ(encode(pieces, "baab"), Ids{5, 8, 5});  // b aa b: 1 beats 0
    CHECK_EQ(encode(pieces, "aaaaa"), Ids{8, 8, 4});
}

TEST("merges climb from small pieces to large ones") {
    const std::vector<Piece> pieces = {{"a"},
                                       {"b"},
                                       {"c"},
                                       {"ab", TokenType::Normal, -2},
                                       {"abc", TokenType::Normal, -1},
                                       {"bcx", TokenType::Normal, 5}};
    CHECK_EQ(encode(pieces, "abc"), Ids{8});
    CHECK_EQ(encode(pieces, "bc"), Ids{5, 6});  // abc needs ab first
}

TEST("the longest user-defined piece is one symbol and never merges") {
    const std::vector<Piece> pieces = {{"a"},
                                       {"\n"},
                                       {"\n\n", USER},
                                       {"\n\n\n", USER},
                                       {"a\n\n", TokenType::Normal, 9},
                                       {"<loc1>", USER},
                                       {"<loc12>", USER}};
    CHECK_EQ(encode(pieces, "\n\n\n\n\n"), Ids{7, 6});
    CHECK_EQ(encode(pieces, "\n\n\n\n"), Ids{7, 5});
    CHECK_EQ(encode(pieces, "a\n\n"), Ids{4, 6});
    CHECK_EQ(encode(pieces, "<loc12><loc1>a"), Ids{10, 9, 4});
    CHECK_EQ(encode(pieces, "<loc1"), Ids{3});
}

TEST("control, unknown and byte pieces are not matched from text") {
    const std::vector<Piece> pieces = {{"<"}, {"e"},  {"o"},   {"s"},
                                       {">"}, {"eo"}, {"eos"}, {"x", CONTROL}};
    CHECK_EQ(encode(pieces, "<eos>"), Ids{4, 10, 8});
    CHECK_EQ(encode(pieces, "x"), Ids{3});
    const Tokenizer demo(demo_vocabulary());
    for (const char* text : {"<eos>", "<bos>", "<pad>", "<unk>", "<0x41>"})
        for (int32_t id : demo.encode(text))
            CHECK(demo.vocabulary().types[static_cast<size_t>(id)] == TokenType::Normal);
}

TEST("what no piece covers becomes bytes, or one unknown token per run") {
    const std::vector<Piece> pieces = {{"a"}};
    CHECK_EQ(encode(pieces, "aéxa"), Ids{4, 3, 4});
    CHECK_EQ(encode(pieces, "aéa", true), Ids{4, 5 + 0xC3, 5 + 0xA9, 4});
    CHECK_EQ(encode(pieces, std::string_view("\0", 1), true), Ids{5});
}

TEST("a character may replace its byte piece, as Hugging Face's files have it for the tab") {
    Vocabulary v = small_vocabulary({{"a"}}, true);
    v.pieces[5 + '\t'] = "\t";
    v.types[5 + '\t'] = TokenType::Normal;
    const Tokenizer tokenizer(std::move(v));
    CHECK_EQ(tokenizer.encode("a\t\n"), Ids{4, 5 + '\t', 5 + '\n'});
    CHECK_EQ(detokenize(tokenizer.vocabulary(), {4, 5 + '\t', 5 + '\n'}), "a\t\n");
}

TEST("a space is looked up as U+2581") {
    const std::vector<Piece> pieces = {{"\xE2\x96\x81"},
                                       {"a"},
                                       {"\xE2\x96\x81"
                                        "a"},
                                       {"\xE2\x96\x81\xE2\x96\x81", USER}};
    CHECK_EQ(encode(pieces, "a a"), Ids{5, 6});
    CHECK_EQ(encode(pieces, " a"), Ids{6});
    CHECK_EQ(encode(pieces, "a   a"), Ids{5, 7, 6});
    CHECK_EQ(encode(pieces,
                    "\xE2\x96\x81"
                    "a"),
             Ids{6});
}

TEST("bytes that are no UTF-8 count as U+FFFD each") {
    const std::vector<Piece> pieces = {{"a"}, {"\xEF\xBF\xBD"}};
    CHECK_EQ(encode(pieces, "a\xFF\xFE"), Ids{4, 5, 5});
    CHECK_EQ(encode(pieces,
                    "\xE2\x82"
                    "a\xED\xA0\x80"),
             Ids{5, 5, 4, 5, 5, 5});
    CHECK_EQ(encode(pieces, "\xF0\x9F\x99"), Ids{5, 5, 5});
}

TEST("an unused piece helps merging and is taken apart at the end") {
    const std::vector<Piece> pieces = {
        {"a"}, {"b"}, {"c"}, {"ab", UNUSED, 5}, {"abc", TokenType::Normal, 4}, {"z", UNUSED}};
    CHECK_EQ(encode(pieces, "abc"), Ids{8});
    CHECK_EQ(encode(pieces, "ab"), Ids{4, 5});
    CHECK_EQ(encode(pieces, "zz"),
             Ids{3});  // a single character cannot be taken apart and is unknown
}

TEST("an empty text has no tokens") {
    CHECK_EQ(encode({{"a"}}, ""), Ids{});
}

TEST("a tokenizer can be moved") {
    Tokenizer a(small_vocabulary({{"a"}, {"b"}}));
    Tokenizer b(std::move(a));
    CHECK_EQ(b.encode("ab"), Ids{4, 5});
    a = Tokenizer(small_vocabulary({{"b"}}));
    CHECK_EQ(a.encode("b"), Ids{4});
}

TEST("a vocabulary that contradicts itself is refused") {
    const auto refuse = [](const char* what, auto change) {
        Vocabulary v = small_vocabulary({{"a"}, {"b"}}, true);
        change(v);
        try {
            Tokenizer tokenizer(std::move(v));
            CHECK_EQ(std::string(what), "refused");
        } catch (const Error& e) {
            CHECK(e.code() == ErrorCode::TokenizerFormat);
        }
    };
    Tokenizer(small_vocabulary({{"a"}, {"b"}}, true));
    refuse("no tokens", [](Vocabulary& v) { v = {}; });
    refuse("a missing score", [](Vocabulary& v) { v.scores.pop_back(); });
    refuse("a surplus type", [](Vocabulary& v) { v.types.push_back(TokenType::Normal); });
    refuse("bos out of range",
           [](Vocabulary& v) { v.bos = static_cast<int32_t>(v.pieces.size()); });
    refuse("negative eos", [](Vocabulary& v) { v.eos = -1; });
    refuse("bos is eos", [](Vocabulary& v) { v.bos = v.eos; });
    refuse("pad is unk", [](Vocabulary& v) { v.pad = v.unk; });
    refuse("type 0", [](Vocabulary& v) { v.types[4] = static_cast<TokenType>(0); });
    refuse("type 7", [](Vocabulary& v) { v.types[4] = static_cast<TokenType>(7); });
    refuse("an empty piece", [](Vocabulary& v) { v.pieces[4] = ""; });
    refuse("no UTF-8", [](Vocabulary& v) { v.pieces[4] = "\xC3"; });
    refuse("no UTF-8 in a control piece", [](Vocabulary& v) { v.pieces[0] = "\xC3"; });
    refuse("NaN", [](Vocabulary& v) { v.scores[4] = std::numeric_limits<float>::quiet_NaN(); });
    refuse("infinity",
           [](Vocabulary& v) { v.scores[4] = -std::numeric_limits<float>::infinity(); });
    refuse("a piece twice", [](Vocabulary& v) { v.pieces[5] = v.pieces[4]; });
    refuse("a byte piece twice", [](Vocabulary& v) { v.pieces[7] = v.pieces[6]; });
    refuse("a byte piece less", [](Vocabulary& v) { v.types[6] = TokenType::Normal; });
    refuse("a byte piece above ASCII less",
           [](Vocabulary& v) { v.types[6 + 0xC3] = TokenType::Normal; });
    refuse("an unused character for a byte", [](Vocabulary& v) {
        v.pieces[6 + '\t'] = "\t";
        v.types[6 + '\t'] = TokenType::Unused;
    });
    for (const char* name : {"<0x0a>", "<0x0G>", "0x0A", "<0x0A", "<0x0A>>", "<0X0A>"})
        refuse(name, [&](Vocabulary& v) { v.pieces[6 + 0x0A] = name; });
}

TEST("a vocabulary as large as Gemma's keeps all its pieces apart") {
    const auto name = [](int i) { return std::to_string(i) + "."; };  // none begins with another
    std::vector<Piece> pieces;
    for (int i = 0; i < 256000; i++) pieces.push_back({name(i), i % 50 ? TokenType::Normal : USER});
    const Tokenizer tokenizer(small_vocabulary(pieces));
    for (int i = 0; i < 256000; i += 50) CHECK_EQ(tokenizer.encode(name(i)), Ids{i + 4});
}
