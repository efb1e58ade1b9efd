// Tokenizer and detokenizer on random bytes, under AddressSanitizer: round trips, streaming, and
// how the work grows.
#include <memory>
#include <string>

#include "base/utf8.h"
#include "support/random.h"
#include "support/test.h"
#include "support/vocabulary.h"
#include "support/work.h"
#include "text/detokenizer.h"
#include "text/tokenizer.h"

using namespace paligemma;
using namespace paligemma::test;

namespace {

const Tokenizer& demo() {
    static const Tokenizer tokenizer(demo_vocabulary());
    return tokenizer;
}

// Valid UTF-8 without U+2581, which would come back as a space.
std::string random_text(Random& random) {
    static const std::vector<std::string> PARTS = {" ",
                                                   "  ",
                                                   "\n",
                                                   "\n\n",
                                                   "a",
                                                   "e",
                                                   "detect ",
                                                   "star",
                                                   "<loc0512>",
                                                   "<seg0",
                                                   "<eos>",
                                                   "1",
                                                   "é",
                                                   "中",
                                                   "🙂",
                                                   "\t",
                                                   "ß",
                                                   "\xE2\x96\x80",
                                                   "\xF4\x8F\xBF\xBF",
                                                   std::string(1, '\0'),
                                                   "\x7F",
                                                   "<0x41>",
                                                   "circle"};
    std::string text;
    for (uint64_t n = random.below(30); n > 0; n--) text += PARTS[random.below(PARTS.size())];
    return text;
}

std::string random_bytes(Random& random) {
    static const std::string LIKELY =
        "\xE2\x96\x81\xC3\xA9\xF0\x9F\x99\x82\xED\xA0\x80\xFF <loc0>\n";
    std::string bytes;
    for (uint64_t n = random.below(40); n > 0; n--)
        bytes += random.below(2) ? LIKELY[random.below(LIKELY.size())]
                                 : static_cast<char>(random.below(256));
    return bytes;
}

}  // namespace

TEST("valid text comes back as it was") {
    Random random(1);
    for (int i = 0; i < 5000; i++) {
        const std::string text = random_text(random);
        CHECK_EQ(detokenize(demo().vocabulary(), demo().encode(text)), text);
    }
}

// The demo's vocabulary with tokens that were added, some of them with odd texts, under any flags.
Tokenizer with_added_tokens(Random& random) {
    Vocabulary v = demo_vocabulary();
    for (const char* text :
         {"<x>", "<x>y", "cat", "a b", "\n\n\n\n\n\n\n\n\n\n\n\n", "\t", "\u3000", "é!", "<l"}) {
        v.added.push_back({static_cast<int32_t>(v.pieces.size()),
                           static_cast<uint32_t>(random.below(16)) | AddedToken::Outside});
        v.pieces.emplace_back(text);
        v.types.push_back(TokenType::UserDefined);
        v.scores.push_back(0);
    }
    return Tokenizer(std::move(v));
}

TEST("with added tokens any bytes become ids of the vocabulary, with no more work than without") {
    Random random(8);
    for (int i = 0; i < 40; i++) {
        const Tokenizer tokenizer = with_added_tokens(random);
        for (int k = 0; k < 200; k++) {
            std::string text = random_bytes(random) + random_text(random);
            for (const char* part : {"<x>", " cat", "\t\t", "a b"})
                if (random.below(2)) text.insert(random.below(text.size() + 1), part);
            const auto ids = tokenizer.encode(text);
            for (int32_t id : ids) CHECK(id >= 0 && id < tokenizer.size());
            CHECK(utf8_valid(detokenize(tokenizer.vocabulary(), ids)));
        }
        // A megabyte of white space that is made of tokens which take white space along.
        CHECK(tokenizer.encode(std::string(1 << 20, '\t')).size() <= size_t{1} << 20);
    }
}

TEST("any bytes become ids of the vocabulary and come back as valid text") {
    Random random(2);
    for (int i = 0; i < 5000; i++) {
        const auto ids = demo().encode(random_bytes(random));
        for (int32_t id : ids) CHECK(id >= 0 && id < demo().size());
        CHECK(utf8_valid(detokenize(demo().vocabulary(), ids)));
    }
}

TEST("any ids, pushed one by one, return whole characters that add up to the text of all") {
    Random random(3);
    for (int i = 0; i < 5000; i++) {
        std::vector<int32_t> ids;
        for (uint64_t n = random.below(30); n > 0; n--) {
            // half of them byte pieces
            ids.push_back(static_cast<int32_t>(
                random.below(2) ? random.below(static_cast<uint64_t>(demo().size()))
                                : 1175 + random.below(256)));
        }
        Detokenizer detokenizer(demo().vocabulary());
        std::string joined;
        for (int32_t id : ids) {
            const std::string part = detokenizer.push(id);
            CHECK(utf8_valid(part));
            joined += part;
        }
        joined += detokenizer.finish();
        CHECK(utf8_valid(joined));
        CHECK_EQ(joined, detokenize(demo().vocabulary(), ids));
    }
}

TEST("the work of encoding grows like the length of the text, whatever it repeats") {
    if (!COUNTS_WORK) return;
    for (const char* part :
         {"a", "e", " ", "\n", "\xFF", "🙂", "star", "<loc0000>", "<loc000", "detect red circle"}) {
        std::string text;
        while (text.size() < 32768) text += part;
        const uint64_t once = work_of([&] { demo().encode(text); });
        const uint64_t twice = work_of([&] { demo().encode(text + text); });
        CHECK(once > text.size());                                            // the counter counts
        CHECK(static_cast<double>(twice) < 2.3 * static_cast<double>(once));  // n log n: 2.13 here
    }
}

TEST("pieces that double in length do not make merging quadratic") {
    if (!COUNTS_WORK) return;
    std::vector<Piece> pieces;
    for (size_t n = 1; n <= 4096; n *= 2)
        pieces.push_back({std::string(n, 'a'), TokenType::Normal, static_cast<float>(n)});
    pieces.push_back({std::string(1023, 'b') + 'c', TokenType::UserDefined, 0});  // the longest
    const Tokenizer tokenizer(small_vocabulary(pieces, true));
    const std::string text(32768, 'a');
    CHECK_EQ(tokenizer.encode(text).size(), 8u);
    const uint64_t once = work_of([&] { tokenizer.encode(text); });
    const uint64_t twice = work_of([&] { tokenizer.encode(text + text); });
    CHECK(static_cast<double>(twice) < 2.3 * static_cast<double>(once));
}
