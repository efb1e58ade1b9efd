// Detokenizer against SentencePiece (test/fixtures/tokenizer), and what it holds back.
#include "text/detokenizer.h"

#include <string>

#include "support/test.h"
#include "support/vocabulary.h"

using namespace paligemma;
using namespace paligemma::test;

namespace {

constexpr int32_t BYTE_0 = 6;  // of vocabulary()

const Vocabulary& vocabulary() {
    static const Vocabulary v = small_vocabulary({{"\xE2\x96\x81"
                                                   "a\xE2\x96\x81"},
                                                  {"<loc0000>", TokenType::UserDefined}},
                                                 true);
    return v;
}

}  // namespace

TEST("runs of byte pieces decode as SentencePiece decodes them") {
    const Vocabulary v = demo_vocabulary();
    const auto lines = read_json_lines("tokenizer/byte-runs.jsonl");
    CHECK_EQ(lines.size(), 300u);
    for (const JsonLine& line : lines)
        CHECK_EQ(detokenize(v, line.ints.at("ids")), line.texts.at("decoded").at(0));
}

TEST("the bytes of a character are held until it is whole") {
    Detokenizer d(vocabulary());
    CHECK_EQ(d.push(BYTE_0 + 0xF0), "");
    CHECK_EQ(d.push(BYTE_0 + 0x9F), "");
    CHECK_EQ(d.push(BYTE_0 + 0x99), "");
    CHECK_EQ(d.push(BYTE_0 + 0x82), "\xF0\x9F\x99\x82");
    CHECK_EQ(d.push(BYTE_0 + 0x41), "A");
    CHECK_EQ(d.finish(), "");
}

TEST("a byte that can no longer become a character is returned at once") {
    Detokenizer d(vocabulary());
    CHECK_EQ(d.push(BYTE_0 + 0x80), "\xEF\xBF\xBD");
    CHECK_EQ(d.push(BYTE_0 + 0xED), "");
    CHECK_EQ(d.push(BYTE_0 + 0xA0), "\xEF\xBF\xBD\xEF\xBF\xBD");  // would be a surrogate
    CHECK_EQ(d.push(BYTE_0 + 0xE2), "");
    CHECK_EQ(d.push(BYTE_0 + 0x82), "");
    CHECK_EQ(d.push(BYTE_0 + 0xC3), "\xEF\xBF\xBD\xEF\xBF\xBD");  // C3 may still begin one
    CHECK_EQ(d.push(BYTE_0 + 0xA9), "\xC3\xA9");
}

TEST("a piece of text ends what is held") {
    Detokenizer d(vocabulary());
    CHECK_EQ(d.push(BYTE_0 + 0xE2), "");
    CHECK_EQ(d.push(4), "\xEF\xBF\xBD a ");
    CHECK_EQ(d.push(BYTE_0 + 0xE2), "");
    CHECK_EQ(d.push(BYTE_0 + 0x82), "");
    CHECK_EQ(d.finish(), "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK_EQ(d.finish(), "");
    CHECK_EQ(d.push(BYTE_0 + 0x41), "A");  // and can be used again
}

TEST("control pieces vanish, the unknown piece and location tokens stay") {
    CHECK_EQ(detokenize(vocabulary(), {2, 5, 0, 1}), "<loc0000>");
    CHECK_EQ(detokenize(vocabulary(), {5, 3, 4}), "<loc0000> \xE2\x81\x87  a ");
    CHECK_EQ(detokenize(vocabulary(), {BYTE_0 + 0xC3, 1, BYTE_0 + 0xA9}),
             "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK_EQ(detokenize(vocabulary(), {}), "");
}

TEST("ids outside the vocabulary are refused") {
    Detokenizer d(vocabulary());
    CHECK_THROWS(ErrorCode::OptionRange, d.push(-1));
    CHECK_THROWS(ErrorCode::OptionRange, d.push(static_cast<int32_t>(vocabulary().pieces.size())));
    CHECK_EQ(d.push(static_cast<int32_t>(vocabulary().pieces.size()) - 1),
             "\xEF\xBF\xBD");  // <0xFF>
}
