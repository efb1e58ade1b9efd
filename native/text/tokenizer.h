// SentencePiece BPE as Gemma uses it (spec section 4.2): user-defined pieces first, byte fallback,
// no dummy prefix, no normalisation but space -> U+2581. Source of the algorithm: sentencepiece
// bpe_model.cc, SampleEncode with alpha 0.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace paligemma {

// tokenizer.ggml.token_type
enum class TokenType : int32_t {
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6
};

// A piece added to a Hugging Face tokenizer besides its model, and how it is found in a text
// (tokenizers, AddedVocabulary). Spaces in such a piece may be spaces.
struct AddedToken {
    enum Flags : uint32_t {
        SingleWord = 1,  // only where no word character is next to it
        LStrip = 2,      // takes the white space before it along
        RStrip = 4,      // and that after it
        Normalized = 8,  // looked for after all that are not, in what they left over
        Outside = 16,    // no piece of the model: merging never makes it
    };
    int32_t id;
    uint32_t flags;
};

struct Vocabulary {
    std::vector<std::string> pieces;
    std::vector<float> scores;
    std::vector<TokenType> types;
    int32_t bos = 2, eos = 1, unk = 3, pad = 0;
    // Of the user-defined pieces those that are not simply matched first, in any order.
    std::vector<AddedToken> added = {};
};

class Tokenizer {
  public:
    // Checks the vocabulary: equal lengths, special ids in range and different, finite scores,
    // known types, non-empty valid UTF-8 pieces, no piece twice among those that can be matched,
    // byte pieces named <0x00> … <0xFF>, none or all but those of ASCII characters that are pieces,
    // user-defined pieces of 1024 bytes at most, added tokens user-defined and each there once.
    // Throws TokenizerFormat.
    explicit Tokenizer(Vocabulary vocabulary);
    ~Tokenizer();
    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;

    // Ids of `text` (UTF-8; an invalid byte counts as U+FFFD). Adds no BOS. Control pieces in the
    // text are ordinary text. What no piece covers becomes byte pieces, or one unknown token per
    // run when there are none. O(n log n). Any thread. Above 256 MiB throws PromptTooLong.
    std::vector<int32_t> encode(std::string_view text) const;

    const Vocabulary& vocabulary() const;
    int32_t size() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace paligemma
